using PipelineService.Hosting;

namespace PipelineService.Spool.Local;

/// <summary>
/// Where the two files of an upload lie in a spool directory, and how they go elsewhere in it so that a power cut leaves them.
/// </summary>
/// <param name="root">The directory.</param>
internal sealed class UploadFiles(string root)
{
    public const string DataExtension = ".data";
    public const string ManifestExtension = ".json";
    public const string DamagedExtension = ".damaged";
    private const string KeptFolder = "kept";

    /// <summary>The folder of those that are kept after their jobs.</summary>
    public string Kept { get; } = Path.Combine(root, KeptFolder);

    public string Data(Guid upload) => Path.Combine(root, $"{upload:D}{DataExtension}");

    public string Manifest(Guid upload) => Path.Combine(root, $"{upload:D}{ManifestExtension}");

    /// <summary>
    /// Reads a file where it lies. Uploads go to those that are kept and never back, so this order misses none.
    /// </summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public T Read<T>(string path, Func<string, T> read)
    {
        try
        {
            return read(path);
        }
        catch (FileNotFoundException) when (Directory.Exists(Kept))
        {
            return read(KeptPath(path));
        }
    }

    /// <summary>Whether anything of an upload is here.</summary>
    /// <exception cref="IOException">The disk does not tell.</exception>
    public bool Hold(Guid upload) => ((string[])[Data(upload), Manifest(upload)])
        .Any(path => !IsMissing(path) || !IsMissing(path + DamagedExtension) || !IsMissing(KeptPath(path)));

    /// <summary>Bytes of the data file; null when there is none.</summary>
    public long? DataBytes(Guid upload) => new[] { Data(upload), KeptPath(Data(upload)) }
        .Select(path => new FileInfo(path)).FirstOrDefault(file => file.Exists)?.Length;

    /// <summary>Where its data file lies, kept or not; null when its bytes lie elsewhere.</summary>
    public string? PathOfData(Guid upload) =>
        new[] { Data(upload), KeptPath(Data(upload)) }.FirstOrDefault(path => !IsMissing(path));

    /// <summary>Whether anything of an upload is among those that are not kept.</summary>
    public bool IsQueued(Guid upload) => !IsMissing(Data(upload)) || !IsMissing(Manifest(upload));

    /// <summary>What was removed from those that are kept stays away, by this process or by one before.</summary>
    public void FlushKept()
    {
        if (Directory.Exists(Kept))
        {
            DirectorySync.Flush(Kept);
        }
    }

    /// <summary>Moves a file to those that are kept. One that is there already is left.</summary>
    public void Keep(string path)
    {
        if (!IsMissing(path))
        {
            DirectorySync.Create(Kept);
            File.Move(path, KeptPath(path), overwrite: true);
            DirectorySync.Flush(Kept);
            DirectorySync.Flush(root);
        }
    }

    /// <summary>Gives a file the name of one that is set aside. That it is missing may be the damage.</summary>
    /// <param name="now">From when on its retention counts.</param>
    public void SetAside(string path, DateTimeOffset now)
    {
        string found = IsMissing(path) ? KeptPath(path) : path;
        if (!IsMissing(found)) // what cannot be looked at is not given up
        {
            File.SetLastWriteTimeUtc(found, now.UtcDateTime);
            File.Move(found, path + DamagedExtension, overwrite: true);
            DirectorySync.Flush(root);
        }
    }

    public void Delete(string path)
    {
        File.Delete(path);
        if (!IsMissing(KeptPath(path)))
        {
            File.Delete(KeptPath(path));
        }
    }

    /// <summary>
    /// Removes a file that is not finished, if it can be: the error that is being told must not be replaced by that of a disk which
    /// cannot delete either.
    /// </summary>
    public static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            // The next sweep clears it away.
        }
    }

    /// <summary>Known to be missing: a file that cannot be looked at may be there.</summary>
    /// <exception cref="IOException">The disk does not tell.</exception>
    public static bool IsMissing(string path)
    {
        try
        {
            _ = File.GetAttributes(path);
            return false;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return true;
        }
    }

    private string KeptPath(string path) => Path.Combine(Kept, Path.GetFileName(path));
}
