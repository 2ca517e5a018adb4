namespace PipelineService.Spool.Local;

/// <summary>
/// An upload that arrives, in memory as long as it is small: it needs no file before it is sealed, and then has one together with
/// others (<see cref="SharedFile"/>). One that grows goes on in a file of its own.
/// </summary>
/// <param name="bytesMax">The most bytes that are held in memory.</param>
/// <param name="createFile">Makes the file of its own.</param>
internal sealed class SmallUpload(
    SpoolDirectory directory, Guid id, int bytesMax, SharedFile shared, Func<Guid, LocalUpload> createFile) : IUploadBytes
{
    /// <summary>At least as long as what readers have been told of. They may read an older one, which holds the same.</summary>
    private volatile byte[] _bytes = [];
    private int _length;
    private volatile LocalUpload? _file;
    private bool _isSealed;

    public async ValueTask AppendAsync(IReadOnlyList<ReadOnlyMemory<byte>> segments, long bytes, CancellationToken cancellationToken)
    {
        if (_file is null && _length + bytes > bytesMax)
        {
            await GrowAsync(cancellationToken);
        }

        if (_file is { } file)
        {
            await file.AppendAsync(segments, bytes, cancellationToken);
            return;
        }

        directory.Reserve(bytes);
        Hold(segments, _length + (int)bytes);
    }

    public void Clear()
    {
        if (_file is { } file)
        {
            file.Clear();
            return;
        }

        directory.Usage.Return(_length);
        _length = 0;
    }

    public async Task SealAsync(SpoolManifest manifest)
    {
        if (_file is null && manifest.KeepUpload is not null)
        {
            await GrowAsync(CancellationToken.None); // it would hold the room of the others when they are long gone
        }

        if (_file is { } file)
        {
            await file.SealAsync(manifest);
            return;
        }

        directory.Usage.Take(id, 0); // a count from the files must not meet it beside its reserved bytes
        await shared.AddAsync(new StoredUpload(manifest, _bytes[.._length]));
        _isSealed = true;
        directory.Usage.PutSmall(id, _length);
    }

    public ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken)
    {
        byte[] bytes = _bytes; // first: they go when there is a file
        if (_file is { } file)
        {
            return file.ReadAsync(buffer, offset, cancellationToken);
        }

        int count = Math.Min(buffer.Length, bytes.Length - (int)offset);
        bytes.AsMemory((int)offset, count).CopyTo(buffer);
        return new(count);
    }

    public ValueTask CloseAsync()
    {
        if (_file is { } file)
        {
            return file.CloseAsync();
        }

        if (!_isSealed)
        {
            directory.DiscardUnsealed(id, _length);
        }

        return ValueTask.CompletedTask;
    }

    private void Hold(IReadOnlyList<ReadOnlyMemory<byte>> segments, int length)
    {
        byte[] bytes = _bytes;
        if (bytes.Length < length)
        {
            bytes = new byte[Math.Max(length, Math.Min(2 * bytes.Length, bytesMax))];
            _bytes.AsSpan(0, _length).CopyTo(bytes);
        }

        foreach (ReadOnlyMemory<byte> segment in segments)
        {
            segment.Span.CopyTo(bytes.AsSpan(_length));
            _length += segment.Length;
        }

        _bytes = bytes;
    }

    /// <summary>Goes on in a file. Those who read what is in memory meanwhile find the same there.</summary>
    private async ValueTask GrowAsync(CancellationToken cancellationToken)
    {
        LocalUpload file = createFile(id);
        try
        {
            directory.Usage.Return(_length); // the file counts them
            if (_length > 0)
            {
                await file.AppendAsync([_bytes.AsMemory(0, _length)], _length, cancellationToken);
            }
        }
        finally
        {
            (_file, _length) = (file, 0); // whatever has become of it: it is closed with this
        }

        _bytes = [];
    }
}
