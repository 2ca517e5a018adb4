using System.Net;
using Microsoft.Extensions.Options;

namespace PipelineService.Hosting.Web;

/// <summary>
/// Where the service listens. Without keys anybody who reaches it may do anything, so it listens on loopback, and on another
/// address only when told that this is meant: <c>Access:AllowAnonymous=true</c>, as in a container behind something that checks.
/// </summary>
internal sealed class ListenAddresses(IConfiguration configuration) : IValidateOptions<HostingOptions>
{
    public const string Default = "http://127.0.0.1:8080";

    private const string AllowAnonymous = "Access:AllowAnonymous";

    /// <summary>The addresses that the server will take from the configuration, by its own order of precedence.</summary>
    public static IReadOnlyList<string> Configured(IConfiguration configuration)
    {
        string[] endpoints = [.. configuration.GetSection("Kestrel:Endpoints").GetChildren()
            .Select(endpoint => endpoint["Url"]).OfType<string>()];
        return endpoints.Length > 0 ? endpoints
            : configuration[WebHostDefaults.ServerUrlsKey] is { Length: > 0 } urls ? Split(urls)
            :
            [
                .. Split(configuration[WebHostDefaults.HttpPortsKey]).Select(port => $"http://*:{port}"),
                .. Split(configuration[WebHostDefaults.HttpsPortsKey]).Select(port => $"https://*:{port}"),
            ];
    }

    public ValidateOptionsResult Validate(string? name, HostingOptions options)
    {
        if (bool.TryParse(configuration[AllowAnonymous], out bool allowed) && allowed)
        {
            return ValidateOptionsResult.Success;
        }

        string[] open = [.. Configured(configuration).Where(address => !IsLoopback(address))];
        return open.Length == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail(
                $"Listening on {string.Join(", ", open)} without keys would let everybody in. Listen on {Default} "
                + $"or, if something in front of the service checks who comes, set {AllowAnonymous}=true.");
    }

    internal static bool IsLoopback(string address)
    {
        BindingAddress binding;
        try
        {
            binding = BindingAddress.Parse(address);
        }
        catch (FormatException)
        {
            return true; // not an address at all: the server's own message says so
        }

        return binding.IsUnixPipe
            || binding.IsNamedPipe
            || binding.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(binding.Host, out IPAddress? ip) && IPAddress.IsLoopback(ip));
    }

    private static string[] Split(string? list) =>
        list?.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
}
