using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Spool.Local;

/// <summary>
/// The directory of the local spool: which files belong to an upload, and how many bytes all uploads together may hold.
/// </summary>
/// <remarks>
/// <c>{upload}.data</c> holds the bytes; <c>{upload}.json</c> is the manifest, written last. Data without a manifest was never
/// acknowledged. A small upload has its bytes in the manifest, and may share that file with others (<see cref="SharedFile"/>).
/// All lie in the folder <c>kept</c> when the job has ended and the upload is kept. Files that end in <c>.damaged</c> are set
/// aside for an operator. <c>spool.id</c> names the directory, so that a job row says where its upload lies;
/// <c>spool.database</c> names the database whose jobs those are.
/// </remarks>
public sealed class SpoolDirectory : IDisposable
{
    private readonly SpoolOptions _options;
    private readonly ILogger<SpoolDirectory> _logger;
    private readonly SpoolIdentity _identity;
    private readonly SpoolUsage _usage;
    private readonly FreeSpace _free;

    /// <summary>Uploads whose senders were refused and whose files could not be removed, with their bytes.</summary>
    private readonly ConcurrentDictionary<Guid, long> _refused = [];
    private InstanceLock? _lock;
    private Guid _instance;

    public SpoolDirectory(IOptions<SpoolOptions> options, ILogger<SpoolDirectory> logger)
    {
        _options = options.Value;
        _logger = logger;
        _usage = new SpoolUsage(_options.QuotaBytes);
        _free = new FreeSpace(FreeBytes, _options.FreeBytesMin);
        _identity = new SpoolIdentity(Path.GetFullPath(_options.Directory!));
        Files = new UploadFiles(Root);
    }

    public string Root => _identity.Root;

    /// <summary>The name of this directory in job rows. Known after <see cref="Identify"/>.</summary>
    public Guid Id => _identity.Id;

    /// <summary>
    /// Whether <see cref="Prepare"/> has taken it into use. While it may be another database's nothing is touched
    /// there.
    /// </summary>
    public bool IsInUse => _lock is not null;

    /// <summary>Other instances that use this directory now, or hang.</summary>
    public IReadOnlyList<Guid> FindLivingNeighbours() => InstanceLock.FindLiving(Root, except: _instance);

    /// <summary>Instances that have died while they used this directory; told once.</summary>
    public IReadOnlyList<Guid> SweepDeadInstances() => InstanceLock.SweepDead(Root, except: _instance);

    /// <summary>Bytes that uploads hold now, those that were set aside included.</summary>
    public long Bytes => _usage.Bytes;

    /// <summary>Files of uploads that were set aside, when they were last counted.</summary>
    public int DamagedFiles { get; private set; }

    internal SpoolUsage Usage => _usage;

    internal UploadFiles Files { get; }

    public string DataPath(Guid upload) => Files.Data(upload);

    public string ManifestPath(Guid upload) => Files.Manifest(upload);

    /// <inheritdoc cref="SpoolIdentity.Identify"/>
    public void Identify() => _identity.Identify();

    /// <inheritdoc cref="SpoolIdentity.FindOwner"/>
    internal SpoolOwner? FindOwner() => _identity.FindOwner();

    /// <inheritdoc cref="SpoolIdentity.BelongTo"/>
    internal SpoolOwner BelongTo(SpoolOwner owner) => _identity.BelongTo(owner);

    /// <summary>Takes the directory into use, and clears away uploads that were never acknowledged.</summary>
    /// <inheritdoc cref="SpoolIdentity.Identify" path="/exception"/>
    /// <param name="instance">The instance that uses it from now on.</param>
    public void Prepare(Guid instance) => _identity.AtStart(() =>
    {
        Identify();
        _instance = instance;
        DirectorySync.Create(Files.Kept);
        _lock = InstanceLock.Take(Root, instance);
        DirectorySync.Flush(Root); // a power cut must leave the lock: its leases need then not be waited for
        Sweep(DateTimeOffset.MinValue);
        return _lock;
    });

    /// <summary>
    /// Clears away what nobody holds and no manifest speaks for (uploads of an instance that died, files whose removal broke
    /// off half-way), and what was set aside long enough; then knows anew how many bytes are held.
    /// </summary>
    /// <param name="damagedBefore">Damaged uploads that were set aside before this are removed.</param>
    public void Sweep(DateTimeOffset damagedBefore)
    {
        DiscardRefused();
        _usage.Recount(isInHand =>
        {
            SpoolSweep sweep = new(this, damagedBefore, isInHand, _logger);
            (long Left, long Removed) bytes = sweep.Run();
            DamagedFiles = sweep.Damaged;
            return bytes;
        });
    }

    /// <inheritdoc cref="SpoolIdentity.IsThere"/>
    public bool IsThere() => _identity.IsThere();

    /// <inheritdoc cref="SpoolIdentity.WasThere"/>
    public bool WasThere => _identity.WasThere;

