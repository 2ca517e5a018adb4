using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Datasets;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;

namespace PipelineService.Intake;

/// <summary>What became of an upload: its job, and whether an earlier upload with the same key had made it.</summary>
public readonly record struct UploadReceipt(JobRow Job, bool IsReplay);

/// <summary>
/// Takes one upload from its first header to a durable job. The order of an acknowledgement: write, flush the data, write
/// the manifest, flush the directory, register the job, answer.
/// </summary>
public sealed partial class UploadIntake(
    BodyReceiver receiver,
    JobStarter starter,
    JobStore store,
    LiveJobs liveJobs,
    SpoolDirectory spool,
    SpoolRecovery recovery,
    PipelineMetrics metrics,
    IOptions<IntakeOptions> options,
    IOptions<SpoolOptions> spoolOptions,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<UploadIntake> logger)
{
    private static readonly TimeSpan TakeBackPatience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<(string Dataset, string Key), bool> _keysArriving = new();
    private int _arriving;

    /// <exception cref="UploadRefusedException">It is not taken; nothing of it is left.</exception>
    public async Task<UploadReceipt> TakeAsync(
        DatasetVersion dataset, UploadRequest request, HttpRequest http, CancellationToken requestAborted)
    {
        // 1. What can be refused before a byte of the body is read.
        RefuseWhatCannotFit(http.ContentLength);

        if (Interlocked.Increment(ref _arriving) > options.Value.UploadsMax)
        {
            Interlocked.Decrement(ref _arriving);
            throw new UploadRefusedException(UploadRefusal.TooManyUploads(options.Value.UploadsMax));
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(requestAborted, lifetime.ApplicationStopping);
        try
        {
            return request.IdempotencyKey is string key
                ? await TakeOnceAsync(dataset, key, request, http, stop.Token)
                : await TakeNewAsync(dataset, request, http, stop.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new UploadRefusedException(UploadRefusal.ShuttingDown);
        }
        finally
        {
            Interlocked.Decrement(ref _arriving);
        }
    }

    private void RefuseWhatCannotFit(long? contentLength)
    {
        if (contentLength > options.Value.BodyBytesMax)
        {
            throw new UploadRefusedException(UploadRefusal.TooLarge(options.Value.BodyBytesMax));
        }

        bool hasRoom;
        try
        {
            hasRoom = spool.HasRoomFor(contentLength ?? 0);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            throw RefusedBy(e);
        }

        if (!hasRoom)
        {
            throw new UploadRefusedException(UploadRefusal.SpoolFull("The spool's quota or disk does not hold the upload."));
        }
    }

    /// <summary>An upload with a key: the same key and the same bytes are the same job.</summary>
    private async Task<UploadReceipt> TakeOnceAsync(
        DatasetVersion dataset, string key, UploadRequest request, HttpRequest http, CancellationToken cancellationToken)
    {
        if (!_keysArriving.TryAdd((dataset.Name, key), true))
        {
            throw new UploadRefusedException(UploadRefusal.KeyInUse);
        }

        try
        {
            if (await FindByKeyAsync(dataset, key, cancellationToken) is { } earlier)
            {
                string sha256 = await receiver.DigestAsync(http.BodyReader, cancellationToken);
                return new UploadReceipt(KeyReplay.Of(earlier, sha256, dataset.Version), IsReplay: true);
            }

            try
            {
                return await TakeNewAsync(dataset, request, http, cancellationToken);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                // Another instance took an upload with this key while this one arrived.
                throw new UploadRefusedException(UploadRefusal.KeyInUse);
            }
        }
        finally
        {
            _keysArriving.TryRemove((dataset.Name, key), out _);
        }
    }

    private async Task<JobRow?> FindByKeyAsync(DatasetVersion dataset, string key, CancellationToken cancellationToken)
    {
        try
        {
            bool knowsAll = recovery.IsComplete; // before the look: what is registered meanwhile is then seen here or there
            JobRow? job = await store.FindByKeyAsync(dataset.Name, dataset.Version, key, cancellationToken);
            return job is null && !knowsAll ? FindInSpool(dataset.Name, key) : job;
        }
        catch (DatabaseUnavailableException)
        {
            return FindInSpool(dataset.Name, key);
        }
    }

    /// <summary>What the spool holds is known without the database.</summary>
    private JobRow? FindInSpool(string dataset, string key) => spool.FindByKey(dataset, key) is { } manifest
        ? store.RowOf(manifest, spool.Id, JobState.Queued, isOurs: false) with { WaitingFor = "database" }
        : null;

    private async Task<UploadReceipt> TakeNewAsync(
        DatasetVersion dataset, UploadRequest request, HttpRequest http, CancellationToken cancellationToken)
    {
        DateTimeOffset created = time.GetDatabaseNow();
        var id = Guid.CreateVersion7(created);
        using IDisposable? scope = logger.BeginJobScope(dataset.Name, id);
        LiveJob live = new(
            NewRow(id, dataset, request, created), dataset.Definition.Load.Table.Quoted, request.Kind,
            spoolOptions.Value.RecordBytesMax, time)
        {
            AnnouncedBytes = http.ContentLength,
            Request = Activity.Current?.Context ?? default,
        };
        await using SpoolUpload upload = Create(id);
        live.Follow(upload);
        liveJobs.Add(live);
        bool isAccepted = false;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, live.CancelRequested);
        try
        {
            // 2. The body, to the spool.
            await receiver.ReceiveAsync(http.BodyReader, upload, live, stop.Token);
            stop.Token.ThrowIfCancellationRequested();

            // 3. Is it what the sender meant to send?
            string sha256 = upload.FinishDigest();
            foreach ((string header, string expected) in request.Digests)
            {
                if (expected != sha256)
                {
                    throw new UploadRefusedException(UploadRefusal.DigestMismatch(header, sha256));
                }
            }

            // 4. Durable: from here on a crash loses nothing.
            SpoolManifest manifest = ManifestOf(id, dataset, request, upload, sha256, created);
            await upload.SealAsync(manifest);

            isAccepted = true;

            // 5. Registered, and started when there is a session for it. Not cancelled any more: the upload is taken.
            await RegisterAsync(live, upload);
            metrics.UploadReceived(dataset.Name, request.Source, manifest.UploadBytes);
            Log.Received(logger, id, dataset.Name, manifest.UploadBytes);
            FaultPoints.Reach(FaultPoint.Answering);
            return new UploadReceipt(live.Current, IsReplay: false);
        }
        catch (OperationCanceledException) when (live.CancelRequested.IsCancellationRequested)
        {
            throw new UploadRefusedException(UploadRefusal.Cancelled(id));
        }
        catch (Exception e) when (!isAccepted && SpoolUnavailableException.IsFault(e))
        {
            throw RefusedBy(e);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            isAccepted = false; // the key is another upload's
            throw;
        }
        finally
        {
            if (!isAccepted)
            {
                await RefuseAsync(live, upload);
            }
            else if (live.Run.IsCompleted)
            {
                // It waits in the queue, or has ended already: cancelled while its last bytes came, its run knew no file to remove.
                if (live.Current.JobState.IsFinal())
                {
                    spool.DeleteOrLeave(id);
                }

                liveJobs.Remove(live);
            }
        }
    }

    private SpoolUpload Create(Guid id)
    {
        try
        {
            return spool.Create(id);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            throw RefusedBy(e);
        }
    }

    private UploadRefusedException RefusedBy(Exception spoolFault)
    {
        Log.SpoolUnusable(logger, spoolFault);
        return new UploadRefusedException(UploadRefusal.Of(spoolFault));
    }

    private async Task RegisterAsync(LiveJob live, SpoolUpload upload)
    {
        if (live.Current.Owner is null)
        {
            await starter.SubmitAsync(live, upload, CancellationToken.None);
            return;
        }

        // Its run has been loading it while it arrived; the row learns that it is complete.
        JobRow row = store.RowOf(upload.Manifest, spool.Id, JobState.Running, isOurs: true);
        live.Change(r => r.JobState == JobState.Receiving
            ? r with { State = row.State, UploadComplete = true, UploadBytes = row.UploadBytes, UploadSha256 = row.UploadSha256, ReceivedAt = row.ReceivedAt }
            : r);
        try
        {
            await store.RegisterAsync(row, CancellationToken.None);
        }
        catch (DatabaseUnavailableException)
        {
            // The run registers it when the database is back: its end writes the whole row.
        }
    }

    /// <summary>Leaves nothing: whoever loads the upload is told to roll back, and the file goes with the last user.</summary>
    private async Task RefuseAsync(LiveJob live, SpoolUpload upload)
    {
        upload.Abandon();
        try
        {
            await live.Run.WaitAsync(TakeBackPatience, time);
        }
        catch (TimeoutException)
        {
            // The database is away: the run removes what is left when it is back.
        }

        liveJobs.Remove(live);
        if (upload.IsSealed)
        {
            spool.DeleteOrLeave(live.Id);
        }
    }

    private JobRow NewRow(Guid id, DatasetVersion dataset, UploadRequest request, DateTimeOffset created) => new()
    {
        Id = id,
        Dataset = dataset.Name,
        DatasetVersion = dataset.Version,
        State = JobState.Receiving.ToText(),
        Source = request.Source,
        ContentType = request.ContentType,
        IdempotencyKey = request.IdempotencyKey,
        CreatedAt = created.UtcDateTime,
        Spool = spool.Id,
    };

    private SpoolManifest ManifestOf(
        Guid id, DatasetVersion dataset, UploadRequest request, SpoolUpload upload, string sha256,
        DateTimeOffset created)
    {
        Problem? failure = upload.TakeFailure(); // first: it decides which bytes there are
        return new()
        {
            JobId = id,
            Spool = spool.Id,
            Dataset = dataset.Name,
            DatasetVersion = dataset.Version,
            Format = request.Kind.Format,
            Delimiter = request.Kind.Delimiter,
            Source = request.Source,
            ContentType = request.ContentType,
            IdempotencyKey = request.IdempotencyKey,
            UploadBytes = upload.Received,
            Sha256 = sha256,
            DataBytes = upload.Length,
            Failure = failure,
            Blocks = upload.FinishChecksums(),
            RecordBytesMax = spoolOptions.Value.RecordBytesMax,
            TraceParent = Activity.Current?.Id,
            CreatedAt = created,
            ReceivedAt = time.GetDatabaseNow(),
        };
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Upload for {Dataset} received as job {JobId}: {Bytes} bytes.")]
        public static partial void Received(ILogger logger, Guid jobId, string dataset, long bytes);

        [LoggerMessage(Level = LogLevel.Error, Message = "The spool does not take an upload; it is refused.")]
        public static partial void SpoolUnusable(ILogger logger, Exception exception);
    }
}
