using System.Reflection;
using PipelineService.Hosting.Demo;
using PipelineService.Hosting.Health;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Hosting.Startup;

/// <summary>
/// The words after the program's name. The framework takes any of them for settings, and drops what it cannot use without a
/// word: a misspelt option would start a service that does something else than was asked for.
/// </summary>
internal static class CommandLine
{
    private const string Option = "--";
    private const string Help = "--help";
    private const string Version = "--version";

    private static readonly string[] Flags = [DemoExtensions.Flag, HealthProbe.Flag, Help, Version];

    /// <summary>What other programs call the address to listen on.</summary>
    private static readonly string[] NamesOfAddress = ["port", "p", "host", "bind", "listen", "address", "url"];

    private static readonly string Usage =
        $"""
        PipelineService takes datasets in over HTTP and loads them into PostgreSQL.

        dotnet PipelineService.dll keys    makes, lists, rotates and revokes keys: keys --help
        dotnet PipelineService.dll [options]
          --urls http://127.0.0.1:8080     where to listen
          --Section:Key value              any setting, such as --Spool:Directory /data/spool
          --environment Development        starts a private PostgreSQL where no database is configured
          --demo                           declares a sample dataset, loads 200,000 rows and goes on serving
          --health-check                   asks the service on this machine whether it lives; exit code 0 or 1
          --help, --version

        dotnet PipelineService.dll audit verify [--head SEQ:HASH] [settings]
          says whether the audit of the database is what it was; audit --help says more

        dotnet PipelineService.dll migrate [--grant ROLE] [settings]
          makes the schema as its owner, for a service that runs with another role; migrate --help says more

        The database:  --{DatabaseAddress.Setting} "Host=db;Username=pipeline;Password=…;Database=app"
                       or a URI, postgres://pipeline:…@db:5432/app, there or in the variable {DatabaseAddress.Variable}
        As variables:  {DatabaseAddress.Setting.Replace(":", "__", StringComparison.Ordinal)}, Spool__Directory, ASPNETCORE_URLS
        Sections:      {string.Join(", ", SettingNames.Sections)}
        """;

    /// <summary>What to print instead of starting, and the exit code; null when the service is to start.</summary>
    public static (string Text, int ExitCode)? Answer(string[] args)
    {
        if (args.Any(argument => argument is Help or "-h" or "-?" or "/?"))
        {
            return (Usage, 0);
        }

        return args.Contains(Version, StringComparer.Ordinal) ? (ProductVersion(), 0)
            : Fault(args) is { } fault ? ($"PipelineService cannot start. {fault} {Help} shows what there is.", StartupFaults.ExitCode)
            : null;
    }

    private static string? Fault(string[] args)
    {
        for (int i = 0; i < args.Length; i++)
        {
            if (Flags.Contains(args[i], StringComparer.Ordinal))
            {
                continue;
            }

            string[] parts = args[i].Split('=', 2);
            bool isOption = args[i].StartsWith(Option, StringComparison.Ordinal) || args[i].StartsWith('/');
            if (!SettingNames.IsKnown(Bare(parts[0])) || (!isOption && parts.Length == 1))
            {
                return $"There is no option \"{parts[0]}\".{Advice(parts[0])}";
            }

            if (parts.Length == 1 && (++i == args.Length || args[i].StartsWith(Option, StringComparison.Ordinal)))
            {
                return $"{parts[0]} needs a value: {parts[0]} VALUE.";
            }
        }

        return null;
    }

    private static string Advice(string word)
    {
        string name = Bare(word);
        if (NamesOfAddress.Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            return " The address to listen on is --urls http://127.0.0.1:8080.";
        }

        string dotted = name.Replace("__", ":", StringComparison.Ordinal);
        string[] path = dotted.Split(':', 2);
        return path.Length == 2
            ? Suggestion.For(Option + dotted, SettingNames.Sections.Select(section => $"{Option}{section}:{path[1]}"))
            : Suggestion.For(Option + name, [.. Flags, .. SettingNames.OfHost.Select(key => Option + key)]);
    }

    private static string Bare(string word) => word.TrimStart('-', '/');

    private static string ProductVersion() =>
        typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
}
