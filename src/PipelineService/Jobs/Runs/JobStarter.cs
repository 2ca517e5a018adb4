using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Tenants;
using PipelineService.Spool;
using PipelineService.Spool.Conversion;
using PipelineService.Write;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// Starts jobs, and knows all that run here: uploads that arrive here are started at once where a session is free for their
/// table; the others wait in the queue.
/// </summary>
public sealed partial class JobStarter(
    JobStore store,
    JobRegistrar registrar,
    JobRunner runner,
    SmallJobs small,
    SessionBudget budget,
    WaitingBytes waiting,
    SpoolRecovery recovery,
    ISpool spool,
    UploadConversions conversions,
    Instance instance,
    DatabaseReadiness readiness,
    IOptions<SpoolOptions> spoolOptions,
    IOptions<WriteOptions> writeOptions,
    ILogger<JobStarter> logger) : IDisposable
{
    private const int UsualRatio = 10;

    private readonly ConcurrentDictionary<Task, bool> _runs = new();
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Told when an upload of this instance waits in the queue.</summary>
    public event Action? Queued;

    /// <summary>
    /// Starts to load an upload that is still arriving, when sessions are free for that. Its row is registered by the run.
    /// </summary>
    /// <returns>False when it has to wait until it has arrived.</returns>
    public bool TryStartReceiving(LiveJob live, SpoolWriter upload)
    {
        if (live.IsConverted)
        {
            conversions.Prepare(live.Kind.Format);
            return false;
        }

        // One that takes the place of others waits until it has arrived: it removes rows first, and a slow sender would hold them. So does
        // one that a source takes: whether somebody else has taken it is known when its row is registered, and no row of it may land
        // before.
        if (live.Current.Replaces is not null || live.Current.Taken is not null || live.ReplacesAll || _stopping.IsCancellationRequested || !readiness.IsReady
            || budget.TryReserve(live.Wish(live.AnnouncedBytes), writeOptions.Value.SessionsPerJobMax, isReceiving: true) is not { } reservation)
        {
            return false;
        }

        live.Change(row => row with { Owner = instance.Id, Epoch = 1, Attempt = 1, StartedAt = store.Now });
        Start(live, upload.Follow(), reservation, isRegistered: false);
        return true;
    }

    /// <summary>
    /// Takes over a sealed upload: registers its row, and starts it when a session is free. When the database is away the
    /// upload waits in the spool, where recovery finds it.
    /// </summary>
    /// <exception cref="PostgresException">
    /// Another upload has the same idempotency key, or another job takes the place of the one that it is to replace, or a source has taken
    /// it before.
    /// </exception>
    public Task SubmitAsync(LiveJob live, SpoolWriter upload) => live.Current.Owner is null
        ? SubmitWaitingAsync(live, upload)
        : CompleteAsync(live, upload);

    /// <summary>Its run has been loading it while it arrived; the row learns that it is complete.</summary>
    private async Task CompleteAsync(LiveJob live, SpoolWriter upload)
    {
        JobRow row = store.RowOf(upload.Growth.Manifest, spool.Id, JobState.Running, isOurs: true);
        live.Change(r => r.JobState == JobState.Receiving
            ? r with
            {
                State = row.State,
                UploadComplete = true,
                UploadBytes = row.UploadBytes,
                UploadSha256 = row.UploadSha256,
                ReceivedAt = row.ReceivedAt,
            }
            : r);
        try
        {
            await registrar.RegisterAsync(row, UploadEntry.Of(upload.Growth.Manifest));
        }
        catch (DatabaseUnavailableException)
        {
            // The run registers it when the database is back: its end writes the whole row.
        }
    }

    private async Task SubmitWaitingAsync(LiveJob live, SpoolWriter upload)
    {
        bool isSmall = !_stopping.IsCancellationRequested && small.Takes(live, upload.Growth.Length);
        SessionReservation? reservation = _stopping.IsCancellationRequested || isSmall
            ? null
            : budget.TryReserve(live.Wish(upload.Growth.Length), SessionsFor(live, upload.Growth.Length), isReceiving: false);
        bool starts = isSmall || reservation is not null;
        JobRow row = store.RowOf(
            upload.Growth.Manifest, spool.Id, starts ? JobState.Running : JobState.Queued, isOurs: starts);
        bool isOurs;
        try
        {
            isOurs = await registrar.RegisterAsync(row, UploadEntry.Of(upload.Growth.Manifest)) && starts;
        }
        catch (Exception e) when (e is DatabaseUnavailableException || (e is not PostgresException && SqlFaults.MayPass(e)))
        {
            reservation?.Dispose();
            live.Change(r => row with { State = JobState.Queued.ToText(), WaitingFor = "database", Revision = r.Revision });
            recovery.MissesOne();
            Log.NotRegistered(logger, live.Id, e.Message);
            return;
        }
        catch (Exception e)
        {
            reservation?.Dispose();
            if (e is not PostgresException { SqlState: PostgresErrorCodes.UniqueViolation or JobSql.ReplacementRefused or JobSql.TakenBefore })
            {
                recovery.LookAgain(); // it is durable, and has no row
            }

            throw;
        }

        live.Change(_ => row);
        if (isOurs && isSmall)
        {
            Begin(live, upload.Follow(), reader => small.RunAsync(live, reader, _stopping.Token));
        }
        else if (isOurs)
        {
            Start(live, upload.Follow(), reservation!, isRegistered: true);
        }
        else
        {
            reservation?.Dispose(); // it waits for a session, or another instance was faster
            TellQueued(row);
        }
    }

    /// <summary>A job was registered that waits in the queue: from now on its party has a turn.</summary>
    public void TellQueued(JobRow row)
    {
        budget.Await(row.Party);
        waiting.Add(row.Party, row.UploadBytes);
        Queued?.Invoke();
    }

    /// <summary>One for an upload of one chunk: more would only be taken from others. Of a compressed one that is a guess.</summary>
    private int SessionsFor(LiveJob live, long bytes) =>
        bytes <= spoolOptions.Value.ChunkBytes / (live.Codings.IsNone && !live.IsConverted ? 1 : UsualRatio) ? 1 : writeOptions.Value.SessionsPerJobMax;

    /// <summary>Starts a job, and with it takes over the upload and the reservation.</summary>
    public void Start(LiveJob live, SpoolReader upload, SessionReservation reservation, bool isRegistered) =>
        Begin(live, upload, reader => runner.RunAsync(live, reader, reservation, isRegistered, _stopping.Token));

    private void Begin(LiveJob live, SpoolReader upload, Func<SpoolReader, Task> run)
    {
        live.Follow(upload.Growth);
        live.Run = RunAsync(upload, run);
        _runs.TryAdd(live.Run, true);
        live.Run.ContinueWith(
            run => _runs.TryRemove(run, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    /// <summary>
    /// Stops the runs: each rolls back or finishes its chunk, and hands its job back. From here on none is started.
    /// </summary>
    public Task StopAsync() => _stopping.CancelAsync();

    public Task WhenIdleAsync(CancellationToken cancellationToken) => Task.WhenAll(_runs.Keys).WaitAsync(cancellationToken);

    public void Dispose() => _stopping.Dispose();

    private static async Task RunAsync(SpoolReader upload, Func<SpoolReader, Task> run)
    {
        await Task.Yield();
        await run(upload);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Job {JobId} is durable but not registered yet; it waits in the spool for the database: {Reason}")]
        public static partial void NotRegistered(ILogger logger, Guid jobId, string reason);
    }
}
