using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Http;

namespace PipelineService.Spool;

/// <summary>
/// Stage 3: the bytes of one upload on disk. One writer (intake) appends while one reader (the chunk reader) follows; the
/// reader sees live, waiting and recovered uploads through the same calls.
/// </summary>
/// <remarks>
/// Writing and reading share one file handle with explicit offsets, so neither moves the other. The handle is opened
/// with a lock that readers share: a job may start while its receiver still holds the file, and whoever would clear the file
/// away, which takes the lock for itself alone, learns that the upload is alive.
/// </remarks>
public sealed class SpoolUpload : IAsyncDisposable
{
    private const int BlockBytesRead = 256 << 10;

    private readonly SpoolDirectory _directory;
    private readonly IncrementalHash? _hash;
    private BlockChecksums _checksums = new();
    private readonly GrowthSignal _grown = new();
    private readonly long _flushBytes;
    private readonly SafeFileHandle _handle;
    private long _length;
    private long _received;
    private long _flushed;
    private Task _flush = Task.CompletedTask;
    private int _users = 1;
    private volatile bool _abandoned;
    private volatile Problem? _failure;
    private bool _isBroken;
    private volatile SpoolManifest? _manifest;

    private SpoolUpload(SpoolDirectory directory, Guid jobId, SafeFileHandle handle, SpoolManifest? manifest, long flushBytes)
    {
        _directory = directory;
        _handle = handle;
        _manifest = manifest;
        _flushBytes = flushBytes;
        _length = _received = manifest?.DataBytes ?? 0;
        _hash = manifest is null ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        JobId = jobId;
    }

    public Guid JobId { get; }

    /// <summary>Bytes that can be read now.</summary>
    public long Length => Volatile.Read(ref _length);

    /// <summary>Bytes that were appended, those included that were not kept because nobody will read them.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>Whether it was opened from disk: its bytes may not be those that were received.</summary>
    public bool WasStored { get; private init; }

    /// <summary>Whether every byte has been received and is durable.</summary>
    public bool IsSealed => _manifest is not null;

    /// <summary>Whether the upload broke off and will never be sealed.</summary>
    public bool IsAbandoned => _abandoned;

    /// <summary>The manifest of a sealed upload.</summary>
    /// <exception cref="InvalidOperationException">The upload is not sealed.</exception>
    public SpoolManifest Manifest => _manifest ?? throw new InvalidOperationException("The upload is not sealed.");

    /// <summary>A new upload, empty, to be written.</summary>
    internal static SpoolUpload Create(SpoolDirectory directory, Guid jobId, long flushBytes)
    {
        directory.Usage.Take(jobId, 0); // first: the directory may be looked through between the two
        try
        {
            SafeFileHandle handle = SpoolDataFile.Create(directory.DataPath(jobId));
            return new SpoolUpload(directory, jobId, handle, manifest: null, flushBytes);
        }
        catch
        {
            directory.Usage.Drop(jobId, 0);
            throw;
        }
    }

    /// <summary>A sealed upload, to be read.</summary>
    /// <exception cref="SpoolDamagedException">The data file is missing or has another length than was received.</exception>
    /// <exception cref="SpoolUnavailableException">It cannot be opened now.</exception>
    internal static SpoolUpload Open(SpoolDirectory directory, SpoolManifest manifest)
    {
        SafeFileHandle handle = SpoolDataFile.Open(directory, manifest);
        return new SpoolUpload(directory, manifest.JobId, handle, manifest, flushBytes: long.MaxValue) { WasStored = true };
    }

    /// <summary>Appends bytes, and starts a flush in the background when enough have gathered.</summary>
    /// <param name="segments">What to write, in order.</param>
    /// <param name="bytes">The sum of the segments' lengths.</param>
    /// <exception cref="SpoolFullException">The quota or the disk does not hold them.</exception>
    /// <exception cref="IOException">The disk does not take them, or did not flush what came before.</exception>
    public async ValueTask AppendAsync(IReadOnlyList<ReadOnlyMemory<byte>> segments, long bytes, CancellationToken cancellationToken)
    {
        if (TakeFailure() is null)
        {
            await WriteAsync(segments, bytes, cancellationToken);
        }

        Volatile.Write(ref _received, _received + bytes);
        _grown.Set();
        if (_length - _flushed >= _flushBytes && _flush.IsCompleted)
        {
            await _flush; // an error of the flush before shows here
            _flushed = _length;
            _flush = DiskThreads.RunAsync(() => RandomAccess.FlushToDisk(_handle));
        }
    }

    private async ValueTask WriteAsync(
        IReadOnlyList<ReadOnlyMemory<byte>> segments, long bytes, CancellationToken cancellationToken)
    {
        _directory.Reserve(bytes);
        try
        {
            FaultPoints.Reach(FaultPoint.SpoolWriting);
            await RandomAccess.WriteAsync(_handle, segments, _length, cancellationToken);
            FaultPoints.Reach(FaultPoint.SpoolWritten);
        }
        catch
        {
            _directory.Usage.Return(bytes);
            _isBroken = true; // part of them may be there
            throw;
        }

        foreach (ReadOnlyMemory<byte> segment in segments)
        {
            _checksums.Append(segment.Span);
        }

        Volatile.Write(ref _length, _length + bytes);
    }

