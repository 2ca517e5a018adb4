using Microsoft.Win32.SafeHandles;

namespace PipelineService.Spool.Local;

/// <summary>Makes the files of an upload, and opens that with its data.</summary>
internal static class SpoolDataFile
{
    /// <summary>Of a file that is being made: after a number, <c>{job}.0.new</c>.</summary>
    internal const string NewExtension = ".new";

    /// <summary>A sweep of another instance can be in the way once; more than that is another fault.</summary>
    private const int CreateTriesMax = 5;

    /// <summary>
    /// Makes the data file, which is locked from the moment when it has its name. Making and locking are two steps: another
    /// instance that sweeps may find the file between them and remove it. So it is made under another name, and under yet
    /// another when a sweep was quicker: one that has taken the lock and been put to sleep holds nobody up.
    /// </summary>
    /// <param name="fill">Writes what the file holds when it gets its name. Not tried again when it fails.</param>
    public static SafeFileHandle Create(string path, Action<SafeFileHandle>? fill = null)
    {
        for (int tries = 0; ; tries++)
        {
            string made = Path.ChangeExtension(path, $"{tries}{NewExtension}");
            SafeFileHandle? handle = null;
            bool isFilled = true;
            try
            {
                handle = File.OpenHandle(made, FileMode.Create, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
                isFilled = fill is null;
                fill?.Invoke(handle);
                isFilled = true;
                File.Move(made, path);
                return handle;
            }
            catch (IOException) when (isFilled && tries + 1 < CreateTriesMax)
            {
                UploadFiles.TryDelete(made); // a sweep holds it and is about to remove it, or just has
                handle?.Dispose();
            }
            catch
            {
                UploadFiles.TryDelete(made);
                handle?.Dispose();
                throw;
            }
        }
    }

    /// <summary>Opens the data file of a sealed upload.</summary>
    /// <exception cref="SpoolDamagedException">It is missing or has another length than was received.</exception>
    /// <exception cref="SpoolUnavailableException">It cannot be opened now.</exception>
    public static SafeFileHandle Open(SpoolDirectory directory, SpoolManifest manifest)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = directory.Files.Read(
                directory.DataPath(manifest.UploadId),
                path => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
            CheckLength(manifest, RandomAccess.GetLength(handle));
            return handle;
        }
        catch (FileNotFoundException e)
        {
            directory.ThrowUnlessThere(); // what is missing there is not missing here
            throw new SpoolDamagedException("The data file of the upload is missing from the spool.", e);
        }
        catch (Exception e)
        {
            handle?.Dispose();
            throw SpoolUnavailableException.IsFault(e)
                ? new SpoolUnavailableException($"The data file of the upload cannot be opened: {e.Message}", e)
                : e;
        }
    }

    /// <exception cref="SpoolDamagedException">It is not what was received.</exception>
    public static void CheckLength(SpoolManifest manifest, long length)
    {
        long blocks = (length + BlockChecksums.BlockBytes - 1) / BlockChecksums.BlockBytes;
        if (length != manifest.DataBytes || blocks != manifest.Blocks.Count)
        {
            throw new SpoolDamagedException($"The stored upload has {length} bytes, but {manifest.DataBytes} were received.");
        }
    }
}
