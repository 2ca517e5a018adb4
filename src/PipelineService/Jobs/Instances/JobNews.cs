using Dapper;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;

namespace PipelineService.Jobs.Instances;

/// <summary>
/// Tells other instances which jobs have changed here, so that who waits for one of them there need not wait for the next look
/// into the database.
/// </summary>
/// <remarks>
/// Not in the transactions that change the jobs: a commit that notifies takes a lock of the whole server and holds it while it
/// is flushed, so that all such commits come one after the other, whatever tables they are of. This tells of many jobs at once,
/// when they have changed, in a transaction that writes nothing and so flushes nothing. What is not told, since this process
/// dies in between or the database is away, is seen by the look that comes anyway.
/// </remarks>
public sealed partial class JobNews : BackgroundService
{
    private const string Notify = $"SELECT pg_notify('{NewsText.Channel}', @text)";

    /// <summary>Between two of them: 50 a second at most, however many jobs there are.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly Database _database;
    private readonly InstanceLeases _leases;
    private readonly Instance _instance;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly HashSet<Guid> _changed = [];
    private readonly GrowthSignal _some = new();

    public JobNews(
        Database database, InstanceLeases leases, Instance instance, LiveJobs jobs, TimeProvider time, ILogger<JobNews> logger)
    {
        (_database, _leases, _instance, _time, _logger) = (database, leases, instance, time, logger);
        jobs.Told += Note;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using IDisposable untraced = PipelineTracing.Untraced(); // it is of many jobs
        try
        {
            while (true)
            {
                Task some = _some.Next;
                if (TakeChanged() is { Length: > 0 } jobs)
                {
                    await TellAsync(NewsText.Write(_instance.Id, jobs), stoppingToken);
                    await Task.Delay(Pause, _time, stoppingToken);
                }
                else
                {
                    await some.WaitAsync(stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    /// <summary>
    /// Nobody is told who is not there, and of more jobs than one text holds others learn as they would without this.
    /// </summary>
    private void Note(Guid job)
    {
        if (!_leases.HasOthers)
        {
            return;
        }

        lock (_lock)
        {
            if (_changed.Count < NewsText.JobsMax)
            {
                _changed.Add(job);
            }
        }

        _some.Set();
    }

    private Guid[] TakeChanged()
    {
        lock (_lock)
        {
            Guid[] jobs = [.. _changed];
            _changed.Clear();
            return jobs;
        }
    }

    private async Task TellAsync(string text, CancellationToken cancellationToken)
    {
        try
        {
            await _database.RunAsync(
                (connection, token) => connection.ExecuteAsync(JobSql.Command(Notify, new { text }, token)), cancellationToken);
        }
        catch (Exception e) when (e is DatabaseUnavailableException or NpgsqlException)
        {
            Log.NotTold(_logger, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Other instances could not be told which jobs have changed: {Reason}")]
        public static partial void NotTold(ILogger logger, string reason);
    }
}