    /// <summary>
    /// Its job has failed, and nobody will read it: what has come of it goes, and what still comes is not kept.
    /// </summary>
    /// <param name="reason">
    /// For its manifest, which alone tells of the failure should this process die before the job's end.
    /// </param>
    public void Fail(Problem reason) => _failure = reason;

    /// <summary>
    /// Why its job has failed; null when it has not. Called by the writer alone, so that bytes go between two writes;
    /// from the first answer on nothing is kept.
    /// </summary>
    /// <exception cref="IOException">The disk does not let go of the bytes.</exception>
    public Problem? TakeFailure()
    {
        Problem? failure = _failure;
        if (failure is not null && _length > 0)
        {
            RandomAccess.SetLength(_handle, 0);
            _directory.Usage.Return(_length);
            _checksums = new BlockChecksums();
            _flushed = 0;
            Volatile.Write(ref _length, 0);
        }

        return failure;
    }

    /// <summary>Adds bytes to the digest of the upload: those that the client sent, before decoding.</summary>
    public void Digest(ReadOnlySpan<byte> bytes) => _hash!.AppendData(bytes);

    /// <summary>The SHA-256 of all that was digested; lower-case hexadecimal. To be called once, at the end.</summary>
    public string FinishDigest() => Convert.ToHexStringLower(_hash!.GetHashAndReset());

    /// <summary>The checksums of the bytes that were appended. To be called once, at the end.</summary>
    public IReadOnlyList<string> FinishChecksums() => _checksums.Finish();

    /// <summary>
    /// Makes the upload durable: data flushed, manifest written, directory flushed. From here on it survives a crash. Not to
    /// be tried again when it fails: the kernel tells of a failed flush once, forgets the bytes and confirms the next one.
    /// </summary>
    /// <exception cref="IOException">Something of it cannot be written or flushed.</exception>
    /// <exception cref="SpoolUnavailableException">The directory is not there any more.</exception>
    public async Task SealAsync(SpoolManifest manifest)
    {
        if (manifest.DataBytes != _length || _isBroken)
        {
            throw new InvalidOperationException(
                $"The manifest says {manifest.DataBytes} bytes, the spool holds {_length}{(_isBroken ? ", not all of them safely" : "")}.");
        }

        _isBroken = true; // until all of it has succeeded
        await _flush;
        await DiskThreads.RunAsync(() => MakeDurable(manifest));
        _isBroken = false;
        _directory.Usage.Put(JobId, _length);
        _manifest = manifest;
        _grown.Set();
    }

    private void MakeDurable(SpoolManifest manifest)
    {
        FaultPoints.Reach(FaultPoint.DataFlushing);
        RandomAccess.FlushToDisk(_handle);
        FaultPoints.Reach(FaultPoint.DataFlushed);
        _directory.ThrowUnlessThere(); // the manifest would be written to another place than the data

        // An aborted ext4 answers flushes with EROFS, which .NET ignores; giving the manifest its name fails then.
        manifest.Write(_directory.ManifestPath(JobId));
    }

    /// <summary>The upload broke off: whoever reads it is told, and its file goes when the last user lets go.</summary>
    public void Abandon()
    {
        _abandoned = true;
        _grown.Set();
    }

    /// <summary>Reads a range again and compares it with the checksums that were taken when it was received.</summary>
    /// <exception cref="SpoolDamagedException">The disk gives back something else.</exception>
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
                int count = await ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, last - offset)), offset, cancellationToken);
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

    /// <summary>Reads what is there at an offset: at least one byte, unless the offset is the end.</summary>
    /// <exception cref="SpoolDamagedException">The file is shorter than what was written to it.</exception>
    /// <exception cref="SpoolUnavailableException">The disk cannot be read now.</exception>
    public async ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken)
    {
        long available = Length - offset;
        if (available <= 0 || buffer.IsEmpty)
        {
            return 0;
        }

        try
        {
            FaultPoints.Reach(FaultPoint.SpoolReading);
            int read = await RandomAccess.ReadAsync(
                _handle, buffer.Length > available ? buffer[..(int)available] : buffer, offset, cancellationToken);
            return read > 0 ? read : throw new SpoolDamagedException(
                $"The data file of the upload ends at byte {RandomAccess.GetLength(_handle)}, but {Length} were received.");
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            throw new SpoolUnavailableException($"The data file of the upload cannot be read: {e.Message}", e);
        }
    }

    /// <summary>
    /// Waits until there are bytes beyond an offset, or the upload is sealed or abandoned.
    /// </summary>
    /// <returns>False when the upload ends at the offset: sealed or abandoned.</returns>
    public async ValueTask<bool> WaitForBytesAsync(long offset, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task next = _grown.Next;
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

    /// <summary>Completes at the next growth, seal or abandonment. Take it before looking at the state.</summary>
    public Task NextChange => _grown.Next;

    public void ThrowIfAbandoned()
    {
        if (IsAbandoned)
        {
            throw new UploadAbandonedException();
        }
    }

    /// <summary>Another user of the open file: disposing then takes one more call.</summary>
    public SpoolUpload Share()
    {
        Interlocked.Increment(ref _users);
        return this;
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Decrement(ref _users) > 0)
        {
            return;
        }

        await _flush.ContinueWith(static _ => { }, TaskScheduler.Default);
        _hash?.Dispose();
        _handle.Dispose();
        if (_manifest is not null)
        {
            return;
        }

        try
        {
            _directory.Discard(JobId, _length);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            // Its sender has been refused all the same; the next sweep clears the file, and says so when it cannot.
        }
    }
}
