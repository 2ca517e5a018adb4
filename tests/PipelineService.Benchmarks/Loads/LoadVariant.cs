using PipelineService.Benchmarks.Harness;
using PipelineService.Client;

namespace PipelineService.Benchmarks.Loads;

/// <summary>One way to bring a sample into a table, and how long it took.</summary>
internal abstract class LoadVariant(string name, BenchmarkDatabase database, string table)
{
    public string Name => name;

    public BenchmarkDatabase Database => database;

    public string Table => table;

    public List<double> Seconds { get; } = [];

    /// <summary>Loads the sample into the empty table.</summary>
    public abstract Task LoadAsync(LoadSample sample);

    /// <summary>
    /// Measures one load: the table emptied and a checkpoint made before, so that no one pays for another's WAL.
    /// </summary>
    public async Task<double> MeasureAsync(LoadSample sample)
    {
        await database.ExecuteAsync($"TRUNCATE {table}");
        await database.ExecuteAsync("CHECKPOINT");
        long started = TimeProvider.System.GetTimestamp();
        await LoadAsync(sample);
        double seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        Check.Equal(sample.Rows, await database.CountAsync(table), $"rows of {name}");
        return seconds;
    }
}

/// <summary>The yardstick: the psql process from its start to its end.</summary>
internal sealed class PsqlCopy(BenchmarkDatabase database, string table, IReadOnlyList<string> columns)
    : LoadVariant(@"psql \copy", database, table)
{
    private readonly string _columns = string.Join(", ", columns);

    /// <summary>Makes the table: the columns of another, in the same order and of the same types.</summary>
    public async Task CreateTableAsync(LoadVariant like)
    {
        string described = await like.Database.DescribeAsync(like.Table, columns);
        await Database.ExecuteAsync($"DROP TABLE IF EXISTS {Table}; CREATE TABLE {Table} ({described})");
    }

    /// <remarks>
    /// FORCE_NULL: a quoted empty text is a missing value too, as Table Schema says and the service does.
    /// </remarks>
    public override Task LoadAsync(LoadSample sample) => Database.PsqlAsync(
        $"\\copy {Table} ({_columns}) FROM '{sample.CsvPath}' WITH (FORMAT csv, HEADER true, FORCE_NULL ({_columns}))");
}

/// <summary>
/// What two sessions could do at best on this server: half of the rows each, in PostgreSQL's own form, which somebody
/// else has made.
/// </summary>
internal sealed class BinaryCopies(
    BenchmarkDatabase database, string table, IReadOnlyList<string> columns, string directory)
    : LoadVariant(@"two binary \copy", database, table)
{
    private readonly string _columns = string.Join(", ", columns);
    private readonly string[] _halves = [Path.Combine(directory, "first.copy"), Path.Combine(directory, "second.copy")];

    /// <summary>Writes the two files from the table, which holds the sample.</summary>
    public async Task WriteHalvesAsync()
    {
        string middle = await Database.QueryAsync<string>(
            $"SELECT format('(%s,0)', pg_relation_size('{Table}') / current_setting('block_size')::bigint / 2)");
        foreach ((string path, string relation) in _halves.Zip(["<", ">="]))
        {
            string rows = $"SELECT {_columns} FROM {Table} WHERE ctid {relation} '{middle}'";
            await Database.PsqlAsync($"\\copy ({rows}) TO '{path}' WITH (FORMAT binary)");
        }
    }

    public override Task LoadAsync(LoadSample sample) => Task.WhenAll(_halves.Select(
        half => Database.PsqlAsync($"\\copy {Table} ({_columns}) FROM '{half}' WITH (FORMAT binary)")));

    public void Delete()
    {
        foreach (string half in _halves)
        {
            File.Delete(half);
        }
    }
}

/// <summary>The service: from the start of the request to the answer that shows the job final.</summary>
/// <param name="kind">What is loaded.</param>
/// <param name="place">Distinguishes datasets that are loaded at once.</param>
internal sealed class ServiceLoad(
    ServiceProcess service, SampleKind kind, string commit, bool lineage, string place = "")
    : LoadVariant(
        $"{service.Build.Name}, commit {commit}{(lineage ? ", lineage" : "")}", service.Database,
        $"public.{DatasetOf(kind, commit, lineage, place)}")
{
    private readonly string _dataset = DatasetOf(kind, commit, lineage, place);

    public string Dataset => _dataset;

    public string Commit => commit;

    public bool HasLineage => lineage;

    public ServiceProcess Service => service;

    /// <summary>Of the service's process and of those that convert for it, in the last load.</summary>
    public double CpuSeconds { get; private set; }

    /// <summary>The same of each load that was measured.</summary>
    public List<double> Cpu { get; } = [];

    public Task DeclareAsync() =>
        service.Client.DeclareAsync(_dataset, kind.Define(Table, commit, lineage), CancellationToken.None);

    public override async Task LoadAsync(LoadSample sample)
    {
        double cpuBefore = ProcessUsage.CpuSecondsWithChildren(service.Id);
        using HttpContent body = sample.OpenBody();
        ObservedJob job = await service.Client.UploadAsync(_dataset, body, waitSeconds: 10, CancellationToken.None);
        job = await service.Client.FollowAsync(job, changed: null, CancellationToken.None);
        CpuSeconds = ProcessUsage.CpuSecondsWithChildren(service.Id) - cpuBefore;
        Check.Loaded(job, sample.Rows);
    }

    private static string DatasetOf(SampleKind kind, string commit, bool lineage, string place) =>
        $"bench_{kind.Name}_{commit}{(lineage ? "_lineage" : "")}{place}";
}
