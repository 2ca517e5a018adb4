using Microsoft.Extensions.DependencyInjection.Extensions;

namespace PipelineService.Hosting.Demo;

/// <summary>A sample load on a service that has just started, for those who want to see it work before they read on.</summary>
internal static class DemoExtensions
{
    public const string Flag = "--demo";

    /// <summary>A database where none is configured, and quiet requests.</summary>
    private static readonly string[] SettingsOfDemo =
    [
        $"--{HostingOptions.Section}:{nameof(HostingOptions.PrivateServer)}=true",
        "--Serilog:MinimumLevel:Override:Serilog.AspNetCore.RequestLoggingMiddleware=Warning",
    ];

    /// <summary>Adds the demo when the command line asks for it.</summary>
    public static WebApplicationBuilder AddDemo(this WebApplicationBuilder builder, string[] args)
    {
        if (args.Contains(Flag, StringComparer.Ordinal))
        {
            builder.Services.TryAddSingleton(TimeProvider.System);
            builder.Services.AddHostedService<DemoRunner>();
        }

        return builder;
    }

    /// <summary>
    /// The command line for the configuration, which would take the word after the flag for its value: in
    /// <c>--demo --urls http://…</c> the address would be lost. In the flag's place stands what it asks for: a database, and a
    /// log without requests, because the demo polls its job many times a second and their lines would bury what it prints.
    /// </summary>
    public static string[] Settings(string[] args) =>
        [.. args.SelectMany(a => string.Equals(a, Flag, StringComparison.Ordinal) ? SettingsOfDemo : [a])];
}
