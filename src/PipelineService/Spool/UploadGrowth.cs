using PipelineService.Hosting.Http;

namespace PipelineService.Spool;

/// <summary>
/// How far an upload has come: what its writer tells those who follow it, and what they tell the writer. The same for an upload
/// that arrives, waits or was found again.
/// </summary>
public sealed class UploadGrowth
{
    private readonly GrowthSignal _changed = new();
    private long _length;
    private long _received;
    private volatile bool _isAbandoned;
    private volatile Problem? _failure;
    private volatile SpoolManifest? _manifest;

    /// <param name="manifest">Of an upload that is sealed already.</param>
    public UploadGrowth(SpoolManifest? manifest = null)
    {
        _manifest = manifest;
        _length = _received = manifest?.DataBytes ?? 0;
    }

    /// <summary>Bytes that can be read now.</summary>
    public long Length => Volatile.Read(ref _length);

    /// <summary>Bytes that have come, those included that were not kept because nobody will read them.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>Whether every byte has been received and is durable.</summary>
    public bool IsSealed => _manifest is not null;

    /// <summary>Whether the upload broke off and will never be sealed.</summary>
    public bool IsAbandoned => _isAbandoned;

    /// <summary>Why its job has failed while it arrived; null when it has not.</summary>
    public Problem? Failure => _failure;

    /// <summary>The manifest of a sealed upload.</summary>
    /// <exception cref="InvalidOperationException">The upload is not sealed.</exception>
    public SpoolManifest Manifest => _manifest ?? throw new InvalidOperationException("The upload is not sealed.");

    /// <summary>Completes at the next growth, seal or abandonment. Take it before looking at the state.</summary>
    public Task NextChange => _changed.Next;

    /// <summary>
    /// Its job has failed, and nobody will read it: what has come of it goes, and what still comes is not kept.
    /// </summary>
    /// <param name="reason">
    /// For its manifest, which alone tells of the failure should this process die before the job's end.
    /// </param>
    public void Fail(Problem reason) => _failure = reason;

    /// <summary>Waits until there are bytes beyond an offset, or the upload is sealed or abandoned.</summary>
    /// <returns>False when the upload ends at the offset: sealed or abandoned.</returns>
    public async ValueTask<bool> WaitForBytesAsync(long offset, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task next = NextChange;
            if (Length > offset)
            {
                return true;
            }

            if (IsSealed || IsAbandoned)
            {
                return Length > offset;
            }

            await next.WaitAsync(cancellationToken);
        }
    }

    /// <exception cref="UploadAbandonedException">The upload broke off.</exception>
    public void ThrowIfAbandoned()
    {
        if (IsAbandoned)
        {
            throw new UploadAbandonedException();
        }
    }

    /// <param name="length">Bytes that can be read from now on.</param>
    /// <param name="received">Bytes that have come by now.</param>
    internal void GrowTo(long length, long received)
    {
        Volatile.Write(ref _length, length);
        Volatile.Write(ref _received, received);
        _changed.Set();
    }

    internal void Seal(SpoolManifest manifest)
    {
        _manifest = manifest;
        _changed.Set();
    }

    internal void Abandon()
    {
        _isAbandoned = true;
        _changed.Set();
    }
}

/// <summary>The upload that is being loaded broke off; what it loaded is to be rolled back.</summary>
public sealed class UploadAbandonedException() : Exception("The upload broke off.");
