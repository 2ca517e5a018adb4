namespace PipelineService.Spool.Local;

/// <summary>
/// A file that a running instance holds open and locked in the spool's folder <c>instances</c>. A file that can be locked
/// belongs to an instance that has died, in whatever way: the kernel drops the lock.
/// </summary>
public sealed class InstanceLock : IDisposable
{
    private const string Folder = "instances";
    private const string Extension = ".lock";

    /// <summary>Looks of other instances last microseconds; to meet several in a row takes another reason.</summary>
    private const int TakeTriesMax = 20;
    private readonly FileStream _file;

    private InstanceLock(FileStream file) => _file = file;

    /// <param name="spool">The directory of the spool.</param>
    /// <param name="instance">Whose lock it is from now on.</param>
    public static InstanceLock Take(string spool, Guid instance)
    {
        string folder = Directory.CreateDirectory(Path.Combine(spool, Folder)).FullName;
        string path = Path.Combine(folder, $"{instance:D}{Extension}");
        for (int tries = 1; ; tries++)
        {
            try
            {
                FileStream file = new(
                    path, FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose);
                if (File.Exists(path) || tries == TakeTriesMax)
                {
                    return new InstanceLock(file);
                }

                file.Dispose(); // another instance found it before it was locked, and swept it away as a dead one's
            }
            catch (IOException) when (tries < TakeTriesMax)
            {
                // Another instance looks at it just now, or sweeps it away.
            }
        }
    }

    /// <summary>Instances that use the directory now, or hang.</summary>
    /// <param name="except">The one that asks: a look at a lock that is held costs an exception.</param>
    public static IReadOnlyList<Guid> FindLiving(string spool, Guid except) =>
        [.. Files(spool, except).Where(f => IsHeld(f.Path)).Select(f => f.Instance)];

    /// <summary>Instances that died without removing their file; the files are removed.</summary>
    /// <inheritdoc cref="FindLiving" path="/param"/>
    public static IReadOnlyList<Guid> SweepDead(string spool, Guid except)
    {
        List<Guid> dead = [];
        foreach ((string path, Guid instance) in Files(spool, except))
        {
            if (TryRemove(path))
            {
                dead.Add(instance);
            }
        }

        return dead;
    }

    public void Dispose() => _file.Dispose();

    private static IEnumerable<(string Path, Guid Instance)> Files(string spool, Guid except)
    {
        DirectoryInfo folder = new(Path.Combine(spool, Folder));
        return !folder.Exists
            ? []
            : folder.EnumerateFiles($"*{Extension}")
                .Select(f => (f.FullName, Guid.TryParse(Path.GetFileNameWithoutExtension(f.Name), out Guid id) ? id : Guid.Empty))
                .Where(f => f.Item2 != Guid.Empty && f.Item2 != except);
    }

    /// <summary>
    /// Removes the file under the lock that its owner would have: one that starts just now either has it already, or finds when
    /// it gets it that the file is gone, and makes another.
    /// </summary>
    private static bool TryRemove(string path)
    {
        try
        {
            using (File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose))
            {
                return true;
            }
        }
        catch (IOException)
        {
            return false; // it is held, or another has removed it
        }
    }

    /// <summary>Looks with a lock that lookers share, so that none of them takes another for the owner.</summary>
    private static bool IsHeld(string path)
    {
        try
        {
            using (File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read))
            {
                return false;
            }
        }
        catch (FileNotFoundException)
        {
            return false; // it has just ended
        }
        catch (IOException)
        {
            return true;
        }
    }
}
