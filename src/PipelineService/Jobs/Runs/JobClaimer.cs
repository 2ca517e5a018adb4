using Microsoft.Extensions.Options;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Spool;
using PipelineService.Spool.Local;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Takes jobs from the queue in the database while write sessions are free for their tables. How many jobs wait there costs no
/// memory here.
/// </summary>
public sealed partial class JobClaimer : BackgroundService
{
    private readonly JobQueue _queue;
    private readonly JobStarter _starter;
    private readonly SuspectJob _suspects;
    private readonly ClaimedJobs _claimed;
    private readonly SpoolDirectory _spool;
    private readonly SessionBudget _budget;
    private readonly PipelineMetrics _metrics;
    private readonly Instance _instance;
    private readonly DatabaseReadiness _readiness;
    private readonly JobsOptions _options;
    private readonly WriteOptions _writeOptions;
    private readonly TimeProvider _time;
    private readonly ILogger<JobClaimer> _logger;
    private readonly GrowthSignal _work = new();

    public JobClaimer(
        JobQueue queue,
        JobStarter starter,
        SuspectJob suspects,
        ClaimedJobs claimed,
        SpoolDirectory spool,
        SessionBudget budget,
        PipelineMetrics metrics,
        Instance instance,
        DatabaseReadiness readiness,
        IOptions<JobsOptions> options,
        IOptions<WriteOptions> writeOptions,
        TimeProvider time,
        ILogger<JobClaimer> logger)
    {
        (_queue, _starter, _suspects, _claimed, _spool) = (queue, starter, suspects, claimed, spool);
        (_budget, _metrics, _instance, _readiness, _time, _logger) = (budget, metrics, instance, readiness, time, logger);
        (_options, _writeOptions) = (options.Value, writeOptions.Value);
        _budget.Freed += Wake;
        _starter.Queued += Wake;
    }

    /// <summary>There may be a job to claim.</summary>
    public void Wake() => _work.Set();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _metrics.ObserveGauge(
            "pipeline.sessions.used", "{session}", "Write sessions that jobs have reserved.", () => _budget.Used);
        _metrics.ObserveGauge(
            "pipeline.sessions.max", "{session}", "Write sessions that there are (Write:SessionsMax).", () => _budget.Max);
        _metrics.ObserveGauge(
            "pipeline.sessions.waiting", "{party}", "Tenants, and datasets of nobody, whose jobs wait for a session.", () => _budget.Waiting);
        _metrics.ObserveGauge(
            "pipeline.tables.resting", "{table}", "Tables that could not be written to when they were tried last.", () => _budget.Resting);
        await _readiness.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            Task work = _work.Next;
            try
            {
                // Without its spool no job can be run, and nothing that is missing there may be taken for lost.
                if (_spool.IsThere() && _budget.HasFree && await TryStartNextAsync(stoppingToken))
                {
                    continue;
                }
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Log.ClaimFailed(_logger, e); // whatever it is: without this loop no job would be run here any more
            }

            await Task.WhenAny(work, Task.Delay(_options.PollInterval, _time, stoppingToken));
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await _starter.StopAsync();
        await base.StopAsync(cancellationToken);
        await _starter.WhenIdleAsync(cancellationToken);
    }

    private async Task<bool> TryStartNextAsync(CancellationToken cancellationToken)
    {
        Guid[] living = [_instance.Id, .. _spool.FindLivingNeighbours()];
        bool takesSuspects = await _suspects.MayBeginAsync(_spool.Id, living, cancellationToken);
        ClaimFilter filter = new(_spool.Id, living, takesSuspects, _claimed.Closed(), _claimed.Left);
        JobRow? row = await _queue.ClaimNextAsync(filter, cancellationToken);
        bool isSuspect = row is not null && _suspects.Is(row);
        Task? run = row is null
            ? null
            : await _claimed.StartAsync(row, isSuspect ? 1 : _writeOptions.SessionsPerJobMax, cancellationToken);
        _queue.Settle();
        if (takesSuspects)
        {
            _suspects.Looked(isSuspect ? run : null);
        }

        return row is not null;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The next job could not be started; it is tried again.")]
        public static partial void ClaimFailed(ILogger logger, Exception exception);
    }
}
