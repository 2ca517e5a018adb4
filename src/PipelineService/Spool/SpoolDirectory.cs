using Microsoft.Extensions.Options;
using PipelineService.Hosting;

namespace PipelineService.Spool;

/// <summary>
/// The directory of the spool: which files belong to an upload, and how many bytes all uploads together may hold.
/// </summary>
/// <remarks>
/// <c>{job}.data</c> holds the bytes; <c>{job}.json</c> is the manifest, written last. Data without a manifest was never
/// acknowledged. Files that end in <c>.damaged</c> are set aside for an operator. <c>spool.id</c> names the directory, so that
/// a job row says where its upload lies.
/// </remarks>
public sealed partial class SpoolDirectory : IDisposable
{
    internal const string DataExtension = ".data";
    internal const string ManifestExtension = ".json";
    internal const string DamagedExtension = ".damaged";

    private readonly SpoolOptions _options;
    private readonly ILogger<SpoolDirectory> _logger;
    private readonly SpoolUsage _usage;
    private InstanceLock? _lock;

    public SpoolDirectory(IOptions<SpoolOptions> options, ILogger<SpoolDirectory> logger)
    {
        _options = options.Value;
        _logger = logger;
        _usage = new SpoolUsage(_options.QuotaBytes);
        Root = Path.GetFullPath(_options.Directory);
    }

    public string Root { get; }

    /// <summary>The name of this directory in job rows. Known after <see cref="Prepare"/>.</summary>
    public Guid Id { get; private set; }

    /// <summary>Instances that use this directory now, or hang.</summary>
    public IReadOnlyList<Guid> FindLivingInstances() => InstanceLock.FindLiving(Root);

    /// <summary>Instances that have died while they used this directory; told once.</summary>
    public IReadOnlyList<Guid> SweepDeadInstances() => InstanceLock.SweepDead(Root);

    /// <summary>Bytes that uploads hold now, those that were set aside included.</summary>
    public long Bytes => _usage.Bytes;

    internal SpoolUsage Usage => _usage;

    public string DataPath(Guid jobId) => Path.Combine(Root, $"{jobId:D}{DataExtension}");

    public string ManifestPath(Guid jobId) => Path.Combine(Root, $"{jobId:D}{ManifestExtension}");

    /// <summary>Makes the directory when missing, reads its name, and clears away uploads that were never acknowledged.</summary>
    /// <exception cref="StartupException">It cannot be used, or its name is lost; the message says what to do.</exception>
    /// <param name="instance">The instance that uses it from now on.</param>
    public void Prepare(Guid instance)
    {
        try
        {
            DirectorySync.Create(Root);
            Id = SpoolIdFile.ReadOrCreate(Root);
            _lock = InstanceLock.Take(Root, instance);
            DirectorySync.Flush(Root); // a power cut must leave the name, and the lock: whose leases then need not be waited for
            Sweep(DateTimeOffset.MinValue);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            throw new StartupException(
                $"Spool:Directory is {Root}, and {Environment.UserName} cannot use it: {e.Message} Let that user create, write "
                + "and delete files there, or set Spool:Directory to a folder on a local disk with free space.",
                e);
        }
    }

    /// <summary>
    /// Clears away what nobody holds and no manifest speaks for (uploads of an instance that died, files whose removal broke
    /// off half-way), and what was set aside long enough; then knows anew how many bytes are held.
    /// </summary>
    /// <param name="damagedBefore">Damaged uploads that were set aside before this are removed.</param>
    public void Sweep(DateTimeOffset damagedBefore) =>
        _usage.Recount(isInHand => new SpoolSweep(this, damagedBefore, isInHand, _logger).Run());

    /// <summary>
    /// Whether the directory is the one that was opened at the start. A disk that went away leaves an empty folder in its
    /// place: what is written there would be hidden by the disk's return, and what is missing there is not lost.
    /// </summary>
    public bool IsThere()
    {
        try
        {
            return WasThere = SpoolIdFile.Read(Root) == Id;
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            return WasThere = false;
        }
    }

    /// <summary>What the last look said: <see cref="IsThere"/> without touching the disk.</summary>
    public bool WasThere { get; private set; } = true;

    /// <exception cref="SpoolUnavailableException">It is not the one that was opened at the start.</exception>
    public void ThrowUnlessThere()
    {
        if (!IsThere())
        {
            throw new SpoolUnavailableException(
                $"{Root} is not the spool that was opened at the start: its file {SpoolIdFile.Name} cannot be read there.");
        }
    }

    /// <summary>Ids of all sealed uploads, in the order in which they came (UUIDv7 sorts by time).</summary>
    public IEnumerable<Guid> SealedUploads() =>
        Directory.EnumerateFiles(Root, $"*{ManifestExtension}")
            .Select(path => Guid.TryParse(Path.GetFileNameWithoutExtension(path), out Guid id) ? id : Guid.Empty)
            .Where(id => id != Guid.Empty)
            .Order();

    /// <summary>A new upload to write to.</summary>
    /// <exception cref="SpoolUnavailableException">The directory is not there any more.</exception>
    /// <exception cref="IOException">The file cannot be made; there may be no room for it.</exception>
    public SpoolUpload Create(Guid jobId)
    {
        ThrowUnlessThere();
        return SpoolUpload.Create(this, jobId, _options.FlushBytes);
    }

