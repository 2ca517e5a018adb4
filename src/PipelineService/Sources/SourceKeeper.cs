using Microsoft.Extensions.Options;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Instances;
using PipelineService.Spool;

namespace PipelineService.Sources;

/// <summary>
/// Looks which sources are this instance's, and has each looked after: each source is one instance's, for as long as that has a lease.
/// Where there is nothing that sources could be of, nothing is done at all.
/// </summary>
internal sealed partial class SourceKeeper(
    SourceLedger ledger, SourceWorks works, SourceMetrics metrics, InstanceLeases instances,
    DatabaseReadiness readiness, IOptions<SourcesOptions> options, TimeProvider time, ILogger<SourceKeeper> logger) : BackgroundService
{
    /// <summary>Taken over in one go where there are other instances, so that each gets some.</summary>
    private const int ClaimedMax = 4;

    private readonly Dictionary<Guid, SourceRun> _runs = [];
    private readonly GrowthSignal _changed = new();

    /// <summary>Somebody has declared or changed one here, or says that there is something new.</summary>
    public void Wake() => _changed.Set();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.AreOn)
        {
            return;
        }

        await readiness.WaitAsync(stoppingToken);
        using IDisposable untraced = PipelineTracing.Untraced();
        try
        {
            while (true)
            {
                Task changed = _changed.Next;
                await FollowOrTellAsync(stoppingToken);
                await Task.WhenAny(changed, Task.Delay(options.Value.PollInterval, time, stoppingToken));
                stoppingToken.ThrowIfCancellationRequested();
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await Task.WhenAll(_runs.Values.Select(run => run.StopAsync()));
            await ReleaseAsync();
        }
    }

    /// <summary>Never ends by itself: in an outage those that are here go on, and wait for the database by themselves.</summary>
    private async Task FollowOrTellAsync(CancellationToken cancellationToken)
    {
        try
        {
            int max = instances.HasOthers ? ClaimedMax : options.Value.SourcesMax;
            await FollowAsync(await ledger.ClaimAsync(max, cancellationToken));
        }
        catch (DatabaseUnavailableException)
        {
            // They are asked for again.
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            Log.NotFollowed(logger, e);
        }
    }

    private async Task FollowAsync(IReadOnlyList<SourceRow> rows)
    {
        var current = rows.ToDictionary(row => row.Id);
        foreach ((Guid id, SourceRun run) in _runs.ToArray())
        {
            if (current.GetValueOrDefault(id) is { } row && run.IsOf(row))
            {
                run.Heed(row);
                continue;
            }

            await run.StopAsync();
            _runs.Remove(id);
        }

        foreach (SourceRow row in rows.Where(row => !_runs.ContainsKey(row.Id)))
        {
            _runs.Add(row.Id, new SourceRun(row, works.Begin(row), ledger, metrics, time, logger));
        }
    }

    /// <summary>Others need not wait for the end of the lease.</summary>
    private async Task ReleaseAsync()
    {
        try
        {
            await ledger.ReleaseAsync(CancellationToken.None);
        }
        catch (DatabaseUnavailableException)
        {
            // It ends by itself.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error,
            Message = "It could not be looked which sources are to be looked after here; it is tried again.")]
        public static partial void NotFollowed(ILogger logger, Exception exception);
    }
}
