using System.Diagnostics;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Jobs;
using PipelineService.Datasets;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;
using PipelineService.Spool.Decoding;

namespace PipelineService.Intake;

/// <summary>
/// Stage 1: receives one upload, from the first byte of its body to a durable job. The order of an acknowledgement: bytes and
/// manifest durable, never the manifest before its bytes; register the job; answer.
/// </summary>
public sealed partial class UploadReception(
    BodyReceiver receiver,
    JobStarter starter,
    LiveJobs liveJobs,
    ISpool spool,
    UploadRelease releases,
    ReplacementCheck replacements,
    PipelineMetrics metrics,
    IOptions<SpoolOptions> spoolOptions,
    TimeProvider time,
    ILogger<UploadReception> logger)
{
    /// <summary>The request of an upload that is to be received.</summary>
    /// <exception cref="UploadRefusedException">It is not taken; nothing of it is left.</exception>
    /// <exception cref="PostgresException">Its idempotency key is another upload's; nothing of it is left.</exception>
    public async Task<JobRow> ReceiveAsync(
        DatasetVersion dataset, UploadRequest request, UploadBody body, CancellationToken cancellationToken)
    {
        await using ArrivingUpload arriving = await ReceiveBodyAsync(dataset, request, body, cancellationToken);
        await SealAsync(arriving, dataset, request, body.Actor, cancellationToken);
        return await SubmitAsync(arriving, dataset, request);
    }

    /// <summary>1. The body, to the spool. Whoever is given the upload disposes of it.</summary>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    internal async Task<ArrivingUpload> ReceiveBodyAsync(
        DatasetVersion dataset, UploadRequest request, UploadBody body, CancellationToken cancellationToken)
    {
        await RefuseUnreplaceableAsync(request, dataset.Name, cancellationToken);
        DateTimeOffset created = time.GetDatabaseNow();
        var id = Guid.CreateVersion7(created);
        using IDisposable? scope = logger.BeginJobScope(dataset.Name, id);
        ArrivingUpload arriving = Begin(id, dataset, request, body.AnnouncedBytes, created);
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, arriving.Live.CancelRequested);
            await RefusingAsync(arriving, request, () => receiver.ReceiveAsync(body, arriving.Writer, arriving.Live, stop.Token));
            return arriving;
        }
        catch
        {
            await arriving.DisposeAsync();
            throw;
        }
    }

    /// <summary>2. Durable, if it is what its sender meant to send: from here on a crash loses nothing.</summary>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    internal async Task SealAsync(
        ArrivingUpload arriving, DatasetVersion dataset, UploadRequest request, AuditActor actor, CancellationToken cancellationToken)
    {
        using IDisposable? scope = logger.BeginJobScope(dataset.Name, arriving.Live.Id);
        arriving.SealingSince = time.GetTimestamp();
        await RefusingAsync(arriving, request, async () =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            arriving.Live.CancelRequested.ThrowIfCancellationRequested();
            await SealAsync(arriving, dataset, request, actor);
        });
    }

    /// <summary>3. Registered, and started when there is a session for it. Not cancelled any more: the upload is taken.</summary>
    /// <inheritdoc cref="ReceiveAsync" path="/exception"/>
    internal async Task<JobRow> SubmitAsync(ArrivingUpload arriving, DatasetVersion dataset, UploadRequest request)
    {
        using IDisposable? scope = logger.BeginJobScope(dataset.Name, arriving.Live.Id);
        await RefusingAsync(arriving, request, () => starter.SubmitAsync(arriving.Live, arriving.Writer));
        long bytes = arriving.Writer.Growth.Received;
        metrics.UploadReceived(dataset.Name, request.Source, bytes);
        metrics.UploadTaken(time.GetElapsedTime(arriving.SealingSince));
        Log.Received(logger, arriving.Live.Id, dataset.Name, bytes);
        FaultPoints.Reach(FaultPoint.Answering);
        return arriving.Live.Current;
    }

    /// <summary>A step of it, with what its failure means for the sender.</summary>
    private async Task RefusingAsync(ArrivingUpload arriving, UploadRequest request, Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (OperationCanceledException) when (arriving.Live.CancelRequested.IsCancellationRequested)
        {
            throw new UploadRefusedException(UploadProblems.Cancelled(arriving.Live.Id));
        }
        catch (Exception e) when (!arriving.IsTaken && SpoolUnavailableException.IsFault(e))
        {
            throw RefusedBy(e);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            arriving.IsTaken = false; // the key is another upload's
            throw;
        }
        catch (PostgresException e) when (e.SqlState == JobSql.ReplacementRefused)
        {
            arriving.IsTaken = false; // another was faster
            throw new UploadRefusedException(JobProblems.NoLongerReplaceable(request.Replaces!.Value));
        }
        catch (PostgresException e) when (e.SqlState == JobSql.TakenBefore)
        {
            arriving.IsTaken = false; // another instance, or the process before this one
            throw;
        }
    }

    private async Task RefuseUnreplaceableAsync(UploadRequest request, string dataset, CancellationToken cancellationToken)
    {
        if (request.Replaces is { } job
            && (await replacements.FindAsync(job, dataset, request.Caller, cancellationToken)).Problem is { } problem)
        {
            throw new UploadRefusedException(problem);
        }
    }

    /// <summary>What an error of the spool means for a sender, told to the operator too.</summary>
    public UploadRefusedException RefusedBy(Exception spoolFault)
    {
        Log.SpoolUnusable(logger, spoolFault);
        return new UploadRefusedException(UploadProblems.Of(spoolFault));
    }

    private ArrivingUpload Begin(
        Guid id, DatasetVersion dataset, UploadRequest request, long? announcedBytes, DateTimeOffset created)
    {
        JobRow row = new()
        {
            Id = id,
            Dataset = dataset.Name,
            DatasetVersion = dataset.Version,
            State = JobState.Receiving.ToText(),
            Source = request.Source,
            Tenant = dataset.Tenant,
            KeyId = request.Caller.KeyId,
            ContentType = request.ContentType,
            ContentEncoding = ContentCodings.Write(request.Codings),
            IdempotencyKey = request.IdempotencyKey,
            CreatedAt = created.UtcDateTime,
            Spool = spool.Id,
            KeepUpload = dataset.Definition.Load.KeepUpload,
            Batch = request.Batch,
            Replaces = request.Replaces,
            Taken = request.Taken,
        };
        LiveJob live = new(row, dataset.Definition.Load.Table.Quoted, request.Kind, spoolOptions.Value.RecordBytesMax, time)
        {
            AnnouncedBytes = announcedBytes,
            ReplacesAll = dataset.Definition.Load.Mode == LoadMode.Replace,
            LooksUp = dataset.Definition.Transforms.Any(op => op is ExternalOp),
            IsProfiled = dataset.Definition.IsProfiled,
            Codings = new UploadCodings(request.Codings, UploadCodings.Of(request.Compression)) { OfText = request.Encoding },
            Request = Activity.Current?.Context ?? default,
        };
        try
        {
            return new ArrivingUpload(live, spool.Create(id), liveJobs, releases, time);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            throw RefusedBy(e);
        }
    }

    private async Task SealAsync(ArrivingUpload arriving, DatasetVersion dataset, UploadRequest request, AuditActor actor)
    {
        SpooledBytes bytes = arriving.Writer.Finish();
        foreach ((string header, string expected) in request.Digests)
        {
            if (expected != bytes.Sha256)
            {
                throw new UploadRefusedException(UploadProblems.DigestMismatch(header, bytes.Sha256));
            }
        }

        await arriving.Writer.SealAsync(new SpoolManifest
        {
            UploadId = arriving.Writer.Id,
            Spool = spool.Id,
            Dataset = dataset.Name,
            DatasetVersion = dataset.Version,
            Format = request.Kind.Format,
            Delimiter = request.Kind.Delimiter,
            Source = request.Source,
            Tenant = dataset.Tenant,
            KeyId = request.Caller.KeyId,
            ContentType = request.ContentType,
            ContentEncoding = ContentCodings.Write(request.Codings),
            Compression = request.Compression,
            Encoding = request.Encoding.IsUtf8 ? null : request.Encoding.Name,
            IdempotencyKey = request.IdempotencyKey,
            Batch = request.Batch,
            Replaces = request.Replaces,
            Taken = request.Taken,
            KeepUpload = dataset.Definition.Load.KeepUpload,
            Actor = actor,
            UploadBytes = bytes.Received,
            Sha256 = bytes.Sha256,
            DataBytes = bytes.Kept,
            Failure = bytes.Failure,
            Blocks = bytes.Blocks,
            RecordBytesMax = arriving.Live.RecordBytesMax,
            TraceParent = Activity.Current?.Id,
            CreatedAt = arriving.Live.Current.CreatedAt,
            ReceivedAt = time.GetDatabaseNow(),
        });
        arriving.IsTaken = true;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "Upload for {Dataset} received as job {JobId}: {Bytes} bytes.")]
        public static partial void Received(ILogger logger, Guid jobId, string dataset, long bytes);

        [LoggerMessage(Level = LogLevel.Error, Message = "The spool does not take an upload; it is refused.")]
        public static partial void SpoolUnusable(ILogger logger, Exception exception);
    }
}
