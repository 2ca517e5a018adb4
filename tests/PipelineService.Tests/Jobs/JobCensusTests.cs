using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Access.Tenants;
using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs;
using PipelineService.Jobs.Runs;
using PipelineService.Jobs.Tenants;
using PipelineService.Spool;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs;

/// <summary>How many jobs there are, and for how long the oldest has waited: also while the database is away.</summary>
public sealed class JobCensusTests : IClassFixture<TestDatabase>, IDisposable
{
    private readonly TestDatabase _database;
    private readonly SpoolFolder _spool = new();
    private readonly LiveJobs _live = new();
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddSingleton<PipelineMetrics>().BuildServiceProvider();
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, double> _gauges = [];

    public JobCensusTests(TestDatabase database)
    {
        _database = database;
        IMeterFactory meters = _services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters && instrument.IsObservable)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, labels, _) => Keep(instrument, value, labels));
        _listener.SetMeasurementEventCallback<double>((instrument, value, labels, _) => Keep(instrument, value, labels));
        _listener.Start();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Counts_those_that_nobody_runs_in_the_database()
    {
        await DeclareAsync();
        await AddAsync("queued", "NULL", minutesAgo: 10);
        await AddAsync("queued", "NULL", minutesAgo: 5);
        await AddAsync("running", "now() + interval '1 h'", minutesAgo: 60);
        await AddAsync("running", "now() - interval '1 s'", minutesAgo: 3);
        await AddAsync("receiving", "now() - interval '1 s'", minutesAgo: 60);
        await AddAsync("queued", "NULL", minutesAgo: 90, spool: Guid.CreateVersion7());
        await _database.ExecuteAsync("""
            UPDATE pipeline.jobs SET upload_bytes = 1000;
            INSERT INTO pipeline.usage_minutes (minute, dataset, source, tenant, jobs, failed, cancelled, bytes, loaded, rejected, filtered, reverted)
            SELECT date_trunc('minute', now()) - age * interval '1 min', 'counted', '', '', 1, 0, 0, bytes, 1, 0, 0, 0
            FROM (VALUES (2, 12000), (9, 6000), (60, 1000000)) ended (age, bytes)
            """);
        using JobCensus census = Census(_database.Database);

        await census.StartAsync(Token);

        await WhenCountedAsync(queued: 3, TimeSpan.Zero);
        Assert.Equal(20, _gauges["pipeline.backlog"], tolerance: 0.001); // 3,000 bytes, at 18,000 in two minutes
        Assert.InRange(_gauges["pipeline.queue.age"], 595, 900);
        await _database.ExecuteAsync("DELETE FROM pipeline.jobs WHERE state = 'queued'");
        await WhenCountedAsync(queued: 1, JobCensus.Interval);
        await census.StopAsync(Token);
    }

    [Fact]
    public async Task Counts_those_in_the_spool_while_the_database_cannot_be_asked()
    {
        await using SpoolWriter first = await _spool.SealedAsync("1\n"u8.ToArray());
        await using SpoolWriter second = await _spool.SealedAsync("1\n"u8.ToArray());
        await using SpoolWriter inHand = await _spool.SealedAsync("1\n"u8.ToArray());
        _live.Add(Live(inHand.Id, JobState.Running));
        _live.Add(Live(Guid.CreateVersion7(), JobState.Receiving));
        _time.Advance(TimeSpan.FromMinutes(7));
        using JobCensus census = Census(DatabaseAccess.NotReady());

        await census.StartAsync(Token);

        await WhenCountedAsync(queued: 2, TimeSpan.Zero);
        Assert.InRange(_gauges["pipeline.queue.age"], 419, 900);
        Assert.Equal(_gauges["pipeline.queue.age"], _gauges["pipeline.backlog"]);
        Assert.Equal(
            (1, 1, 0), (_gauges["pipeline.jobs running"], _gauges["pipeline.jobs receiving"], _gauges["pipeline.jobs committing"]));
        await census.StopAsync(Token);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _services.Dispose();
        _spool.Dispose();
    }

    private void Keep(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> labels) =>
        _gauges[labels.IsEmpty ? instrument.Name : $"{instrument.Name} {labels[0].Value}"] = value;

    private JobCensus Census(Database database) => new(
        database, _spool.Spool, _live, new WaitingBytes(new TenantRing()), _services.GetRequiredService<PipelineMetrics>(), _time, NullLogger<JobCensus>.Instance);

    private LiveJob Live(Guid id, JobState state) => new(
        new JobRow
        {
            Id = id,
            Dataset = "counted",
            DatasetVersion = 1,
            State = state.ToText(),
            ContentType = "text/csv",
            CreatedAt = default,
            Spool = _spool.Directory.Id,
        },
        "public.counted",
        new UploadForm(DataFormat.Csv, Delimiter: null),
        recordBytesMax: 1_000,
        _time);

    private Task DeclareAsync() => _database.ExecuteAsync("""
        INSERT INTO pipeline.datasets (name, current_version, created_at, updated_at) VALUES ('counted', 1, now(), now());
        INSERT INTO pipeline.dataset_versions (dataset, version, definition, created_at) VALUES ('counted', 1, '{}', now())
        """);

    private Task AddAsync(string state, string lease, int minutesAgo, Guid? spool = null) => _database.ExecuteAsync($"""
        INSERT INTO pipeline.jobs (id, dataset, dataset_version, state, content_type, created_at, received_at, spool, owner, lease_until)
        VALUES ('{Guid.CreateVersion7()}', 'counted', 1, '{state}', 'text/csv', now() - interval '2 h', now() - interval '{minutesAgo} min',
                '{spool ?? _spool.Directory.Id}', CASE WHEN {lease} IS NULL THEN NULL ELSE gen_random_uuid() END, {lease})
        """);

    /// <param name="step">How far the clock moves before each look: the census looks at once, and then when it is told the time.</param>
    private Task WhenCountedAsync(int queued, TimeSpan step) => BoundedWait.UntilAsync($"{queued} jobs to be counted", () =>
    {
        _time.Advance(step);
        _listener.RecordObservableInstruments();
        return _gauges.GetValueOrDefault("pipeline.jobs queued", -1) == queued;
    });
}