    /// <summary>The manifest of a sealed upload, or null when the spool does not hold it.</summary>
    /// <exception cref="SpoolDamagedException">It is there but not what was written.</exception>
    /// <exception cref="SpoolUnavailableException">It cannot be read now, or the spool is not there.</exception>
    public SpoolManifest? FindManifest(Guid jobId)
    {
        try
        {
            return SpoolManifest.Read(ManifestPath(jobId));
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
    public SpoolManifest? FindManifestIfReadable(Guid jobId)
    {
        try
        {
            return FindManifest(jobId);
        }
        catch (Exception e) when (e is SpoolDamagedException or SpoolUnavailableException)
        {
            return null;
        }
    }

    /// <summary>A sealed upload to read.</summary>
    /// <exception cref="SpoolDamagedException">It is missing or not what was received.</exception>
    /// <exception cref="SpoolUnavailableException">It cannot be read now, or the spool is not there.</exception>
    public SpoolUpload Open(Guid jobId) => SpoolUpload.Open(
        this, FindManifest(jobId) ?? throw new SpoolDamagedException("The manifest of the upload is missing from the spool."));

    /// <summary>Whether anything of an upload is here, set aside or not.</summary>
    /// <exception cref="IOException">The disk does not tell.</exception>
    /// <exception cref="SpoolUnavailableException">The spool is not there.</exception>
    public bool Holds(Guid jobId)
    {
        bool isHeld = new[] { DataPath(jobId), ManifestPath(jobId) }
            .Any(path => !SpoolSweep.IsMissing(path) || !SpoolSweep.IsMissing(path + DamagedExtension));
        if (!isHeld)
        {
            ThrowUnlessThere(); // what is missing there is not missing here
        }

        return isHeld;
    }

    /// <summary>Whether an upload of so many bytes can be taken.</summary>
    /// <exception cref="IOException">The disk does not tell.</exception>
    public bool HasRoomFor(long bytes) => Bytes + bytes <= _options.QuotaBytes && FreeBytes() - bytes >= _options.FreeBytesMin;

    /// <summary>Bytes that the disk has free for the spool's user.</summary>
    public long FreeBytes() => new DriveInfo(Root).AvailableFreeSpace;

    /// <summary>Removes an upload. The manifest goes first: data without one is known to be nobody's.</summary>
    public void Delete(Guid jobId)
    {
        long bytes = new FileInfo(DataPath(jobId)) is { Exists: true, Length: long length } ? length : 0;
        _usage.Take(jobId, bytes);
        Discard(jobId, bytes);
    }

    /// <summary>
    /// Removes the upload of a job that has ended, or was refused. A disk that does not let go of its files changes nothing about
    /// that: recovery removes them.
    /// </summary>
    public void DeleteOrLeave(Guid jobId)
    {
        try
        {
            Delete(jobId);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            Log.NotDeleted(_logger, jobId, e.Message);
        }
    }

    /// <summary>Removes an upload in hand, counted with so many bytes. When it cannot be removed it stays counted.</summary>
    internal void Discard(Guid jobId, long bytes)
    {
        try
        {
            FaultPoints.Reach(FaultPoint.UploadUnlinking);
            File.Delete(ManifestPath(jobId));
            FaultPoints.Reach(FaultPoint.ManifestUnlinked);
            File.Delete(DataPath(jobId));
        }
        catch
        {
            _usage.Put(jobId, bytes); // the next sweep clears it, or the job's end is seen again
            throw;
        }

        _usage.Drop(jobId, bytes);
        FaultPoints.Reach(FaultPoint.UploadUnlinked);
    }

    /// <summary>
    /// Keeps the files of a damaged upload out of the way, for an operator to look at: they may be all there is of what was
    /// answered 202. The manifest goes last: data without one would be cleared away. Repeating it changes nothing.
    /// </summary>
    /// <param name="now">From when on their retention counts.</param>
    /// <exception cref="IOException">They cannot be renamed.</exception>
    /// <exception cref="SpoolUnavailableException">The directory is not there.</exception>
    public void SetAside(Guid jobId, DateTimeOffset now)
    {
        ThrowUnlessThere();
        _usage.Take(jobId, 0); // a count must not meet the file under neither name, or under both
        try
        {
            SetAside(DataPath(jobId), now);
            DirectorySync.Flush(Root);
            SetAside(ManifestPath(jobId), now);
            DirectorySync.Flush(Root);
        }
        finally
        {
            _usage.Put(jobId, 0);
        }
    }

    public void Dispose() => _lock?.Dispose();

    private static void SetAside(string path, DateTimeOffset now)
    {
        try
        {
            File.SetLastWriteTimeUtc(path, now.UtcDateTime);
            File.Move(path, path + DamagedExtension, overwrite: true);
        }
        catch (FileNotFoundException)
        {
            // That it is missing may be the damage. What cannot be looked at is no such case: it is not given up.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The upload of job {JobId} is still in the spool: {Reason}")]
        public static partial void NotDeleted(ILogger logger, Guid jobId, string reason);
    }
}
