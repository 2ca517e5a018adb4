using Microsoft.Extensions.Options;
using PipelineService.Hosting;

namespace PipelineService.Spool;

/// <summary>
/// The directory of the spool: which files belong to an upload, and how many bytes all uploads together may hold.
/// </summary>
/// <remarks>
/// <c>{job}.data</c> holds the bytes; <c>{job}.json</c> is the manifest, written last. Data without a manifest was never
/// acknowledged. <c>spool.id</c> names the directory, so that a job row says where its upload lies.
/// </remarks>
public sealed partial class SpoolDirectory : IDisposable
{
    private const string DataExtension = ".data";
    internal const string ManifestExtension = ".json";

    private readonly SpoolOptions _options;
    private readonly ILogger<SpoolDirectory> _logger;
    private InstanceLock? _lock;
    private long _bytes;

    public SpoolDirectory(IOptions<SpoolOptions> options, ILogger<SpoolDirectory> logger)
    {
        _options = options.Value;
        _logger = logger;
        Root = Path.GetFullPath(_options.Directory);
    }

    public string Root { get; }

    /// <summary>The name of this directory in job rows. Known after <see cref="Prepare"/>.</summary>
    public Guid Id { get; private set; }

    /// <summary>Instances that use this directory now, or hang.</summary>
    public IReadOnlyList<Guid> FindLivingInstances() => InstanceLock.FindLiving(Root);

    /// <summary>Instances that have died while they used this directory; told once.</summary>
    public IReadOnlyList<Guid> SweepDeadInstances() => InstanceLock.SweepDead(Root);

    /// <summary>Bytes that uploads hold now.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    public string DataPath(Guid jobId) => Path.Combine(Root, $"{jobId:D}{DataExtension}");

    public string ManifestPath(Guid jobId) => Path.Combine(Root, $"{jobId:D}{ManifestExtension}");

    /// <summary>Makes the directory when missing, reads its name, and clears away uploads that were never acknowledged.</summary>
    /// <exception cref="IOException">The directory cannot be made or written.</exception>
    /// <exception cref="StartupException">Its name is lost; the message says what to do.</exception>
    /// <param name="instance">The instance that uses it from now on.</param>
    public void Prepare(Guid instance)
    {
        DirectorySync.Create(Root);
        Id = SpoolIdFile.ReadOrCreate(Root);
        _lock = InstanceLock.Take(Root, instance);
        DirectorySync.Flush(Root); // a power cut must leave the name, and the lock: whose leases then need not be waited for
        long bytes = 0;
        foreach (string path in Directory.EnumerateFiles(Root))
        {
            if (path.EndsWith(ManifestExtension + ".new", StringComparison.Ordinal))
            {
                File.Delete(path);
            }
            else if (path.EndsWith(DataExtension, StringComparison.Ordinal))
            {
                bytes += KeepOrClear(path);
            }
        }

        Interlocked.Exchange(ref _bytes, bytes);
    }

    /// <summary>
    /// Clears away what nobody holds and no manifest speaks for: uploads of an instance that died meanwhile, and files whose
    /// removal broke off half-way.
    /// </summary>
    public void ClearOrphans()
    {
        foreach (string path in Directory.EnumerateFiles(Root, $"*{DataExtension}"))
        {
            if (new FileInfo(path) is { Exists: true, Length: long bytes } && KeepOrClear(path) == 0 && !File.Exists(path))
            {
                Release(bytes);
            }
        }
    }

    /// <summary>Ids of all sealed uploads, in the order in which they came (UUIDv7 sorts by time).</summary>
    public IEnumerable<Guid> SealedUploads() =>
        Directory.EnumerateFiles(Root, $"*{ManifestExtension}")
            .Select(path => Guid.TryParse(Path.GetFileNameWithoutExtension(path), out Guid id) ? id : Guid.Empty)
            .Where(id => id != Guid.Empty)
            .Order();

    /// <summary>A new upload to write to.</summary>
    public SpoolUpload Create(Guid jobId) => SpoolUpload.Create(this, jobId, _options.FlushBytes);

