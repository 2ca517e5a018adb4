namespace PipelineService.Sources;

/// <summary>
/// The bytes of an object on their way to the spool. At their end it is looked whether the object is still the one that was found: of one
/// that has grown, shrunk or changed meanwhile nothing is taken. What went wrong is kept apart from what is wrong with the upload.
/// </summary>
/// <param name="bytes">How many there are to be.</param>
/// <param name="isStillThere">Whether it is unchanged.</param>
/// <param name="silenceMax">How long nothing may come; null where that is not known to happen.</param>
internal sealed class ObjectStream(Stream content, long bytes, Func<bool> isStillThere, TimeSpan? silenceMax = null) : Stream
{
    private long _read;

    /// <summary>Whether it has become another while it was read.</summary>
    public bool HasChanged { get; private set; }

    /// <summary>Why it could not be read to its end.</summary>
    public Exception? Fault { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count;
        try
        {
            count = await ReadInTimeAsync(buffer, cancellationToken);
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Fault = e;
            throw new IOException(e.Message, e);
        }

        _read += count;
        if (_read > bytes || (count == 0 && buffer.Length > 0 && (_read < bytes || !isStillThere())))
        {
            HasChanged = true;
            throw new IOException("It has changed while it was read.");
        }

        return count;
    }

    private async ValueTask<int> ReadInTimeAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (silenceMax is not { } max)
        {
            return await content.ReadAsync(buffer, cancellationToken);
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(max);
        return await content.ReadAsync(buffer, end.Token);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            content.Dispose();
        }

        base.Dispose(disposing);
    }
}
