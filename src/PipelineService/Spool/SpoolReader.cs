namespace PipelineService.Spool;

/// <summary>
/// Reads an upload: one that still arrives, one that waits, or one that was found after a crash. Several may read one upload.
/// </summary>
public sealed class SpoolReader : IDecodedBytes, IAsyncDisposable
{
    private const int BlockBytesRead = 256 << 10;

    private readonly OpenUpload _upload;

    /// <summary>Reads what a writer writes.</summary>
    internal SpoolReader(OpenUpload upload) => _upload = upload;

    /// <summary>Reads an upload that was sealed before.</summary>
    internal SpoolReader(SpoolManifest manifest, IUploadBytes bytes)
        : this(new OpenUpload(manifest.UploadId, bytes, new UploadGrowth(manifest))) => WasStored = true;

    public Guid Id => _upload.Id;

    /// <summary>How far it has come.</summary>
    public UploadGrowth Growth => _upload.Growth;

    /// <inheritdoc cref="UploadGrowth.Length"/>
    public long Length => Growth.Length;

    /// <inheritdoc cref="UploadGrowth.IsSealed"/>
    public bool IsSealed => Growth.IsSealed;

    /// <inheritdoc cref="UploadGrowth.IsAbandoned"/>
    public bool IsAbandoned => Growth.IsAbandoned;

    /// <inheritdoc cref="UploadGrowth.Manifest"/>
    public SpoolManifest Manifest => Growth.Manifest;

    /// <summary>Whether it was opened when it was sealed: its bytes may not be those that were received.</summary>
    public bool WasStored { get; }

    /// <inheritdoc cref="UploadGrowth.NextChange"/>
    public Task NextChange => Growth.NextChange;

    /// <inheritdoc cref="IDecodedBytes.IsEnd"/>
    public bool IsEnd(long offset) => IsSealed && Length == offset;

    /// <inheritdoc cref="UploadGrowth.WaitForBytesAsync"/>
    public ValueTask<bool> WaitForBytesAsync(long offset, CancellationToken cancellationToken) =>
        Growth.WaitForBytesAsync(offset, cancellationToken);

    /// <inheritdoc cref="UploadGrowth.ThrowIfAbandoned"/>
    public void ThrowIfAbandoned() => Growth.ThrowIfAbandoned();

    /// <summary>Reads what is there at an offset: at least one byte, unless the offset is the end.</summary>
    /// <exception cref="SpoolDamagedException">There is less than what was written.</exception>
    /// <exception cref="SpoolUnavailableException">It cannot be read now.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken)
    {
        long length = Length, available = length - offset;
        if (available <= 0 || buffer.IsEmpty)
        {
            return 0;
        }

        int read = await _upload.Bytes.ReadAsync(
            buffer.Length > available ? buffer[..(int)available] : buffer, offset, cancellationToken);
        return read > 0
            ? read
            : throw new SpoolDamagedException($"The stored upload ends at byte {offset}, but {length} were received.");
    }

    /// <summary>Reads a range again and compares it with the checksums that were taken when it was received.</summary>
    /// <exception cref="SpoolDamagedException">The spool gives back something else.</exception>
    public async Task VerifyAsync(long start, long end, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BlockBytesRead];
        for (long block = start / BlockChecksums.BlockBytes; block * BlockChecksums.BlockBytes < end; block++)
        {
            BlockChecksums read = new();
            long offset = block * BlockChecksums.BlockBytes;
            long last = Math.Min(offset + BlockChecksums.BlockBytes, Length);
            while (offset < last)
            {
                int count = await ReadAsync(
                    buffer.AsMemory(0, (int)Math.Min(buffer.Length, last - offset)), offset, cancellationToken);
                read.Append(buffer.AsSpan(0, count));
                offset += count;
            }

            if (read.Finish()[0] != Manifest.Blocks[(int)block])
            {
                throw new SpoolDamagedException(
                    $"Bytes {block * BlockChecksums.BlockBytes} to {last} of the stored upload do not match their checksum.");
            }
        }
    }

    public ValueTask DisposeAsync() => _upload.ReleaseAsync();
}
