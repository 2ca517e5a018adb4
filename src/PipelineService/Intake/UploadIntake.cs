using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Access.Limits;
using PipelineService.Datasets;
using PipelineService.Jobs;
using PipelineService.Spool;

namespace PipelineService.Intake;

/// <summary>What became of an upload: its job, and whether an earlier upload with the same key had made it.</summary>
public readonly record struct UploadReceipt(JobRow Job, bool IsReplay);

/// <summary>
/// Stage 1: decides whether an upload is received: 1. whether it fits, 2. whether there is room, 3. whether it is new.
/// </summary>
public sealed class UploadIntake(
    UploadReception reception,
    EarlierUploads earlierUploads,
    BodyReceiver receiver,
    ISpool spool,
    IOptions<IntakeOptions> options,
    IHostApplicationLifetime lifetime)
{
    private readonly ConcurrentDictionary<(string Dataset, string Key), bool> _keysArriving = new();
    private int _arriving;

    /// <exception cref="UploadRefusedException">It is not taken; nothing of it is left.</exception>
    public async Task<UploadReceipt> TakeAsync(
        DatasetVersion dataset, UploadRequest request, HttpRequest http, CancellationToken requestAborted)
    {
        // 1. What can be refused before a byte of the body is read.
        RefuseWhatCannotFit(http.ContentLength);

        // 2. A place among those that arrive.
        if (Interlocked.Increment(ref _arriving) > options.Value.UploadsMax)
        {
            Interlocked.Decrement(ref _arriving);
            throw new UploadRefusedException(UploadProblems.TooManyUploads(options.Value.UploadsMax));
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(requestAborted, lifetime.ApplicationStopping);
        try
        {
            // 3. The body, or the job that was made of it before.
            return request.IdempotencyKey is string key
                ? await TakeOnceAsync(dataset, key, request, http, stop.Token)
                : new UploadReceipt(await reception.ReceiveAsync(dataset, request, http, stop.Token), IsReplay: false);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            throw new UploadRefusedException(UploadProblems.ShuttingDown);
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
            throw new UploadRefusedException(UploadProblems.TooLarge(options.Value.BodyBytesMax));
        }

        bool hasRoom;
        try
        {
            hasRoom = spool.HasRoomFor(contentLength ?? 0);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            throw reception.RefusedBy(e);
        }

        if (!hasRoom)
        {
            throw new UploadRefusedException(UploadProblems.SpoolFull("The spool's quota or disk does not hold the upload."));
        }
    }

    /// <summary>An upload with a key: the same key and the same bytes are the same job.</summary>
    private async Task<UploadReceipt> TakeOnceAsync(
        DatasetVersion dataset, string key, UploadRequest request, HttpRequest http, CancellationToken cancellationToken)
    {
        if (!_keysArriving.TryAdd((dataset.Name, key), true))
        {
            throw new UploadRefusedException(UploadProblems.KeyInUse);
        }

        try
        {
            if (await earlierUploads.FindAsync(dataset, key, cancellationToken) is { } earlier)
            {
                string sha256 = await receiver.DigestAsync(
                    http.BodyReader, http.HttpContext.Features.Get<BodyMeter>(), cancellationToken);
                return new UploadReceipt(KeyReplay.Of(earlier, sha256, dataset.Version, request.Replaces), IsReplay: true);
            }

            try
            {
                return new UploadReceipt(
                    await reception.ReceiveAsync(dataset, request, http, cancellationToken), IsReplay: false);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                // Another instance took an upload with this key while this one arrived.
                throw new UploadRefusedException(UploadProblems.KeyInUse);
            }
        }
        finally
        {
            _keysArriving.TryRemove((dataset.Name, key), out _);
        }
    }
}
