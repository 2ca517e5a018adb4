using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;
using PipelineService.Access.Limits;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;

namespace PipelineService.Intake;

/// <summary>
/// Stage 1: copies the body of an upload from the connection to the spool, digesting it on the way. Never holds more of it
/// than the connection's own buffer, and never waits for the database.
/// </summary>
public sealed class BodyReceiver(JobStarter starter, IOptions<IntakeOptions> options)
{
    private readonly IntakeOptions _options = options.Value;

    /// <summary>
    /// Receives the whole body; from some size on it is loaded while it arrives. When that fails the rest is only read:
    /// its sender is answered at the end.
    /// </summary>
    /// <exception cref="UploadRefusedException">
    /// The body broke off, is too large, too slow or malformed, or does not fit.
    /// </exception>
    /// <exception cref="IOException">The disk of the spool does not take it.</exception>
    /// <exception cref="OperationCanceledException">The sender has gone, or the service stops.</exception>
    public async Task ReceiveAsync(UploadBody from, SpoolWriter upload, LiveJob live, CancellationToken cancellationToken)
    {
        PipeReader body = from.Reader;

        // Not by a token in each read: Kestrel would be left with a read that never ends when it drains the body.
        await using CancellationTokenRegistration cancel = CancelReadsOn(body, cancellationToken);
        List<ReadOnlyMemory<byte>> segments = [];
        bool isLoading = false;
        long nextTry = _options.LoadAfterBytes;
        while (true)
        {
            ReadResult read = await ReadAsync(body, upload, cancellationToken);
            ReadOnlySequence<byte> bytes = read.Buffer;
            try
            {
                if (!bytes.IsEmpty)
                {
                    Measure(from.Meter, bytes.Length);
                    await AppendAsync(upload, bytes, segments, cancellationToken);
                }
            }
            finally
            {
                // Also when it is refused: the server reads the rest of the body, and would hang up on a read that never ended.
                body.AdvanceTo(bytes.End);
            }

            if (upload.Growth.Received > _options.BodyBytesMax)
            {
                throw new UploadRefusedException(UploadProblems.TooLarge(_options.BodyBytesMax));
            }

            if (read.IsCompleted)
            {
                return;
            }

            if (!isLoading && upload.Growth.Received >= nextTry)
            {
                isLoading = starter.TryStartReceiving(live, upload);
                nextTry = upload.Growth.Received + _options.LoadAfterBytes;
            }
        }
    }

    /// <summary>Reads a body only to know its digest: whether it is the one that a job was made from.</summary>
    /// <returns>Its SHA-256, lower-case hexadecimal.</returns>
    public async Task<string> DigestAsync(UploadBody from, CancellationToken cancellationToken)
    {
        PipeReader body = from.Reader;
        using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(
            System.Security.Cryptography.HashAlgorithmName.SHA256);
        await using CancellationTokenRegistration cancel = CancelReadsOn(body, cancellationToken);
        long received = 0;
        while (true)
        {
            ReadResult read = await ReadAsync(body, upload: null, cancellationToken);
            foreach (ReadOnlyMemory<byte> segment in read.Buffer)
            {
                hash.AppendData(segment.Span);
                received += segment.Length;
            }

            long bytes = read.Buffer.Length;
            body.AdvanceTo(read.Buffer.End);
            Measure(from.Meter, bytes);
            if (received > _options.BodyBytesMax)
            {
                throw new UploadRefusedException(UploadProblems.TooLarge(_options.BodyBytesMax));
            }

            if (read.IsCompleted)
            {
                return Convert.ToHexStringLower(hash.GetHashAndReset());
            }
        }
    }

    private static void Measure(BodyMeter? meter, long bytes)
    {
        if (bytes > 0 && meter?.Take(bytes) is { } problem)
        {
            throw new UploadRefusedException(problem);
        }
    }

    private static CancellationTokenRegistration CancelReadsOn(PipeReader body, CancellationToken cancellationToken) =>
        cancellationToken.UnsafeRegister(static body => ((PipeReader)body!).CancelPendingRead(), body);

    private async ValueTask<ReadResult> ReadAsync(PipeReader body, SpoolWriter? upload, CancellationToken cancellationToken)
    {
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadResult read = await body.ReadAsync(CancellationToken.None);
            if (read.IsCanceled)
            {
                body.AdvanceTo(read.Buffer.Start);
                throw new OperationCanceledException(cancellationToken);
            }

            return read;
        }
        catch (Exception e) when (RefusalOf(e, upload?.Growth.Received ?? 0) is { } refusal)
        {
            throw refusal;
        }
    }

    /// <summary>What is wrong with a body that cannot be read on; null when that is not what has happened.</summary>
    /// <param name="received">How many bytes of it have come.</param>
    internal UploadRefusedException? RefusalOf(Exception error, long received) => error switch
    {
        BadHttpRequestException e => new UploadRefusedException(e.StatusCode switch
        {
            StatusCodes.Status408RequestTimeout => UploadProblems.TooSlow(_options),
            StatusCodes.Status413PayloadTooLarge => UploadProblems.TooLarge(_options.BodyBytesMax),
            _ when e.Message.Contains("Unexpected end", StringComparison.Ordinal) => UploadProblems.Truncated(received),
            _ => UploadProblems.Malformed(e.Message),
        }),
        IOException { InnerException: OverflowException } =>
            new UploadRefusedException(UploadProblems.Malformed("The size of a chunk is too large a number.")),
        ConnectionResetException or ConnectionAbortedException or IOException =>
            new UploadRefusedException(UploadProblems.Truncated(received)),
        _ => null,
    };

    private static async ValueTask AppendAsync(
        SpoolWriter upload, ReadOnlySequence<byte> bytes, List<ReadOnlyMemory<byte>> segments, CancellationToken cancellationToken)
    {
        segments.Clear();
        foreach (ReadOnlyMemory<byte> segment in bytes)
        {
            upload.Digest(segment.Span);
            segments.Add(segment);
        }

        try
        {
            await upload.AppendAsync(segments, bytes.Length, cancellationToken);
        }
        catch (SpoolFullException e)
        {
            throw new UploadRefusedException(UploadProblems.SpoolFull(e.Message));
        }
    }
}
