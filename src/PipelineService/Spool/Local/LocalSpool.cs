using Microsoft.Extensions.Options;
using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Spool.Local;

/// <summary>
/// The spool on the local disk, in one directory: two files for each upload, or for small uploads that end together one.
/// </summary>
public sealed class LocalSpool(SpoolDirectory directory, IOptions<SpoolOptions> options) : ISpool
{
    private readonly SpoolKeys _keys = new(directory);
    private readonly SharedFile _shared = new(directory);

    public Guid Id => directory.Id;

    public string Place => directory.Root;

    public bool IsThere() => directory.IsThere();

    public bool WasThere => directory.WasThere;

    public void ThrowUnlessThere() => directory.ThrowUnlessThere();

    public bool HasRoomFor(long bytes) => directory.HasRoomFor(bytes);

    public SpoolWriter Create(Guid upload) =>
        new(upload, options.Value.SharedBytesMax == 0 ? CreateFile(upload) : CreateSmall(upload));

    public ValueTask<SpoolReader> OpenAsync(Guid upload, CancellationToken cancellationToken)
    {
        StoredUpload stored = directory.FindOrKept(upload)
            ?? throw new SpoolDamagedException("The manifest of the upload is missing from the spool.");
        return new(new SpoolReader(
            stored.Manifest,
            stored.Data is null ? LocalUpload.Open(directory, stored.Manifest) : StoredBytes.Open(stored)));
    }

    private LocalUpload CreateFile(Guid upload)
    {
        directory.ThrowUnlessThere();
        return LocalUpload.Create(directory, upload, options.Value.FlushBytes);
    }

    /// <summary>Whether the directory is there is looked again when a file is made; here what the last look said is enough.</summary>
    private SmallUpload CreateSmall(Guid upload)
    {
        if (!WasThere)
        {
            ThrowUnlessThere();
        }

        return new SmallUpload(directory, upload, options.Value.SharedBytesMax, _shared, CreateFile);
    }

    public ValueTask<SpoolManifest?> FindAsync(Guid upload, CancellationToken cancellationToken) => new(directory.FindManifest(upload));

    public ValueTask<SpoolManifest?> FindByKeyAsync(string dataset, string key, CancellationToken cancellationToken) =>
        new(_keys.Find(dataset, key));

    public IAsyncEnumerable<Guid> ListAsync(CancellationToken cancellationToken) => directory.SealedUploads().ToAsyncEnumerable();

    public ValueTask<bool> HoldsAsync(Guid upload, CancellationToken cancellationToken)
    {
        bool isHeld;
        try
        {
            isHeld = directory.Files.Hold(upload);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            throw new SpoolUnavailableException($"It cannot be told whether the upload is there: {e.Message}", e);
        }

        if (!isHeld)
        {
            directory.ThrowUnlessThere(); // what is missing there is not missing here
        }

        return new(isHeld);
    }

    /// <summary>
    /// Into a folder of its own, so that the queue is looked through at no cost for what is kept. The manifest goes last: data without
    /// one would be cleared away.
    /// </summary>
    public async ValueTask KeepAsync(Guid upload)
    {
        directory.ThrowUnlessThere();
        directory.Usage.Take(upload, 0); // a count must not meet the file under neither name, or under both
        try
        {
            await DiskThreads.RunAsync(() =>
            {
                FaultPoints.Reach(FaultPoint.UploadKeeping);
                directory.Files.Keep(directory.DataPath(upload));
                FaultPoints.Reach(FaultPoint.DataKept);
                directory.Files.Keep(directory.ManifestPath(upload));
                FaultPoints.Reach(FaultPoint.UploadKept);
            });
        }
        finally
        {
            directory.Usage.Put(upload, 0);
        }
    }

    /// <summary>
    /// The manifest goes first: data without one is known to be nobody's. What was kept is found by its job's row alone, which is told
    /// next that it is gone; so it is gone for good here, also for a power cut.
    /// </summary>
    public async ValueTask DeleteAsync(Guid upload)
    {
        long? bytes = directory.Usage.SmallBytes(upload) ?? directory.Files.DataBytes(upload);
        if (bytes is null || UploadFiles.IsMissing(directory.ManifestPath(upload)))
        {
            directory.ThrowUnlessThere(); // what is missing in another place is still there when the spool comes back
        }

        bool isQueued = directory.Files.IsQueued(upload);
        directory.Usage.Take(upload, bytes ?? 0);
        directory.Discard(upload, bytes ?? 0);
        if (!isQueued)
        {
            await DiskThreads.RunAsync(directory.Files.FlushKept);
        }
    }

    /// <summary>The manifest goes last: data without one would be cleared away.</summary>
    public ValueTask SetAsideAsync(Guid upload, DateTimeOffset now)
    {
        directory.ThrowUnlessThere();
        directory.Usage.Take(upload, 0); // a count must not meet the file under neither name, or under both
        try
        {
            directory.Files.SetAside(directory.DataPath(upload), now);
            directory.Files.SetAside(directory.ManifestPath(upload), now);
            directory.Usage.ForgetSmall(upload); // counted until a sweep removes it
        }
        finally
        {
            directory.Usage.Put(upload, 0);
        }

        return ValueTask.CompletedTask;
    }
}
