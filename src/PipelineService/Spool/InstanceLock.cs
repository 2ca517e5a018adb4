namespace PipelineService.Spool;

/// <summary>
/// A file that a running instance holds open and locked in the spool directory. A file that can be locked belongs to an
/// instance that has died, in whatever way: the kernel drops the lock.
/// </summary>
public sealed class InstanceLock : IDisposable
{
    private const string Extension = ".instance";
    private readonly FileStream _file;

    private InstanceLock(FileStream file) => _file = file;

    public static InstanceLock Take(string directory, Guid instance) => new(new FileStream(
        Path.Combine(directory, $"{instance:D}{Extension}"), FileMode.Create, FileAccess.ReadWrite, FileShare.None,
        bufferSize: 1, FileOptions.DeleteOnClose));

    /// <summary>Instances that died without removing their file; the files are removed.</summary>
    public static IReadOnlyList<Guid> SweepDead(string directory)
    {
        List<Guid> dead = [];
        foreach (string path in Directory.EnumerateFiles(directory, $"*{Extension}"))
        {
            try
            {
                using (new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose))
                {
                    if (Guid.TryParse(Path.GetFileNameWithoutExtension(path), out Guid instance))
                    {
                        dead.Add(instance);
                    }
                }
            }
            catch (IOException)
            {
                // Held by a living instance.
            }
        }

        return dead;
    }

    public void Dispose() => _file.Dispose();
}
