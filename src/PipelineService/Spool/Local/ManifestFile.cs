using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Spool.Local;

/// <summary>
/// A manifest as a file. It lies beside the data of its upload, unless it holds them, too: see <see cref="SharedFile"/>.
/// </summary>
internal static class ManifestFile
{
    /// <summary>Of a manifest that is being written, after the upload's id.</summary>
    public const string TemporaryExtension = UploadFiles.ManifestExtension + TemporarySuffix;

    private const string TemporarySuffix = ".new";

    /// <summary>Writes the manifest so that it is there whole or not at all, and survives a power cut.</summary>
    public static void Write(SpoolManifest manifest, string path)
    {
        string temporary = path + TemporarySuffix;
        try
        {
            FaultPoints.Reach(FaultPoint.ManifestWriting);
            using (FileStream file = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                file.Write(ManifestDocument.Write(manifest));
                FaultPoints.Reach(FaultPoint.ManifestWritten);
                file.Flush(flushToDisk: true);
            }

            FaultPoints.Reach(FaultPoint.ManifestFlushed);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            UploadFiles.TryDelete(temporary);
            throw;
        }

        FaultPoints.Reach(FaultPoint.ManifestRenamed);
        DirectorySync.Flush(Path.GetDirectoryName(path)!);
        FaultPoints.Reach(FaultPoint.DirectoryFlushed);
    }

    /// <inheritdoc cref="ManifestDocument.Read" path="/exception"/>
    /// <exception cref="IOException">The file cannot be read, or there is none.</exception>
    public static StoredUpload Read(string path, Guid upload) =>
        ManifestDocument.Read(File.ReadAllBytes(path), upload, Path.GetFileName(path));
}
