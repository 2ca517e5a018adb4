using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Spool.Local;

/// <summary>
/// Makes small uploads durable: those that end while a file is being written go together into the next, with their manifests
/// and bytes, so that they share its flush and that of the directory.
/// </summary>
/// <remarks>
/// The file has the name of each upload's manifest, as hard links: from there on each upload comes and goes by its own name, and
/// the disk frees the file with the last. A log that is appended to would save the names, too, but then somebody has to know which
/// part of which log is still needed, in agreement with other instances and after every crash; here the directory knows.
/// </remarks>
internal sealed class SharedFile
{
    /// <summary>Uploads of one file at most: one that waits long holds the room of so many.</summary>
    public const int UploadsMax = 32;

    private readonly SpoolDirectory _directory;
    private readonly Func<string, string, bool> _tryLink;
    private readonly SharedCalls<bool, StoredUpload, bool> _calls;

    public SharedFile(SpoolDirectory directory)
        : this(directory, HardLink.TryCreate)
    {
    }

    /// <param name="tryLink">See <see cref="HardLink.TryCreate"/>.</param>
    internal SharedFile(SpoolDirectory directory, Func<string, string, bool> tryLink)
    {
        (_directory, _tryLink) = (directory, tryLink);
        _calls = new(async (_, uploads) =>
        {
            await DiskThreads.RunAsync(() => Write(uploads));
            return new bool[uploads.Count];
        }, UploadsMax);
    }

    /// <inheritdoc cref="IUploadBytes.SealAsync" path="/exception"/>
    public Task AddAsync(StoredUpload upload) => _calls.AddAsync(true, upload);

    /// <summary>When it fails part of them may have their names: all are refused, and each removes its own.</summary>
    internal void Write(IReadOnlyList<StoredUpload> uploads)
    {
        _directory.ThrowUnlessThere();
        string first = PathOf(uploads[0]);
        Create(first, uploads);
        FaultPoints.Reach(FaultPoint.SharedFileNamed);
        foreach (StoredUpload upload in uploads.Skip(1))
        {
            if (!_tryLink(first, PathOf(upload)))
            {
                Create(PathOf(upload), [upload]); // where files have one name each
            }
        }

        DirectorySync.Flush(_directory.Root);
        FaultPoints.Reach(FaultPoint.DirectoryFlushed);
    }

    /// <summary>It gets its name when it is durable: what has the name of a manifest is whole.</summary>
    private static void Create(string path, IReadOnlyList<StoredUpload> uploads)
    {
        FaultPoints.Reach(FaultPoint.SharedFileWriting);
        SpoolDataFile.Create(path, fill: file =>
        {
            RandomAccess.Write(file, ManifestDocument.Write(uploads), 0);
            FaultPoints.Reach(FaultPoint.SharedFileWritten);
            RandomAccess.FlushToDisk(file);
        }).Dispose();
    }

    private string PathOf(StoredUpload upload) => _directory.ManifestPath(upload.Manifest.UploadId);
}