    /// <inheritdoc cref="SpoolIdentity.ThrowUnlessThere"/>
    public void ThrowUnlessThere() => _identity.ThrowUnlessThere();

    /// <summary>Ids of all sealed uploads, in the order in which they came (UUIDv7 sorts by time).</summary>
    public IEnumerable<Guid> SealedUploads() =>
        Directory.EnumerateFiles(Root, $"*{UploadFiles.ManifestExtension}")
            .Select(path => Guid.TryParse(Path.GetFileNameWithoutExtension(path), out Guid id) ? id : Guid.Empty)
            .Where(id => id != Guid.Empty && !_refused.ContainsKey(id))
            .Order();

    /// <summary>The manifest of a sealed upload, or null when the spool does not hold it.</summary>
    /// <exception cref="SpoolDamagedException">It is there but not what was written.</exception>
    /// <exception cref="SpoolNewerException">It was written by a newer version.</exception>
    /// <exception cref="SpoolUnavailableException">It cannot be read now, or the spool is not there.</exception>
    public SpoolManifest? FindManifest(Guid upload) => Find(upload, path => ManifestFile.Read(path, upload))?.Manifest;

    /// <summary>What the manifest of a sealed upload holds, kept or not; null when the spool does not hold it.</summary>
    /// <inheritdoc cref="FindManifest(Guid)" path="/exception"/>
    internal StoredUpload? FindOrKept(Guid upload) =>
        Find(upload, path => Files.Read(path, found => ManifestFile.Read(found, upload)));

    private StoredUpload? Find(Guid upload, Func<string, StoredUpload> read)
    {
        if (_refused.ContainsKey(upload))
        {
            return null;
        }

        try
        {
            return read(ManifestPath(upload));
        }
        catch (FileNotFoundException)
        {
            ThrowUnlessThere(); // what is missing there is not missing here
            return null;
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            throw new SpoolUnavailableException($"The manifest of the upload cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The manifest of a sealed upload, for those who can do without it: null also when it cannot be read.</summary>
    public SpoolManifest? FindManifestIfReadable(Guid upload)
    {
        try
        {
            return FindManifest(upload);
        }
        catch (Exception e) when (e is SpoolDamagedException or SpoolNewerException or SpoolUnavailableException)
        {
            return null;
        }
    }

    /// <summary>Whether an upload of so many bytes can be taken.</summary>
    /// <exception cref="IOException">The disk does not tell.</exception>
    public bool HasRoomFor(long bytes) => Bytes + bytes <= _options.QuotaBytes && FreeBytes() - bytes >= _options.FreeBytesMin;

    /// <summary>Bytes that the disk has free for the spool's user.</summary>
    public long FreeBytes() => new DriveInfo(Root).AvailableFreeSpace;

    /// <summary>Counts bytes about to be written to an upload in hand.</summary>
    /// <exception cref="SpoolFullException">
    /// They do not fit the quota, or the disk has others to leave room for.
    /// </exception>
    /// <exception cref="IOException">The disk does not tell.</exception>
    internal void Reserve(long bytes)
    {
        _free.Take(bytes);
        _usage.Reserve(bytes);
    }

    /// <summary>The same of what is made of uploads.</summary>
    /// <inheritdoc cref="Reserve" path="/exception"/>
    internal void ReserveMade(long bytes)
    {
        _free.Take(bytes);
        _usage.ReserveMade(bytes);
    }

    /// <summary>Removes an upload in hand, counted with so many bytes. When it cannot be removed it stays counted.</summary>
    internal void Discard(Guid upload, long bytes)
    {
        try
        {
            FaultPoints.Reach(FaultPoint.UploadUnlinking);
            Files.Delete(ManifestPath(upload));
            FaultPoints.Reach(FaultPoint.ManifestUnlinked);
            Files.Delete(DataPath(upload));
        }
        catch
        {
            _usage.Put(upload, bytes); // the next sweep clears it, or the job's end is seen again
            throw;
        }

        _usage.Drop(upload, bytes);
        FaultPoints.Reach(FaultPoint.UploadUnlinked);
    }

    /// <summary>
    /// The same for one whose sender is refused anyway. Its manifest may have its name already, and what cannot be removed must not be
    /// taken for an upload that was acknowledged: it is not among the sealed ones of this process, and the next sweep removes it.
    /// </summary>
    internal void DiscardUnsealed(Guid upload, long bytes)
    {
        try
        {
            Discard(upload, bytes);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            _refused[upload] = bytes; // it stays counted
        }
    }

    private void DiscardRefused()
    {
        foreach (Guid upload in _refused.Keys)
        {
            if (_refused.TryRemove(upload, out long bytes))
            {
                _usage.Take(upload, bytes);
                DiscardUnsealed(upload, bytes);
            }
        }
    }

    public void Dispose() => _lock?.Dispose();
}
