using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Hosting;
using PipelineService.Hosting.Telemetry;
using PipelineService.Spool;
using PipelineService.Transform;
using PipelineService.Write;

namespace PipelineService.Jobs;

/// <summary>
/// Starts jobs while write sessions are free: uploads that arrive here at once, others from the queue in the database. How
/// many jobs wait there costs no memory here. A job that has ended its process before has its last attempt alone: should the
/// process end again, no neighbour is harmed or blamed.
/// </summary>
public sealed partial class JobDispatcher : BackgroundService
{
    /// <summary>How long a job that has to run alone waits for uploads that are loaded while they still arrive.</summary>
    private static readonly TimeSpan ReceivingPatience = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many jobs of newer versions are passed over in the queue; further ones are postponed, one lease each.
    /// </summary>
    private const int LeftMax = 1_000;

    private readonly JobStore _store;
    private readonly JobRunner _runner;
    private readonly LiveJobs _liveJobs;
    private readonly SpoolRecovery _recovery;
    private readonly SpoolDirectory _spool;
    private readonly SessionBudget _budget;
    private readonly Instance _instance;
    private readonly DatabaseReadiness _readiness;
    private readonly JobsOptions _options;
    private readonly WriteOptions _writeOptions;
    private readonly TimeProvider _time;
    private readonly ILogger<JobDispatcher> _logger;
    private readonly GrowthSignal _work = new();
    private readonly ConcurrentDictionary<Task, bool> _runs = new();
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Jobs whose uploads only a newer version can read.</summary>
    private readonly HashSet<Guid> _left = [];

    /// <summary>Since when a job waits to run alone; 0 when none does.</summary>
    private long _suspectSince;

    public JobDispatcher(
        JobStore store,
        JobRunner runner,
        LiveJobs liveJobs,
        SpoolRecovery recovery,
        SpoolDirectory spool,
        SessionBudget budget,
        Instance instance,
        DatabaseReadiness readiness,
        IOptions<JobsOptions> options,
        IOptions<WriteOptions> writeOptions,
        TimeProvider time,
        ILogger<JobDispatcher> logger)
    {
        (_store, _runner, _liveJobs, _recovery, _spool) = (store, runner, liveJobs, recovery, spool);
        (_budget, _instance, _readiness, _time, _logger) = (budget, instance, readiness, time, logger);
        (_options, _writeOptions) = (options.Value, writeOptions.Value);
        _budget.Freed += _work.Set;
    }

    /// <summary>
    /// Starts to load an upload that is still arriving, when sessions are free for that. Its row is registered by the run.
    /// </summary>
    /// <returns>False when it has to wait until it has arrived.</returns>
    public bool TryStartReceiving(LiveJob live, SpoolUpload upload)
    {
        if (_stopping.IsCancellationRequested || !_readiness.IsReady
            || _budget.TryReserve(_writeOptions.SessionsPerJobMax, isReceiving: true) is not { } reservation)
        {
            return false;
        }

        live.Change(row => row with { Owner = _instance.Id, Epoch = 1, Attempt = 1, StartedAt = _store.Now });
        Start(live, upload.Share(), reservation, isRegistered: false);
        return true;
    }

    /// <summary>
    /// Takes over a sealed upload: registers its row, and starts it when a session is free. When the database is away the
    /// upload waits in the spool, where recovery finds it.
    /// </summary>
    /// <exception cref="PostgresException">Another upload has the same idempotency key.</exception>
    public async Task SubmitAsync(LiveJob live, SpoolUpload upload, CancellationToken cancellationToken)
    {
        SessionReservation? reservation =
            _stopping.IsCancellationRequested ? null : _budget.TryReserve(_writeOptions.SessionsPerJobMax, isReceiving: false);
        JobState state = reservation is null ? JobState.Queued : JobState.Running;
        JobRow row = _store.RowOf(upload.Manifest, _spool.Id, state, isOurs: reservation is not null);
        bool isOurs;
        try
        {
            isOurs = await _store.RegisterAsync(row, cancellationToken) && reservation is not null;
        }
        catch (Exception e) when (e is DatabaseUnavailableException || (e is not PostgresException && SqlFaults.MayPass(e)))
        {
            reservation?.Dispose();
            live.Change(r => row with { State = JobState.Queued.ToText(), WaitingFor = "database", Revision = r.Revision });
            _recovery.MissesOne();
            Log.NotRegistered(_logger, live.Id, e.Message);
            return;
        }
        catch
        {
            reservation?.Dispose();
            throw;
        }

        live.Change(_ => row);
        if (isOurs)
        {
            Start(live, upload.Share(), reservation!, isRegistered: true);
        }
        else
        {
            reservation?.Dispose(); // it waits for a session, or another instance was faster
            _work.Set();
        }
    }

