namespace PipelineService.Spool.Local;

/// <summary>
/// How many bytes all uploads together hold: counted as they come and go, and counted anew from the files now and then,
/// because other instances that share the directory come and go uncounted here.
/// </summary>
/// <remarks>
/// Uploads in hand (being received, removed or renamed here) are left out of a count from the files, since their files change
/// under it. There are as many as are received at once, so the set is bounded by <c>Intake:UploadsMax</c>.
/// </remarks>
internal sealed class SpoolUsage(long quotaBytes)
{
    /// <summary>
    /// Small uploads whose bytes are remembered, in some 4 MB. One that is not stays counted until the next look at the files.
    /// </summary>
    private const int SmallMax = 65_536;

    private readonly Lock _lock = new();
    private readonly HashSet<Guid> _inHand = [];

    /// <summary>What small uploads that were sealed here are counted with: their file, which others share, does not tell.</summary>
    private readonly Dictionary<Guid, long> _small = [];
    private long _inHandBytes;
    private long _storedBytes;
    private long _changes;

    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _inHandBytes + _storedBytes;
            }
        }
    }

    /// <summary>Takes an upload in hand: a new one with nothing in it, or a stored one that is about to be changed.</summary>
    public void Take(Guid upload, long bytes)
    {
        lock (_lock)
        {
            _inHand.Add(upload);
            _inHandBytes += bytes;
            _storedBytes -= bytes;
            _changes++;
        }
    }

    /// <summary>Counts bytes about to be written to an upload in hand.</summary>
    /// <exception cref="SpoolFullException">They do not fit the quota.</exception>
    public void Reserve(long bytes) => Reserve(bytes, quotaBytes);

    /// <summary>
    /// The same of what is made of uploads that were taken: it may take as much again as they, or a spool full of files that wait to be
    /// converted would wait for ever.
    /// </summary>
    /// <inheritdoc cref="Reserve(long)" path="/exception"/>
    public void ReserveMade(long bytes) => Reserve(bytes, quotaBytes > long.MaxValue / 2 ? long.MaxValue : 2 * quotaBytes);

    private void Reserve(long bytes, long limit)
    {
        lock (_lock)
        {
            if (_inHandBytes + _storedBytes + bytes > limit)
            {
                throw new SpoolFullException($"The spool's quota of {quotaBytes} bytes is used up.");
            }

            _inHandBytes += bytes;
        }
    }

    /// <summary>Bytes that were reserved could not be written.</summary>
    public void Return(long bytes)
    {
        lock (_lock)
        {
            _inHandBytes -= bytes;
        }
    }

    /// <summary>Lets go of an upload whose files stay.</summary>
    public void Put(Guid upload, long bytes)
    {
        lock (_lock)
        {
            _inHand.Remove(upload);
            _inHandBytes -= bytes;
            _storedBytes += bytes;
            _changes++;
        }
    }

    /// <summary>The same for a small upload that was sealed now.</summary>
    public void PutSmall(Guid upload, long bytes)
    {
        lock (_lock)
        {
            if (_small.Count >= SmallMax)
            {
                _small.Clear(); // most have been removed by other instances
            }

            _small[upload] = bytes;
            Put(upload, bytes);
        }
    }

    /// <summary>What a small upload that was sealed here is counted with; null where that is not known.</summary>
    public long? SmallBytes(Guid upload)
    {
        lock (_lock)
        {
            return _small.TryGetValue(upload, out long bytes) ? bytes : null;
        }
    }

    /// <summary>A small upload stays counted when it is removed.</summary>
    public void ForgetSmall(Guid upload)
    {
        lock (_lock)
        {
            _small.Remove(upload);
        }
    }

    /// <summary>Lets go of an upload whose files are gone.</summary>
    public void Drop(Guid upload, long bytes)
    {
        lock (_lock)
        {
            _inHand.Remove(upload);
            _small.Remove(upload);
            _inHandBytes -= bytes;
            _changes++;
        }
    }

    /// <summary>
    /// Takes over what a look through the files has found. When uploads came or went meanwhile the look may have seen them or
    /// not: then only what it has removed is taken off, and the next one tells.
    /// </summary>
    /// <param name="look">Given whether an upload is in hand; gives the bytes of all other files, and of those it removed.</param>
    public void Recount(Func<Func<Guid, bool>, (long Left, long Removed)> look)
    {
        long before;
        lock (_lock)
        {
            before = _changes;
        }

        (long left, long removed) = look(IsInHand);
        lock (_lock)
        {
            _storedBytes = before == _changes ? left : _storedBytes - removed;
        }
    }

    private bool IsInHand(Guid upload)
    {
        lock (_lock)
        {
            return _inHand.Contains(upload);
        }
    }
}
