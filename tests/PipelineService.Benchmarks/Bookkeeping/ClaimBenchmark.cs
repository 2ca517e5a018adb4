using System.Net.Http.Headers;
using Npgsql;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Bookkeeping;

/// <param name="Jobs">How many wait.</param>
/// <param name="Claims">How many claims are measured at most.</param>
internal sealed record ClaimOptions(int Jobs, int Claims);

/// <summary>
/// How long the statement takes with which the service claims the next job while many wait: on the server, as the
/// service sends it. The waiting jobs are copies of the row of a real one, so that any schema will do. They have no
/// upload in the spool, so each ends as soon as it is claimed, and the claims follow each other as fast as the service
/// can.
/// </summary>
internal static class ClaimBenchmark
{
    private const string Dataset = "bench_claim";
    private const string Table = $"public.{Dataset}";
    private const int Uploads = 16;

    /// <summary>More than one chunk: those of one wait for each other, and not in the queue.</summary>
    private const int UploadBytes = 3 << 19;

    private const int ClaimsMin = 30;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ClaimsAge = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ClaimsAgeMax = TimeSpan.FromMinutes(5);

    public static async Task RunAsync(Arguments arguments)
    {
        ClaimOptions options = new(arguments.Integer("jobs", 100_000), arguments.Integer("claims", 3_000));
        await using Laboratory laboratory = await Laboratory.OpenAsync(
            "claim", "Claims with many jobs waiting", arguments);
        await MeasureAsync(laboratory, options);
        laboratory.Complete();
    }

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(Laboratory laboratory, ClaimOptions options)
    {
        string log = laboratory.Server.LogPath
            ?? throw new UsageException("Claims are timed by the server's log: leave --postgres out.");
        laboratory.Report.Section($"Claims with {options.Jobs:N0} jobs waiting");
        laboratory.Report.Table(
            "build", "claims", "jobs waiting at their end", "least ms", "median ms", "99 % ms", "greatest ms");
        List<double> slowest = [];
        foreach (ServiceBuild build in laboratory.Builds)
        {
            (IReadOnlyList<double> claims, long waiting) = await MeasureAsync(build, log, options);
            slowest.Add(claims.Percentile(0.99));
            laboratory.Report.Row(
                build.Name, $"{claims.Count:N0}", $"{waiting:N0}", $"{claims.Min():F2}", $"{claims.Median():F2}",
                $"{slowest[^1]:F2}", $"{claims.Max():F2}");
        }

        return [new($"claim with {options.Jobs:N0} jobs waiting, 99 % within", "ms", slowest, Goal.AtMost(5, "ms"))];
    }

    private static async Task<(IReadOnlyList<double> Milliseconds, long Waiting)> MeasureAsync(
        ServiceBuild build, string log, ClaimOptions options)
    {
        BenchmarkDatabase database = build.Database;
        await QueueSomeAsync(build);
        await database.ExecuteAsync(Copies(options.Jobs));
        await database.ExecuteAsync("ANALYZE pipeline.jobs");
        await database.ExecuteAsync($"ALTER DATABASE {database.Name} SET log_min_duration_statement = 0");
        long from = new FileInfo(log).Length;
        long before = await CountWaitingAsync(database);
        Check.That(before >= options.Jobs, $"only {before} jobs wait: none of the uploads before has come to the queue");
        long claimed;
        await using (ServiceProcess service = await build.StartAsync())
        {
            long started = TimeProvider.System.GetTimestamp();
            TimeSpan age;
            do
            {
                await Task.Delay(Poll, TimeProvider.System);
                claimed = before - await CountWaitingAsync(database);
                age = TimeProvider.System.GetElapsedTime(started);
                Check.That(claimed >= ClaimsMin || age < ClaimsAgeMax, $"only {claimed} jobs were claimed in {age}");
            }
            while (claimed < ClaimsMin || (claimed < options.Claims && age < ClaimsAge));
        }

        await database.ExecuteAsync($"ALTER DATABASE {database.Name} RESET log_min_duration_statement");
        IReadOnlyList<double> milliseconds = await StatementLog.ReadMillisecondsAsync(log, from, IsClaim);
        Check.That(milliseconds.Count >= ClaimsMin, $"the log has only {milliseconds.Count} claims of {claimed} jobs");
        return (milliseconds, await CountWaitingAsync(database));
    }

    /// <summary>
    /// More uploads for a table that is held than a service has sessions for it, and the service killed then.
    /// </summary>
    private static async Task QueueSomeAsync(ServiceBuild build)
    {
        await using ServiceProcess service = await build.StartAsync();
        await service.Client.DeclareAsync(Dataset, TripsDefinition.Create(Table), CancellationToken.None);
        await using NpgsqlConnection connection = await build.Database.DataSource.OpenConnectionAsync();
        await using NpgsqlTransaction held = await connection.BeginTransactionAsync();
        await using NpgsqlCommand hold = new($"LOCK TABLE {Table} IN SHARE MODE", connection, held);
        await hold.ExecuteNonQueryAsync();
        byte[] buffer = new byte[UploadBytes];
        int length = new TripsGenerator(new TripsOptions { Rows = UploadBytes }).Fill(buffer);
        for (int i = 0; i < Uploads; i++)
        {
            using ByteArrayContent body = new(buffer, 0, length);
            body.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
            await service.Client.UploadAsync(Dataset, body, waitSeconds: 0, CancellationToken.None);
        }

        service.Kill();
    }

    /// <summary>By way of JSON: whatever columns the schema of the build has. A row is made once, not once for each of its columns.</summary>
    private static string Copies(int count) => $"""
        INSERT INTO pipeline.jobs
        SELECT made.*
        FROM (
            SELECT to_jsonb(j) AS job FROM pipeline.jobs j
            WHERE state = 'queued' AND owner IS NULL ORDER BY id DESC LIMIT 1) waiting
        CROSS JOIN generate_series(1, {count}) n
        CROSS JOIN LATERAL jsonb_populate_record(NULL::pipeline.jobs, waiting.job || jsonb_build_object(
            'id', {JobIdSql.Of($"{JobIdSql.Now} + n / 100", "n::text")}, 'not_before', NULL)) made
        """;

    private static Task<long> CountWaitingAsync(BenchmarkDatabase database) =>
        database.QueryAsync<long>("SELECT count(*) FROM pipeline.jobs WHERE finished_at IS NULL AND state = 'queued'");

    private static bool IsClaim(string statement) =>
        statement.Contains("SKIP LOCKED", StringComparison.Ordinal)
        && statement.Contains("pipeline.jobs", StringComparison.Ordinal)
        && statement.Contains("owner", StringComparison.Ordinal);
}
