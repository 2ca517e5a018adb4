using Microsoft.Extensions.Options;
using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Spool.Local;

/// <summary>The spool on the local disk: two files for each upload in one directory.</summary>
public sealed class LocalSpool(SpoolDirectory directory, IOptions<SpoolOptions> options) : ISpool
{
    private readonly SpoolKeys _keys = new(directory);

    public Guid Id => directory.Id;

    public string Place => directory.Root;

    public bool IsThere() => directory.IsThere();

    public bool WasThere => directory.WasThere;

    public void ThrowUnlessThere() => directory.ThrowUnlessThere();

    public bool HasRoomFor(long bytes) => directory.HasRoomFor(bytes);

    public SpoolWriter Create(Guid upload)
    {
        directory.ThrowUnlessThere();
        return new SpoolWriter(upload, LocalUpload.Create(directory, upload, options.Value.FlushBytes));
    }

    public ValueTask<SpoolReader> OpenAsync(Guid upload, CancellationToken cancellationToken)
    {
        SpoolManifest manifest = directory.FindManifestOrKept(upload)
            ?? throw new SpoolDamagedException("The manifest of the upload is missing from the spool.");
        return new(new SpoolReader(manifest, LocalUpload.Open(directory, manifest)));
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

    /// <summary>The manifest goes first: data without one is known to be nobody's.</summary>
    public ValueTask DeleteAsync(Guid upload)
    {
        if (directory.Files.DataBytes(upload) is not { } bytes)
        {
            directory.ThrowUnlessThere(); // what is missing in another place is still there when the spool comes back
            bytes = 0;
        }

        directory.Usage.Take(upload, bytes);
        directory.Discard(upload, bytes);
        return ValueTask.CompletedTask;
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
        }
        finally
        {
            directory.Usage.Put(upload, 0);
        }

        return ValueTask.CompletedTask;
    }
}