    /// <summary>The manifest of a sealed upload, or null when the spool does not hold it.</summary>
    /// <exception cref="SpoolDamagedException">It is there but cannot be read.</exception>
    public SpoolManifest? FindManifest(Guid jobId)
    {
        string path = ManifestPath(jobId);
        try
        {
            return File.Exists(path) ? SpoolManifest.Read(path) : null;
        }
        catch (FileNotFoundException)
        {
            return null; // removed between the look and the read: its job has just finished
        }
    }

    /// <summary>A sealed upload to read.</summary>
    /// <exception cref="SpoolDamagedException">It is missing or not what was received.</exception>
    public SpoolUpload Open(Guid jobId) => SpoolUpload.Open(
        this, FindManifest(jobId) ?? throw new SpoolDamagedException("The upload is not in the spool."));

    /// <summary>Whether an upload of so many bytes can be taken.</summary>
    public bool HasRoomFor(long bytes) => Bytes + bytes <= _options.QuotaBytes && FreeBytes() - bytes >= _options.FreeBytesMin;

    /// <summary>Bytes that the disk has free for the spool's user.</summary>
    public long FreeBytes() => new DriveInfo(Root).AvailableFreeSpace;

    /// <summary>Counts bytes about to be written.</summary>
    /// <exception cref="SpoolFullException">They do not fit the quota.</exception>
    internal void Reserve(long bytes)
    {
        if (Interlocked.Add(ref _bytes, bytes) > _options.QuotaBytes)
        {
            Interlocked.Add(ref _bytes, -bytes);
            throw new SpoolFullException($"The spool's quota of {_options.QuotaBytes} bytes is used up.");
        }
    }

    internal void Release(long bytes) => Interlocked.Add(ref _bytes, -bytes);

    /// <summary>Removes an upload. The manifest goes first: data without one is known to be nobody's.</summary>
    public void Delete(Guid jobId)
    {
        FaultPoints.Reach(FaultPoint.UploadUnlinking);
        File.Delete(ManifestPath(jobId));
        FaultPoints.Reach(FaultPoint.ManifestUnlinked);
        FileInfo data = new(DataPath(jobId));
        if (data.Exists)
        {
            long bytes = data.Length;
            data.Delete();
            Release(bytes);
        }

        FaultPoints.Reach(FaultPoint.UploadUnlinked);
    }

    /// <summary>
    /// Keeps the files of an upload that cannot be understood out of the way, for an operator to look at. The manifest goes
    /// last: data without one would be cleared away by the next start.
    /// </summary>
    public void SetAside(Guid jobId)
    {
        if (File.Exists(DataPath(jobId)))
        {
            File.Move(DataPath(jobId), DataPath(jobId) + ".damaged", overwrite: true);
            DirectorySync.Flush(Root);
        }

        File.Move(ManifestPath(jobId), ManifestPath(jobId) + ".damaged", overwrite: true);
    }

    public void Dispose() => _lock?.Dispose();

    private long KeepOrClear(string dataPath)
    {
        if (!Guid.TryParse(Path.GetFileNameWithoutExtension(dataPath), out Guid jobId))
        {
            return 0; // not ours
        }

        long bytes = new FileInfo(dataPath).Length;
        if (File.Exists(ManifestPath(jobId)))
        {
            return bytes;
        }

        try
        {
            // The lock can be had only when no process is receiving this upload.
            using (File.OpenHandle(dataPath, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
            {
                if (File.Exists(ManifestPath(jobId)))
                {
                    return bytes; // sealed and let go since the look above
                }

                File.Delete(dataPath);
            }

            Log.ClearedUnacknowledged(_logger, jobId, bytes);
            return 0;
        }
        catch (IOException)
        {
            return bytes; // being received by another instance
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Cleared the unacknowledged upload {JobId} ({Bytes} bytes): its sender was never answered 202.")]
        public static partial void ClearedUnacknowledged(ILogger logger, Guid jobId, long bytes);
    }
}
