namespace PipelineService.Spool.Local;

/// <summary>The bytes of a small upload that was sealed, as they were found in its manifest.</summary>
internal sealed class StoredBytes : IUploadBytes
{
    private readonly byte[] _bytes;

    private StoredBytes(byte[] bytes) => _bytes = bytes;

    /// <exception cref="SpoolDamagedException">They are not what was received.</exception>
    public static StoredBytes Open(StoredUpload stored)
    {
        byte[] bytes = stored.Data ?? throw new ArgumentException("Its bytes lie elsewhere.", nameof(stored));
        SpoolDataFile.CheckLength(stored.Manifest, bytes.Length);
        return new StoredBytes(bytes);
    }

    public ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken)
    {
        int count = Math.Min(buffer.Length, _bytes.Length - (int)offset);
        _bytes.AsMemory((int)offset, count).CopyTo(buffer);
        return new(count);
    }

    public ValueTask CloseAsync() => ValueTask.CompletedTask;

    public ValueTask AppendAsync(IReadOnlyList<ReadOnlyMemory<byte>> segments, long bytes, CancellationToken cancellationToken) =>
        throw new InvalidOperationException(IsSealed);

    public void Clear() => throw new InvalidOperationException(IsSealed);

    public Task SealAsync(SpoolManifest manifest) => throw new InvalidOperationException(IsSealed);

    private const string IsSealed = "The upload is sealed: it can only be read.";
}
