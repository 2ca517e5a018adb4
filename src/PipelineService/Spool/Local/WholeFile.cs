namespace PipelineService.Spool.Local;

/// <summary>Small files that are there whole or not at all, whenever the process or the power may end.</summary>
internal static class WholeFile
{
    /// <summary>Writes a file that is not there yet. The caller flushes the directory.</summary>
    /// <returns>False when another process was first: its file stays.</returns>
    public static bool TryCreate(string path, string text)
    {
        string temporary = Write(path, text);
        try
        {
            File.Move(temporary, path, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(temporary);
            return false;
        }
    }

    /// <summary>Writes a file in the place of what is there. The caller flushes the directory.</summary>
    public static void Replace(string path, string text) => File.Move(Write(path, text), path, overwrite: true);

    /// <summary>Removes what starts that were killed have left half-written.</summary>
    public static void ClearLeftovers(string path)
    {
        IEnumerable<string> named =
            Directory.EnumerateFiles(Path.GetDirectoryName(path)!, $"{Path.GetFileName(path)}.*");
        foreach (string leftover in named.Where(found => found.Length > path.Length))
        {
            File.Delete(leftover);
        }
    }

    private static string Write(string path, string text)
    {
        string temporary = $"{path}.{Guid.CreateVersion7():N}";
        using FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        file.Write(System.Text.Encoding.UTF8.GetBytes(text));
        file.Flush(flushToDisk: true);
        return temporary;
    }
}
