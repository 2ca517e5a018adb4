using System.Diagnostics;
using Microsoft.Extensions.Options;
using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Spool;
using PipelineService.Spool.Decoding;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// What becomes of a job that was claimed from the queue: it runs, or ends because it cannot, or goes back. Knows which tables
/// the jobs in the queue load into, as far as they were met.
/// </summary>
public sealed partial class ClaimedJobs(
    JobLeases leases,
    JobEndings endings,
    JobStarter starter,
    LiveJobs liveJobs,
    ISpool spool,
    UploadRelease uploads,
    SessionBudget budget,
    DatasetCatalog datasets,
    JobEndReport report,
    IOptions<JobsOptions> options,
    TimeProvider time,
    ILogger<ClaimedJobs> logger)
{
    /// <summary>Versions of datasets whose tables are remembered. Beyond, all are forgotten, and learnt again.</summary>
    private const int TablesMax = 10_000;

    /// <summary>Jobs that are passed over because a newer version has taken their uploads. Beyond, they are postponed.</summary>
    private const int LeftMax = 1_000;

    private readonly JobsOptions _options = options.Value;
    private readonly Dictionary<(string Dataset, int Version), string> _tables = [];
    private readonly HashSet<Guid> _left = [];

    /// <summary>Jobs to pass over in the queue, because only a newer version of the service can read their uploads.</summary>
    public IReadOnlyCollection<Guid> Left => _left;

    /// <summary>
    /// What to pass over in the queue: versions of datasets that load into tables for which no job can begin now.
    /// </summary>
    public (string Dataset, int Version)[] Closed()
    {
        IReadOnlySet<string> closed = budget.Closed();
        return closed.Count == 0 ? [] : [.. _tables.Where(table => closed.Contains(table.Value)).Select(table => table.Key)];
    }

    /// <param name="sessionsMax">How many sessions it may have at most.</param>
    /// <returns>The run of the job, or null when it does not run.</returns>
    public async Task<Task?> StartAsync(JobRow row, int sessionsMax, CancellationToken cancellationToken)
    {
        using IDisposable? scope = logger.BeginJobScope(row.Dataset, row.Id);
        if (row is { CancelRequested: true, JobState: not JobState.Committing })
        {
            // Its owner was asked, and died or was stopped before it could end it.
            await EndUnrunAsync(row, JobState.Cancelled, error: null, cancellationToken);
            return null;
        }

        if (row.Attempt > _options.AttemptsMax)
        {
            await GiveUpAsync(row, Faults.Poisoned(_options.AttemptsMax), cancellationToken);
            return null;
        }

        string table = await TableOfAsync(row, cancellationToken);
        SessionWish wish = new(table, row.Party, row.UploadBytes < SessionBudget.SmallBytes);
        if (budget.TryReserve(wish, sessionsMax, isReceiving: false) is not { } reservation)
        {
            // Others were faster, or nobody knew that it is for this table: from now on it is passed over.
            await leases.PostponeAsync(row, _options.PollInterval, cancellationToken);
            return null;
        }

        try
        {
            return await StartAsync(row, table, reservation, cancellationToken);
        }
        catch
        {
            reservation.Dispose(); // nobody runs the job then, and it is let go
            throw;
        }
    }

    private async Task<Task?> StartAsync(
        JobRow row, string table, SessionReservation reservation, CancellationToken cancellationToken)
    {
        if (row.Epoch > 1)
        {
            await leases.EndLeftoverSessionsAsync(WriteSession.SessionName(row.Id), cancellationToken);
        }

        SpoolReader upload;
        try
        {
            upload = await spool.OpenAsync(row.Upload, cancellationToken);
        }
        catch (SpoolDamagedException e)
        {
            reservation.Dispose();
            // First: it outlives the job's end, whenever this process may die.
            await spool.SetAsideAsync(row.Upload, time.GetUtcNow());
            await GiveUpAsync(row, Faults.SpoolDamaged(e, row.Upload), cancellationToken);
            return null;
        }
        catch (SpoolUnavailableException e)
        {
            reservation.Dispose();
            await PostponeAsync(row, e, cancellationToken);
            return null;
        }
        catch (SpoolNewerException e)
        {
            reservation.Dispose();
            await LeaveAsync(row, e, cancellationToken);
            return null;
        }

        SpoolManifest manifest = upload.Manifest;
        if (manifest.Failure is { } failure)
        {
            reservation.Dispose();
            await upload.DisposeAsync();
            await GiveUpAsync(row, failure, cancellationToken);
            return null;
        }

        LiveJob live = new(row, table, new UploadForm(manifest.Format, manifest.Delimiter), manifest.RecordBytesMax, time)
        {
            Codings = UploadCodings.Of(manifest),
            Request = ActivityContext.TryParse(manifest.TraceParent, traceState: null, out ActivityContext request)
                ? request
                : default,
        };
        liveJobs.Add(live);
        starter.Start(live, upload, reservation, isRegistered: true);
        return live.Run;
    }

    private async Task<string> TableOfAsync(JobRow row, CancellationToken cancellationToken)
    {
        if (_tables.TryGetValue((row.Dataset, row.DatasetVersion), out string? known))
        {
            return known;
        }

        string table;
        try
        {
            DatasetVersion version = await datasets.GetVersionAsync(row.Dataset, row.DatasetVersion, cancellationToken);
            table = version.Definition.Load.Table.Quoted;
        }
        catch (Exception e) when (SqlFaults.Of(e) is null && !cancellationToken.IsCancellationRequested)
        {
            return row.Dataset; // a definition that cannot be read: the run finds out, and says so in the job
        }

        if (_tables.Count == TablesMax)
        {
            _tables.Clear();
        }

        return _tables[(row.Dataset, row.DatasetVersion)] = table;
    }

    /// <summary>
    /// A newer version has taken the upload, and will load it: it is handed back, and passed over from here on.
    /// </summary>
    private async Task LeaveAsync(JobRow row, SpoolNewerException newer, CancellationToken cancellationToken)
    {
        if (_left.Count == LeftMax)
        {
            await PostponeAsync(row, newer, cancellationToken);
            return;
        }

        _left.Add(row.Id);
        await leases.HandBackAsync(row.Id, row.Epoch, cancellationToken);
        liveJobs.Tell(row.Id);
        Log.Left(logger, row.Id, newer.Message);
    }

    /// <summary>Its files cannot be read now. Somebody may have asked for its end meanwhile: that needs no file.</summary>
    private async Task PostponeAsync(JobRow row, Exception fault, CancellationToken cancellationToken)
    {
        if (row.CancelRequested)
        {
            await endings.EndAsync(row.Id, row.Epoch, JobState.Cancelled, error: null, row.UploadColumns, cancellationToken);
            await report.TellAsync(row.Id, cancellationToken);
        }
        else
        {
            await leases.PostponeAsync(row with { WaitingFor = "spool" }, _options.LeaseTime, cancellationToken);
        }

        liveJobs.Tell(row.Id);
        Log.Postponed(logger, row.Id, fault.Message);
    }

    private Task GiveUpAsync(JobRow row, Problem problem, CancellationToken cancellationToken) =>
        EndUnrunAsync(row, JobState.Failed, Faults.ToJson(problem), cancellationToken);

    private async Task EndUnrunAsync(JobRow row, JobState state, string? error, CancellationToken cancellationToken)
    {
        await endings.EndAsync(row.Id, row.Epoch, state, error, row.UploadColumns, cancellationToken);
        await uploads.ReleaseAsync(row.Id, cancellationToken);
        liveJobs.Tell(row.Id);
        await report.TellAsync(row.Id, cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Job {JobId} waits for the spool: {Reason}")]
        public static partial void Postponed(ILogger logger, Guid jobId, string reason);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Job {JobId} is left to the instances that can read its upload: {Reason}")]
        public static partial void Left(ILogger logger, Guid jobId, string reason);
    }
}
