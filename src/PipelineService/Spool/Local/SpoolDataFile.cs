using Microsoft.Win32.SafeHandles;

namespace PipelineService.Spool.Local;

/// <summary>Makes and opens the data file of an upload.</summary>
internal static class SpoolDataFile
{
    /// <summary>A sweep of another instance can be in the way once; more than that is another fault.</summary>
    private const int CreateTriesMax = 5;

    /// <summary>
    /// Makes the data file and locks it. Those are two steps: another instance that sweeps may have found it between them,
    /// without lock and manifest, and removed it. Once it is locked and has its name, nobody does.
    /// </summary>
    public static SafeFileHandle Create(string path)
    {
        for (int tries = 1; ; tries++)
        {
            try
            {
                SafeFileHandle handle = File.OpenHandle(
                    path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);
                if (File.Exists(path))
                {
                    return handle;
                }

                handle.Dispose();
            }
            catch (IOException) when (tries < CreateTriesMax)
            {
                // The other one holds the lock and is about to remove it, or just has.
            }

            if (tries == CreateTriesMax)
            {
                throw new IOException($"{path} was removed as soon as it was made.");
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
            handle = File.OpenHandle(
                directory.DataPath(manifest.UploadId), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            long length = RandomAccess.GetLength(handle);
            long blocks = (length + BlockChecksums.BlockBytes - 1) / BlockChecksums.BlockBytes;
            return length == manifest.DataBytes && blocks == manifest.Blocks.Count ? handle : throw new SpoolDamagedException(
                $"The data file of the upload has {length} bytes, but {manifest.DataBytes} were received.");
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
}
