using PipelineService.Access.Audit;
using PipelineService.Access.Limits;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Startup;

namespace PipelineService.Access.Keys;

/// <summary>
/// <c>PipelineService keys …</c>: makes, lists, rotates and revokes keys with nothing but the database, for whoever may use that.
/// A key is all that is written to standard output, so that a shell can take it.
/// </summary>
internal static class KeysCommand
{
    public const string Word = "keys";

    private const string Usage =
        """
        PipelineService keys create NAME --scopes ingest,read [--datasets trips,acme_*] [--source S] [--tenant T] [--expires TIME]
                                    [--requests-per-minute N] [--bytes-per-minute N] [--uploads-at-once N]
        PipelineService keys list
        PipelineService keys rotate ID [--overlap PT1H]
        PipelineService keys revoke ID

          create and rotate print the key, which nothing shows again, to standard output.
          --scopes     some of ingest, read, manage, admin; admin holds all
          --datasets   names, and beginnings with a star behind; left out: all
          --source     uploads with the key carry it, and no other
          --tenant     the key sees and makes datasets of this tenant alone
          --expires    a time, such as 2027-01-01T00:00:00Z; left out: never
          --requests-per-minute, --bytes-per-minute, --uploads-at-once
                       how much it may send to an instance; left out: what Limits:Key… say
          --overlap    how long the key as it was goes on, such as PT1H or P7D; left out: a day

        The database is found as by the service: --ConnectionStrings:Pipeline, DATABASE_URL, or --environment Development for the
        private one. A service that runs takes the change in within seconds.
        """;

    public static bool IsAskedFor(string[] args) => args is [Word, ..];

