using System.Security.Cryptography;
using PipelineService.Hosting.Http;

namespace PipelineService.Spool;

/// <summary>What has come of an upload, when all of it has.</summary>
/// <param name="Received">Bytes as the client sent them.</param>
/// <param name="Sha256">Of those bytes, lower-case hexadecimal.</param>
/// <param name="Kept">Bytes that the spool has of them.</param>
/// <param name="Blocks">The checksums of the bytes that were kept: see <see cref="BlockChecksums"/>.</param>
/// <param name="Failure">Why its job has failed, when nothing was kept for that.</param>
public sealed record SpooledBytes(long Received, string Sha256, long Kept, IReadOnlyList<string> Blocks, Problem? Failure);

/// <summary>
/// Writes an upload, from its first byte until it is durable. Used by one receiver at a time; readers may follow it meanwhile.
/// </summary>
public sealed class SpoolWriter : IAsyncDisposable
{
    private readonly OpenUpload _upload;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private BlockChecksums _checksums = new();
    private bool _isBroken;

    internal SpoolWriter(Guid id, IUploadBytes bytes) => _upload = new OpenUpload(id, bytes, new UploadGrowth());

    public Guid Id => _upload.Id;

    /// <summary>How far it has come, for those who follow it.</summary>
    public UploadGrowth Growth => _upload.Growth;

    /// <summary>Adds bytes to the digest of the upload: those that the client sent, before decoding.</summary>
    public void Digest(ReadOnlySpan<byte> bytes) => _hash.AppendData(bytes);

    /// <summary>Appends bytes, unless the job has failed and nobody will read them.</summary>
    /// <inheritdoc cref="IUploadBytes.AppendAsync"/>
    public async ValueTask AppendAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> segments, long bytes, CancellationToken cancellationToken)
    {
        bool isKept = DropIfFailed() is null;
        if (isKept)
        {
            await KeepAsync(segments, bytes, cancellationToken);
        }

        Growth.GrowTo(Growth.Length + (isKept ? bytes : 0), Growth.Received + bytes);
    }

    /// <summary>All has come. To be called once, at the end.</summary>
    public SpooledBytes Finish()
    {
        Problem? failure = DropIfFailed(); // first: it decides which bytes there are
        return new SpooledBytes(
            Growth.Received, Convert.ToHexStringLower(_hash.GetHashAndReset()), Growth.Length, _checksums.Finish(), failure);
    }

    /// <summary>
    /// Makes the upload durable: from here on it survives a crash. Not to be tried again when it fails: the kernel tells of a
    /// failed flush once, forgets the bytes and confirms the next one.
    /// </summary>
    /// <inheritdoc cref="IUploadBytes.SealAsync" path="/exception"/>
    public async Task SealAsync(SpoolManifest manifest)
    {
        if (manifest.DataBytes != Growth.Length || _isBroken)
        {
            throw new InvalidOperationException(
                $"The manifest says {manifest.DataBytes} bytes, "
                + $"the spool holds {Growth.Length}{(_isBroken ? ", not all of them safely" : "")}.");
        }

        _isBroken = true; // until all of it has succeeded
        await _upload.Bytes.SealAsync(manifest);
        _isBroken = false;
        Growth.Seal(manifest);
    }

    /// <summary>The upload broke off: whoever reads it is told, and its bytes go when the last user lets go.</summary>
    public void Abandon() => Growth.Abandon();

    /// <summary>A reader that follows the upload, with a life of its own.</summary>
    public SpoolReader Follow() => new(_upload.Share());

    public ValueTask DisposeAsync()
    {
        _hash.Dispose();
        return _upload.ReleaseAsync();
    }

    private async ValueTask KeepAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> segments, long bytes, CancellationToken cancellationToken)
    {
        try
        {
            await _upload.Bytes.AppendAsync(segments, bytes, cancellationToken);
        }
        catch
        {
            _isBroken = true; // part of them may be there
            throw;
        }

        foreach (ReadOnlyMemory<byte> segment in segments)
        {
            _checksums.Append(segment.Span);
        }
    }

    /// <summary>
    /// Drops what was kept when the job has failed. Only here, so that bytes go between two writes; from then on none is kept.
    /// </summary>
    /// <returns>Why it has failed, or null.</returns>
    private Problem? DropIfFailed()
    {
        if (Growth.Failure is not { } failure)
        {
            return null;
        }

        if (Growth.Length > 0)
        {
            _upload.Bytes.Clear();
            _checksums = new BlockChecksums();
            Growth.GrowTo(0, Growth.Received);
        }

        return failure;
    }
}