    /// <summary>There may be a job to claim.</summary>
    public void Wake() => _work.Set();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _readiness.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            Task work = _work.Next;
            try
            {
                // Without its spool no job can be run, and nothing that is missing there may be taken for lost.
                if (_spool.IsThere() && await TryStartNextAsync(stoppingToken))
                {
                    continue;
                }
            }
            catch (Exception e) when (e is not OperationCanceledException and not OutOfMemoryException)
            {
                Log.ClaimFailed(_logger, e);
            }

            await Task.WhenAny(work, Task.Delay(_options.PollInterval, _time, stoppingToken));
        }
    }

    /// <summary>Stops the runs: each rolls back or finishes its chunk, and hands its job back.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await base.StopAsync(cancellationToken);
        await Task.WhenAll(_runs.Keys).WaitAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _stopping.Dispose();
        base.Dispose();
    }

    private async Task<bool> TryStartNextAsync(CancellationToken cancellationToken)
    {
        bool isAlone = _suspectSince != 0;
        SessionReservation? reservation = isAlone
            ? _budget.TryReserveAlone(_writeOptions.SessionsPerJobMax, _time.GetElapsedTime(_suspectSince) > ReceivingPatience)
            : _budget.TryReserve(_writeOptions.SessionsPerJobMax, isReceiving: false);
        if (reservation is null)
        {
            return false;
        }

        JobRow? row = null;
        try
        {
            row = await _store.ClaimNextAsync(
                _spool.Id, [_instance.Id, .. _spool.FindLivingNeighbours()], _left, isAlone, cancellationToken);
        }
        finally
        {
            if (row?.Owner != _instance.Id)
            {
                reservation.ReturnUnused(); // told of, it would wake this very loop, for ever
            }
        }

        _suspectSince = 0;
        if (row is null)
        {
            return false;
        }

        if (row.Owner != _instance.Id)
        {
            using IDisposable? scope = _logger.BeginJobScope(row.Dataset, row.Id);
            Log.WaitsToRunAlone(_logger, row.Id, row.Attempt);
            _suspectSince = _time.GetTimestamp();
            return true; // and the next turn waits until it is alone
        }

        try
        {
            await StartClaimedAsync(row, reservation, cancellationToken);
            return true;
        }
        catch
        {
            reservation.Dispose(); // the job is claimed again when its lease has run out
            throw;
        }
    }

    private async Task StartClaimedAsync(JobRow row, SessionReservation reservation, CancellationToken cancellationToken)
    {
        using IDisposable? scope = _logger.BeginJobScope(row.Dataset, row.Id);
        if (row is { CancelRequested: true, JobState: not JobState.Committing })
        {
            // Its owner was asked, and died or was stopped before it could end it.
            await EndUnrunAsync(row, reservation, JobState.Cancelled, error: null, cancellationToken);
            return;
        }

        if (row.Attempt > _options.AttemptsMax)
        {
            await GiveUpAsync(row, reservation, Faults.Poisoned(_options.AttemptsMax), cancellationToken);
            return;
        }

        if (row.Epoch > 1)
        {
            await _store.EndLeftoverSessionsAsync(WriteSession.SessionName(row.Id), cancellationToken);
        }

        SpoolUpload upload;
        try
        {
            upload = _spool.Open(row.Id);
        }
        catch (SpoolDamagedException e)
        {
            // First: what is set aside outlives the job's end, whenever this process may die.
            _spool.SetAside(row.Id, _time.GetUtcNow());
            await GiveUpAsync(row, reservation, Faults.SpoolDamaged(e, row.Id), cancellationToken);
            return;
        }
        catch (SpoolUnavailableException e)
        {
            await PostponeAsync(row, reservation, e, cancellationToken);
            return;
        }
        catch (SpoolNewerException e)
        {
            await LeaveAsync(row, reservation, e, cancellationToken);
            return;
        }

        SpoolManifest manifest = upload.Manifest;
        if (manifest.Failure is { } failure)
        {
            await upload.DisposeAsync();
            await GiveUpAsync(row, reservation, failure, cancellationToken);
            return;
        }

        LiveJob live = new(row, new SpoolUploadKind(manifest.Format, manifest.Delimiter), manifest.RecordBytesMax, _time);
        _liveJobs.Add(live);
        Start(live, upload, reservation, isRegistered: true);
    }

    /// <summary>
    /// A newer version has taken the upload, and will load it: it is handed back, and passed over from here on.
    /// </summary>
    private async Task LeaveAsync(
        JobRow row, SessionReservation reservation, SpoolNewerException newer, CancellationToken cancellationToken)
    {
        if (_left.Count == LeftMax)
        {
            await PostponeAsync(row, reservation, newer, cancellationToken);
            return;
        }

        reservation.Dispose();
        _left.Add(row.Id);
        await _store.HandBackAsync(row.Id, row.Epoch, cancellationToken);
        _liveJobs.Tell(row.Id);
        Log.Left(_logger, row.Id, newer.Message);
    }

    /// <summary>Its files cannot be read now. Somebody may have asked for its end meanwhile: that needs no file.</summary>
    private async Task PostponeAsync(
        JobRow row, SessionReservation reservation, Exception fault, CancellationToken cancellationToken)
    {
        reservation.Dispose();
        await (row.CancelRequested
            ? _store.EndAsync(row.Id, row.Epoch, JobState.Cancelled, error: null, row.UploadColumns, cancellationToken)
            : _store.PostponeAsync(row.Id, row.Epoch, cancellationToken));
        _liveJobs.Tell(row.Id);
        Log.Postponed(_logger, row.Id, fault.Message);
    }

    private async Task GiveUpAsync(
        JobRow row, SessionReservation reservation, Problem problem, CancellationToken cancellationToken)
    {
        await EndUnrunAsync(row, reservation, JobState.Failed, Faults.ToJson(problem), cancellationToken);
        Log.GivenUp(_logger, row.Id, LogScopes.OneLine(row.Source), problem.Code, LogScopes.OneLine(problem.Detail));
    }

    private async Task EndUnrunAsync(
        JobRow row, SessionReservation reservation, JobState state, string? error, CancellationToken cancellationToken)
    {
        reservation.Dispose();
        await _store.EndAsync(row.Id, row.Epoch, state, error, row.UploadColumns, cancellationToken);
        _spool.DeleteOrLeave(row.Id);
        _liveJobs.Tell(row.Id);
    }

    private void Start(LiveJob live, SpoolUpload upload, SessionReservation reservation, bool isRegistered)
    {
        live.Follow(upload);
        live.Run = RunAsync(live, upload, reservation, isRegistered);
        _runs.TryAdd(live.Run, true);
        live.Run.ContinueWith(
            run => _runs.TryRemove(run, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    private async Task RunAsync(LiveJob live, SpoolUpload upload, SessionReservation reservation, bool isRegistered)
    {
        await Task.Yield();
        await _runner.RunAsync(live, upload, reservation, isRegistered, _stopping.Token);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Job {JobId} is durable but not registered yet; it waits in the spool for the database: {Reason}")]
        public static partial void NotRegistered(ILogger logger, Guid jobId, string reason);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Job {JobId} has ended its process {Attempts} times; its last attempt begins when nothing else runs here.")]
        public static partial void WaitsToRunAlone(ILogger logger, Guid jobId, int attempts);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId} is left to a newer PipelineService. {Reason}")]
        public static partial void Left(ILogger logger, Guid jobId, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "Job {JobId} waits for the spool: {Reason}")]
        public static partial void Postponed(ILogger logger, Guid jobId, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "The next job could not be started; it is tried again.")]
        public static partial void ClaimFailed(ILogger logger, Exception exception);

        [LoggerMessage(Level = LogLevel.Error, Message = "Job {JobId} from {Source} is given up, {Code}: {Reason}")]
        public static partial void GivenUp(ILogger logger, Guid jobId, string source, string code, string reason);
    }
}
