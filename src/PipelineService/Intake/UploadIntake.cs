using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Npgsql;
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
    public Task<UploadReceipt> TakeAsync(
        DatasetVersion dataset, UploadRequest request, HttpRequest http, CancellationToken requestAborted) => AdmitAsync(
            http.ContentLength,

            // 3. The body, or the job that was made of it before.
            async stop => request.IdempotencyKey is string key
                ? await TakeOnceAsync(dataset, key, request, UploadBody.Of(http), stop)
                : new UploadReceipt(await reception.ReceiveAsync(dataset, request, UploadBody.Of(http), stop), IsReplay: false),
            requestAborted);

    /// <summary>Has a request received, if it may be.</summary>
    /// <param name="contentLength">Of its body, if that was announced.</param>
    /// <inheritdoc cref="TakeAsync" path="/exception"/>
    internal async Task<T> AdmitAsync<T>(
        long? contentLength, Func<CancellationToken, Task<T>> take, CancellationToken requestAborted)
    {
        // 1. What can be refused before a byte of the body is read.
        RefuseWhatCannotFit(contentLength);

        // 2. A place among those that arrive.
        if (Interlocked.Increment(ref _arriving) > options.Value.UploadsMax)
        {
            Interlocked.Decrement(ref _arriving);
            throw new UploadRefusedException(UploadProblems.TooManyUploads(options.Value.UploadsMax));
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(requestAborted, lifetime.ApplicationStopping);
        try
        {
            return await take(stop.Token);
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
    private Task<UploadReceipt> TakeOnceAsync(
        DatasetVersion dataset, string key, UploadRequest request, UploadBody body, CancellationToken cancellationToken) => OnceAsync(
            dataset.Name,
            key,
            async () => await FindReplayAsync(dataset, key, request, body, cancellationToken) is { } earlier
                ? new UploadReceipt(earlier, IsReplay: true)
                : new UploadReceipt(await reception.ReceiveAsync(dataset, request, body, cancellationToken), IsReplay: false));

    /// <summary>The job that was made of an upload before, when it has come to its end once more.</summary>
    /// <exception cref="UploadRefusedException">The key stands for other bytes, or for a job that is no answer.</exception>
    internal async Task<JobRow?> FindReplayAsync(
        DatasetVersion dataset, string key, UploadRequest request, UploadBody body, CancellationToken cancellationToken) =>
        await earlierUploads.FindAsync(dataset, key, cancellationToken) is { } earlier
            ? KeyReplay.Of(
                earlier, await receiver.DigestAsync(body, cancellationToken), dataset.Version, request.Replaces)
            : null;

    /// <summary>Nobody else brings something under the same key meanwhile.</summary>
    internal async Task<T> OnceAsync<T>(string dataset, string key, Func<Task<T>> take)
    {
        if (!_keysArriving.TryAdd((dataset, key), true))
        {
            throw new UploadRefusedException(UploadProblems.KeyInUse);
        }

        try
        {
            return await take();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Another instance took an upload with this key while this one arrived.
            throw new UploadRefusedException(UploadProblems.KeyInUse);
        }
        finally
        {
            _keysArriving.TryRemove((dataset, key), out _);
        }
    }
}
