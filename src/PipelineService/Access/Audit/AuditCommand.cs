using System.Globalization;
using Npgsql;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Startup;

namespace PipelineService.Access.Audit;

/// <summary>
/// <c>PipelineService audit verify</c>: reads the audit of the configured database and says whether it is what it was. It starts no
/// service and changes nothing, so it runs beside one, or with a role that may only read.
/// </summary>
internal static class AuditCommand
{
    public const string Name = "audit";

    private const string Verify = "verify";
    private const string Head = "--head";
    private const string Start = "--start";
    private const int Broken = 1;

    private const string Usage = """
        PipelineService audit verify [--head SEQ:HASH] [--start SEQ:HASH] [settings]
          --head    an end that the chain had, from GET /v1/audit/head or the log: without it nobody can tell that its tail was cut off
          --start   the link before the first one, where the oldest entries were removed
        Exit code 0: the chain is whole. 1: it is broken, and where. 2: that could not be found out.
        """;

    public static bool IsAskedFor(string[] args) => args is [Name, ..];

    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        if (args.Any(argument => argument is "--help" or "-h" or "-?"))
        {
            await output.WriteLineAsync(Usage);
            return 0;
        }

        if (Read(args, out AuditAnchor? head, out AuditAnchor? start, out string[] settings) is { } fault)
        {
            return await RefuseAsync(errors, fault);
        }

        IConfiguration configuration = WebApplication.CreateBuilder(
            new WebApplicationOptions { Args = settings, ContentRootPath = AppContext.BaseDirectory }).Configuration;
        var address = DatabaseAddress.Of(configuration);
        if (address.ConnectionString is not { } connectionString)
        {
            return await RefuseAsync(
                errors, address.Fault ?? $"No database is configured: {DatabaseAddress.Setting}. {DatabaseAddress.Forms}");
        }

        try
        {
            await using var database = NpgsqlDataSource.Create(connectionString);
            return await TellAsync(
                await new AuditVerifier(database).VerifyAsync(head, start, cancellationToken), head, output, errors);
        }
        catch (Exception e) when (e is NpgsqlException or IOException or TimeoutException)
        {
            return await RefuseAsync(errors, $"The audit of {address.Text} cannot be read: {e.Message}");
        }
    }

    private static async Task<int> TellAsync(AuditVerdict verdict, AuditAnchor? head, TextWriter output, TextWriter errors)
    {
        string entries = verdict.Entries.ToString("N0", CultureInfo.InvariantCulture);
        if (verdict.Fault is not null)
        {
            await errors.WriteLineAsync($"The audit is broken. {verdict.Fault} {entries} entries before that are as they were.");
            return Broken;
        }

        string at = verdict.Head is { } last ? $", head {last}" : "";
        await output.WriteLineAsync($"The audit is whole: {entries} entries{at}.");
        if (verdict.Unlinked > 0)
        {
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{verdict.Unlinked} entries are not linked yet. The service links new ones within a second; without it none is linked."));
        }

        if (head is null)
        {
            await output.WriteLineAsync(
                "Whether its tail was cut off is not known: that takes --head, from GET /v1/audit/head or the log.");
        }

        return 0;
    }

    /// <returns>What is wrong with the command line, or null.</returns>
    private static string? Read(string[] args, out AuditAnchor? head, out AuditAnchor? start, out string[] settings)
    {
        (head, start) = (null, null);
        List<string> rest = [];
        settings = [];
        if (args is not [_, Verify, ..])
        {
            // No more of it: settings hold passwords.
            return $"'{string.Join(' ', args.Take(2))}' is no command. It is: {Name} {Verify}.";
        }

        string[] words = [.. args.Skip(2).SelectMany(argument =>
            argument.StartsWith(Head + '=', StringComparison.Ordinal) || argument.StartsWith(Start + '=', StringComparison.Ordinal)
                ? argument.Split('=', 2) : [argument])];
        for (int i = 0; i < words.Length; i++)
        {
            if (words[i] is not (Head or Start))
            {
                rest.Add(words[i]);
            }
            else if (i + 1 < words.Length && AuditAnchor.TryParse(words[i + 1], out AuditAnchor? anchor))
            {
                _ = words[i++] == Head ? head = anchor : start = anchor;
            }
            else
            {
                return $"{words[i]} takes a number, a colon and 64 hexadecimal digits: {words[i]} 42:9f86d081….";
            }
        }

        settings = [.. rest];
        return CommandLine.Answer(settings) is (var text, not 0) ? text : null;
    }

    private static async Task<int> RefuseAsync(TextWriter errors, string fault)
    {
        await errors.WriteLineAsync(fault);
        return StartupFaults.ExitCode;
    }
}