    /// <param name="args">The words after the program's name.</param>
    /// <returns>0 when it was done; 1 when there is no such key; 2 when it could not be, and the error says why.</returns>
    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors)
    {
        var line = KeysCommandLine.Read(args.AsSpan(1));
        if (line.WantsHelp)
        {
            await output.WriteLineAsync(Usage);
            return 0;
        }

        if (line.Fault is { } fault)
        {
            await errors.WriteLineAsync($"{fault} PipelineService keys --help shows what there is.");
            return StartupFaults.ExitCode;
        }

        try
        {
            await using KeysCommandHost host = await KeysCommandHost.StartAsync(line.Settings);
            return line.Verb switch
            {
                KeysCommandLine.Create => await CreateAsync(host, line, output, errors),
                KeysCommandLine.List => await ListAsync(host, output),
                KeysCommandLine.Rotate => await RotateAsync(host, line, output, errors),
                _ => await RevokeAsync(host, line, errors),
            };
        }
        catch (Exception e) when (StartupFaults.Describe(e) is { } message)
        {
            await errors.WriteLineAsync(message.Replace("PipelineService cannot start. ", "", StringComparison.Ordinal));
            return StartupFaults.ExitCode;
        }
        catch (Exception e) when (e is DatabaseUnavailableException or Npgsql.NpgsqlException)
        {
            await errors.WriteLineAsync($"The database cannot be used: {e.Message}");
            return StartupFaults.ExitCode;
        }
    }

    private static async Task<int> CreateAsync(KeysCommandHost host, KeysCommandLine line, TextWriter output, TextWriter errors)
    {
        Dictionary<string, string[]> faults = [];
        KeyGrantReader reader = new(faults, host.Time);
        KeyGrant grant = new()
        {
            Name = reader.Name(line.Subject) ?? "",
            Scopes = reader.Scopes(line.ListOf("scopes")),
            Datasets = reader.Datasets(line.ListOf("datasets")),
            Source = reader.Text("source", line.ValueOf("source")),
            Tenant = reader.Tenant(line.ValueOf("tenant")),
            ExpiresAt = reader.ExpiresAt(line.ValueOf("expires")),
            Limits = LimitsOf(line, reader),
        };
        if (faults.Count > 0)
        {
            return await TellAsync(faults, errors);
        }

        if (await host.Store.CreateAsync(grant, AuditActor.CommandLine.Name, isFirst: false, AuditActor.CommandLine, CancellationToken.None) is not { } made)
        {
            await errors.WriteLineAsync(KeyProblems.TooMany(host.KeysMax).Detail);
            return StartupFaults.ExitCode;
        }

        await errors.WriteLineAsync(
            $"Key {made.Row.Id} of {made.Row.Name} ({string.Join(", ", made.Row.Scopes)}). It is shown this once; from now on every call "
            + "takes a key.");
        await output.WriteLineAsync(made.Text);
        return 0;
    }

    private static CallLimits? LimitsOf(KeysCommandLine line, KeyGrantReader reader)
    {
        CallLimits limits = new(
            (int?)Limit(KeysCommandLine.RequestsPerMinute, 1, LimitsOptionsValidator.RequestsMax),
            Limit(KeysCommandLine.BytesPerMinute, LimitsOptionsValidator.BytesMin, LimitsOptionsValidator.BytesMax),
            (int?)Limit(KeysCommandLine.UploadsAtOnce, 1, LimitsOptionsValidator.UploadsMax));
        return limits == CallLimits.None ? null : limits;

        long? Limit(string option, long min, long max) => reader.Limit(option, line.ValueOf(option), min, max);
    }

    private static async Task<int> ListAsync(KeysCommandHost host, TextWriter output)
    {
        const int PageSize = 1_000;
        DateTime now = host.Time.GetUtcNow().UtcDateTime;
        Guid? before = null;
        IReadOnlyList<KeyRow> page;
        do
        {
            page = await host.Store.ListAsync(Caller.Anonymous, before, PageSize, CancellationToken.None);
            foreach (KeyView key in page.Select(row => KeyView.Of(row, now)))
            {
                string limits = string.Concat(
                    $" datasets={string.Join(',', key.Datasets)}",
                    key.Source is null ? "" : $" source={key.Source}",
                    key.Tenant is null ? "" : $" tenant={key.Tenant}",
                    key.ExpiresAt is null ? "" : $" expires={key.ExpiresAt:yyyy-MM-dd'T'HH:mm:ss'Z'}",
                    Written(KeysCommandLine.RequestsPerMinute, key.Limits?.RequestsPerMinute),
                    Written(KeysCommandLine.BytesPerMinute, key.Limits?.BytesPerMinute),
                    Written(KeysCommandLine.UploadsAtOnce, key.Limits?.UploadsAtOnce));
                await output.WriteLineAsync(
                    $"{key.Id}  {key.State.ToString().ToLowerInvariant(),-7}  {key.Name}  scopes={string.Join(',', key.Scopes).ToLowerInvariant()}{limits}");
                before = key.Id;
            }
        }
        while (page.Count == PageSize);
        return 0;

        static string Written(string option, long? limit) => limit is null ? "" : FormattableString.Invariant($" {option}={limit}");
    }

    private static async Task<int> RotateAsync(KeysCommandHost host, KeysCommandLine line, TextWriter output, TextWriter errors)
    {
        Dictionary<string, string[]> faults = [];
        TimeSpan overlap = KeyBody.OverlapOf(line.ValueOf("overlap"), new KeyGrantReader(faults, host.Time));
        if (faults.Count > 0)
        {
            return await TellAsync(faults, errors);
        }

        if (!Guid.TryParse(line.Subject, out Guid id) || await host.Store.RotateAsync(id, overlap, AuditActor.CommandLine, CancellationToken.None) is not { } made)
        {
            return await NotFoundAsync(line, errors);
        }

        await errors.WriteLineAsync(made.Row.PreviousUntil is { } until
            ? $"The key as it was goes on until {until:yyyy-MM-dd'T'HH:mm:ss'Z'}."
            : "The key as it was is no good any more.");
        await output.WriteLineAsync(made.Text);
        return 0;
    }

    private static async Task<int> RevokeAsync(KeysCommandHost host, KeysCommandLine line, TextWriter errors)
    {
        if (!Guid.TryParse(line.Subject, out Guid id) || !await host.Store.RevokeAsync(id, AuditActor.CommandLine, CancellationToken.None))
        {
            return await NotFoundAsync(line, errors);
        }

        await errors.WriteLineAsync($"Key {id} is revoked.");
        return 0;
    }

    private static async Task<int> NotFoundAsync(KeysCommandLine line, TextWriter errors)
    {
        await errors.WriteLineAsync($"No key that lets anybody in has the id \"{line.Subject}\". PipelineService keys list shows them.");
        return 1;
    }

    private static async Task<int> TellAsync(Dictionary<string, string[]> faults, TextWriter errors)
    {
        foreach ((string member, string[] sentences) in faults)
        {
            await errors.WriteLineAsync($"{member.TrimStart('/')}: {string.Join(' ', sentences)}");
        }

        return StartupFaults.ExitCode;
    }
}
