using System.Diagnostics;
using System.Globalization;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks;

/// <summary>One way to bring the file into a table, and how long it took.</summary>
internal abstract class LoadVariant(string name, string table)
{
    /// <summary>The columns of the file, as SQL.</summary>
    public static string Columns { get; } = string.Join(", ", TripsDefinition.Columns);

    public string Name => name;

    public string Table => table;

    public List<double> Seconds { get; } = [];

    /// <summary>Loads the file into the empty table.</summary>
    public abstract Task LoadAsync(TripsFile file);

    /// <summary>Measures one load: the table emptied and a checkpoint made before, so that no one pays for another's WAL.</summary>
    public async Task<double> MeasureAsync(BenchmarkPostgres postgres, TripsFile file)
    {
        await postgres.ExecuteAsync($"TRUNCATE {table}");
        await postgres.ExecuteAsync("CHECKPOINT");
        long started = TimeProvider.System.GetTimestamp();
        await LoadAsync(file);
        double seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        Check.Equal(file.Rows, await postgres.QueryAsync<long>($"SELECT count(*) FROM {table}"), $"rows of {name}");
        return seconds;
    }
}

/// <summary>The yardstick: the psql process from its start to its end.</summary>
internal sealed class PsqlCopy(BenchmarkPostgres postgres, string table) : LoadVariant(@"psql \copy", table)
{
    private static readonly TimeSpan WaitMax = TimeSpan.FromHours(1);

    public override async Task LoadAsync(TripsFile file)
    {
        var connection = new Npgsql.NpgsqlConnectionStringBuilder(postgres.ConnectionString);

        // FORCE_NULL: a quoted empty text is a missing value too, as Table Schema says and the service does.
        string copy = $"\\copy {Table} ({Columns}) FROM '{file.Path}' WITH (FORMAT csv, HEADER true, FORCE_NULL ({Columns}))";
        var start = new ProcessStartInfo("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", copy]);
        start.Environment["PGHOST"] = connection.Host;
        start.Environment["PGPORT"] = connection.Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PGUSER"] = connection.Username;
        start.Environment["PGDATABASE"] = connection.Database;
        start.Environment["PGPASSWORD"] = connection.Password;
        start.Environment["PGTZ"] = "UTC";
        using Process psql = Process.Start(start) ?? throw new InvalidOperationException("psql did not start.");
        await psql.WaitForExitAsync().WaitAsync(WaitMax);
        Check.Equal(0, psql.ExitCode, "exit code of psql");
    }
}

/// <summary>The service: from the start of the request to the answer that shows the job final.</summary>
internal sealed class ServiceLoad(ServiceProcess service, string commit, bool lineage)
    : LoadVariant($"service, commit {commit}{(lineage ? ", lineage" : "")}", $"public.{DatasetOf(commit, lineage)}")
{
    public double CpuSeconds { get; private set; }

    public Task DeclareAsync() => service.Client.DeclareAsync(
        DatasetOf(commit, lineage), TripsDefinition.Create(Table, commit, lineage), CancellationToken.None);

    public override async Task LoadAsync(TripsFile file)
    {
        double cpuBefore = ProcessUsage.CpuSeconds(service.Id);
        using HttpContent body = file.OpenBody();
        ObservedJob job = await service.Client.UploadAsync(
            DatasetOf(commit, lineage), body, waitSeconds: 10, CancellationToken.None);
        job = await service.Client.FollowAsync(job, changed: null, CancellationToken.None);
        CpuSeconds = ProcessUsage.CpuSeconds(service.Id) - cpuBefore;
        Check.Loaded(job, file.Rows);
    }

    private static string DatasetOf(string commit, bool lineage) => $"bench_{commit}{(lineage ? "_lineage" : "")}";
}
