using Microsoft.Extensions.Options;
using PipelineService.Hosting;

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
        SpoolManifest manifest = directory.FindManifest(upload)
            ?? throw new SpoolDamagedException("The manifest of the upload is missing from the spool.");
        return new(new SpoolReader(manifest, LocalUpload.Open(directory, manifest)));
    }

    public ValueTask<SpoolManifest?> FindAsync(Guid upload, CancellationToken cancellationToken) => new(directory.FindManifest(upload));

    public ValueTask<SpoolManifest?> FindByKeyAsync(string dataset, string key, CancellationToken cancellationToken) =>
        new(_keys.Find(dataset, key));

    public IAsyncEnumerable<Guid> ListAsync(CancellationToken cancellationToken) => directory.SealedUploads().ToAsyncEnumerable();

    public ValueTask<bool> HoldsAsync(Guid upload, CancellationToken cancellationToken)
    {
        bool isHeld = new[] { directory.DataPath(upload), directory.ManifestPath(upload) }
            .Any(path => !SpoolSweep.IsMissing(path) || !SpoolSweep.IsMissing(path + SpoolDirectory.DamagedExtension));
        if (!isHeld)
        {
            directory.ThrowUnlessThere(); // what is missing there is not missing here
        }

        return new(isHeld);
    }

    /// <summary>The manifest goes first: data without one is known to be nobody's.</summary>
    public ValueTask DeleteAsync(Guid upload)
    {
        FileInfo data = new(directory.DataPath(upload));
        if (!data.Exists)
        {
            directory.ThrowUnlessThere(); // what is missing in another place is still there when the spool comes back
        }

        long bytes = data.Exists ? data.Length : 0;
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
            SetAside(directory.DataPath(upload), now);
            DirectorySync.Flush(directory.Root);
            SetAside(directory.ManifestPath(upload), now);
            DirectorySync.Flush(directory.Root);
        }
        finally
        {
            directory.Usage.Put(upload, 0);
        }

        return ValueTask.CompletedTask;
    }

    private static void SetAside(string path, DateTimeOffset now)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, now.UtcDateTime);
            File.Move(path, path + SpoolDirectory.DamagedExtension, overwrite: true);
        }
        catch (FileNotFoundException)
        {
            // That it is missing may be the damage. What cannot be looked at is no such case: it is not given up.
        }
    }
}
