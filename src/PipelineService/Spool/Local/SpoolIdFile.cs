using PipelineService.Hosting.Startup;

namespace PipelineService.Spool.Local;

/// <summary>
/// <c>spool.id</c>, the name of a spool directory in job rows. Jobs are claimed by it, so a directory that changed its name
/// would leave the jobs of its uploads behind: the name is durable before the first upload is taken, and one that is lost
/// is found again in the manifests.
/// </summary>
internal static class SpoolIdFile
{
    public const string Name = "spool.id";

    /// <summary>The directory's name; a new one when it has none. The caller flushes the directory.</summary>
    /// <exception cref="StartupException">The name is lost, and the uploads there do not tell it.</exception>
    public static Guid ReadOrCreate(string directory)
    {
        string path = Path.Combine(directory, Name);
        Guid id = File.Exists(path)
            ? Guid.TryParse(File.ReadAllText(path), out Guid known) ? known : Mend(path, directory)
            : Create(path, directory);
        WholeFile.ClearLeftovers(path);
        return id;
    }

    /// <summary>The name that is there now; null when it cannot be understood.</summary>
    /// <exception cref="IOException">It cannot be read, or there is none.</exception>
    public static Guid? Read(string directory) =>
        Guid.TryParse(File.ReadAllText(Path.Combine(directory, Name)), out Guid id) ? id : null;

    /// <summary>Never over the name that another instance has given.</summary>
    private static Guid Create(string path, string directory)
    {
        Guid id = FindInManifests(path, directory) ?? Guid.CreateVersion7();
        return WholeFile.TryCreate(path, id.ToString()) ? id : Guid.Parse(File.ReadAllText(path));
    }

    /// <summary>In place and locked, so that of two instances that start at once one mends and the other reads.</summary>
    private static Guid Mend(string path, string directory)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        using StreamReader reader = new(file, leaveOpen: true);
        if (Guid.TryParse(reader.ReadToEnd(), out Guid mended))
        {
            return mended;
        }

        Guid id = FindInManifests(path, directory) ?? Guid.CreateVersion7();
        file.SetLength(0);
        file.Write(System.Text.Encoding.ASCII.GetBytes(id.ToString()));
        file.Flush(flushToDisk: true);
        return id;
    }

    /// <returns>The name that the uploads were taken under; null when there is no upload.</returns>
    private static Guid? FindInManifests(string path, string directory)
    {
        string[] manifests = Directory.GetFiles(directory, $"*{UploadFiles.ManifestExtension}");
        Guid[] names = [.. manifests.Select(NameIn).OfType<Guid>().Distinct()];
        return (manifests.Length, names) switch
        {
            (0, _) => null,
            (_, [Guid name]) => name,
            _ => throw new StartupException(
                $"{path} is missing or damaged, and the {manifests.Length} uploads beside it do not tell what it said. Write into it "
                + "the UUID under which their jobs are registered (SELECT DISTINCT spool FROM pipeline.jobs WHERE finished_at IS "
                + "NULL), or any new one when none is."),
        };
    }

    private static Guid? NameIn(string manifest)
    {
        try
        {
            return Guid.TryParse(Path.GetFileNameWithoutExtension(manifest), out Guid upload)
                ? ManifestFile.Read(manifest, upload).Manifest.Spool
                : null;
        }
        catch (Exception e) when (e is SpoolDamagedException or SpoolNewerException)
        {
            return null;
        }
    }
}
