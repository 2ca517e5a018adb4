using Microsoft.Win32.SafeHandles;
using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Spool.Local;

/// <summary>The data file of an upload, open.</summary>
/// <remarks>
/// Writing and reading share one file handle with explicit offsets, so neither moves the other. The handle is opened
/// with a lock that readers share: a job may start while its receiver still holds the file, and whoever would clear the file
/// away, which takes the lock for itself alone, learns that the upload is alive.
/// </remarks>
internal sealed class LocalUpload : IUploadBytes
{
    private readonly SpoolDirectory _directory;
    private readonly Guid _id;
    private readonly SafeFileHandle _handle;
    private readonly long _flushBytes;
    private long _length;
    private long _flushed;
    private Task _flush = Task.CompletedTask;
    private bool _isSealed;

    private LocalUpload(SpoolDirectory directory, Guid id, SafeFileHandle handle, long flushBytes)
    {
        _directory = directory;
        _id = id;
        _handle = handle;
        _flushBytes = flushBytes;
    }

    /// <summary>A new file, empty, to be written.</summary>
    /// <param name="flushBytes">Bytes after which what was written is flushed in the background.</param>
    public static LocalUpload Create(SpoolDirectory directory, Guid id, long flushBytes)
    {
        directory.Usage.Take(id, 0); // first: the directory may be looked through between the two
        try
        {
            return new LocalUpload(directory, id, SpoolDataFile.Create(directory.DataPath(id)), flushBytes);
        }
        catch
        {
            directory.Usage.Drop(id, 0);
            throw;
        }
    }

    /// <summary>The file of a sealed upload, to be read.</summary>
    /// <inheritdoc cref="SpoolDataFile.Open" path="/exception"/>
    public static LocalUpload Open(SpoolDirectory directory, SpoolManifest manifest) =>
        new(directory, manifest.UploadId, SpoolDataFile.Open(directory, manifest), flushBytes: long.MaxValue) { _isSealed = true };

    public async ValueTask AppendAsync(IReadOnlyList<ReadOnlyMemory<byte>> segments, long bytes, CancellationToken cancellationToken)
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
            throw;
        }

        _length += bytes;
        await FlushWhenDueAsync();
    }

    public void Clear()
    {
        RandomAccess.SetLength(_handle, 0);
        _directory.Usage.Return(_length);
        (_length, _flushed) = (0, 0);
    }

    public async Task SealAsync(SpoolManifest manifest)
    {
        await _flush;
        await DiskThreads.RunAsync(() => MakeDurable(manifest));
        _isSealed = true;
        _directory.Usage.Put(_id, _length);
    }

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken)
    {
        try
        {
            FaultPoints.Reach(FaultPoint.SpoolReading);
            return await RandomAccess.ReadAsync(_handle, buffer, offset, cancellationToken);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            throw new SpoolUnavailableException($"The data file of the upload cannot be read: {e.Message}", e);
        }
    }

    public async ValueTask CloseAsync()
    {
        await _flush.ContinueWith(static _ => { }, TaskScheduler.Default);
        _handle.Dispose();
        if (!_isSealed)
        {
            _directory.DiscardUnsealed(_id, _length);
        }
    }

    /// <summary>Starts a flush in the background when enough has gathered, so that the last one is short.</summary>
    private async ValueTask FlushWhenDueAsync()
    {
        if (_length - _flushed >= _flushBytes && _flush.IsCompleted)
        {
            await _flush; // an error of the flush before shows here
            _flushed = _length;
            _flush = DiskThreads.RunAsync(() => RandomAccess.FlushToDisk(_handle));
        }
    }

    private void MakeDurable(SpoolManifest manifest)
    {
        FaultPoints.Reach(FaultPoint.DataFlushing);
        RandomAccess.FlushToDisk(_handle);
        FaultPoints.Reach(FaultPoint.DataFlushed);
        _directory.ThrowUnlessThere(); // the manifest would be written to another place than the data

        // An aborted ext4 answers flushes with EROFS, which .NET ignores; giving the manifest its name fails then.
        ManifestFile.Write(manifest, _directory.ManifestPath(_id));
    }
}
