using PipelineService.Spool.Conversion;

namespace PipelineService.Spool.Local;

/// <summary>
/// One look through the files of a spool directory: removes what nobody needs any more, and counts what is left. What is not
/// named after an upload is not ours and stays.
/// </summary>
/// <param name="damagedBefore">Damaged uploads that were set aside before this are removed.</param>
/// <param name="isInHand">Whether an upload is being received or removed by this instance now.</param>
internal sealed partial class SpoolSweep(
    SpoolDirectory spool, DateTimeOffset damagedBefore, Func<Guid, bool> isInHand, ILogger logger)
{
    private long _left;
    private long _removed;

    /// <summary>Files of uploads that were set aside and are left.</summary>
    public int Damaged { get; private set; }

    /// <returns>Bytes of data that are left, and of those that were removed. Manifests beside their data are not counted.</returns>
    public (long Left, long Removed) Run()
    {
        foreach (FileInfo file in new DirectoryInfo(spool.Root).EnumerateFiles())
        {
            // {upload}.data, {upload}.json.new, {upload}.json.damaged: the name up to the first dot, and the rest.
            int dot = file.Name.IndexOf('.', StringComparison.Ordinal);
            if (dot > 0 && Guid.TryParseExact(file.Name.AsSpan(0, dot), "D", out Guid upload) && !isInHand(upload))
            {
                try
                {
                    Look(file, upload, file.Name[dot..]);
                }
                catch (FileNotFoundException)
                {
                    // Its job has ended since the listing.
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    Log.NotSwept(logger, e, file.Name); // one file must not keep the others
                }
            }
        }

        CountKept();
        return (_left, _removed);
    }

    /// <summary>What is kept goes by the database, not by a look here.</summary>
    private void CountKept()
    {
        DirectoryInfo kept = new(spool.Files.Kept);
        foreach (FileInfo file in kept.Exists ? kept.EnumerateFiles($"*{UploadFiles.DataExtension}") : [])
        {
            if (Guid.TryParseExact(Path.GetFileNameWithoutExtension(file.Name), "D", out Guid upload) && !isInHand(upload))
            {
                Count(file.Length, isGone: false);
            }
        }
    }

    private void Look(FileInfo file, Guid upload, string kind)
    {
        switch (kind)
        {
            case UploadFiles.DataExtension:
                long bytes = file.Length;
                Count(bytes, isGone: ClearUnacknowledged(file, upload, bytes));
                break;
            case UploadFiles.ManifestExtension when UploadFiles.IsMissing(spool.DataPath(upload)):
                Count(ShareOf(file), isGone: false);
                break;
            case ManifestFile.TemporaryExtension:
                ClearHalfManifest(file, upload);
                break;
            case UploadFiles.DataExtension + UploadFiles.DamagedExtension:
                Count(file.Length, isGone: ClearDamaged(file, upload));
                break;
            case UploadFiles.ManifestExtension + UploadFiles.DamagedExtension:
                long share = UploadFiles.IsMissing(spool.DataPath(upload) + UploadFiles.DamagedExtension) ? ShareOf(file) : 0;
                Count(share, isGone: ClearDamaged(file, upload));
                break;
            case ConvertedFile.Extension:
                Count(file.Length, isGone: false); // goes with its job
                break;
            case SpoolProbe.Extension:
            case var _ when kind.EndsWith(SpoolDataFile.NewExtension, StringComparison.Ordinal):
                ClearUnlessLocked(file);
                break;
        }
    }

    /// <summary>Of a manifest that holds the data, too: its part of a file that it may share with others.</summary>
    private static long ShareOf(FileInfo manifest) => manifest.Length / HardLink.Count(manifest.FullName);

    private void Count(long bytes, bool isGone)
    {
        _left += isGone ? 0 : bytes;
        _removed += isGone ? bytes : 0;
    }

    /// <summary>Data without a manifest was never acknowledged, unless somebody is receiving it.</summary>
    private bool ClearUnacknowledged(FileInfo data, Guid upload, long bytes)
    {
        if (!UploadFiles.IsMissing(spool.ManifestPath(upload)))
        {
            return false;
        }

        // The lock can be had only when no process is receiving this upload.
        using (FileStream? alone = TryLock(data.FullName))
        {
            if (alone is null || !UploadFiles.IsMissing(spool.ManifestPath(upload)))
            {
                return false; // being received, or sealed and let go since the look above
            }

            data.Delete();
        }

        Log.ClearedUnacknowledged(logger, upload, bytes);
        return true;
    }

    /// <summary>A manifest that never got its name. Another instance may be about to give it: then it holds the data.</summary>
    private void ClearHalfManifest(FileInfo manifest, Guid upload)
    {
        string data = spool.DataPath(upload);
        using FileStream? alone = TryLock(data);
        if (alone is not null || UploadFiles.IsMissing(data))
        {
            manifest.Delete();
        }
    }

    private bool ClearDamaged(FileInfo file, Guid upload)
    {
        if (file.LastWriteTimeUtc >= damagedBefore)
        {
            Damaged++;
            return false;
        }

        file.Delete();
        Log.ClearedDamaged(logger, file.Name, upload);
        return true;
    }

    /// <summary>Of an instance that was killed while it probed, or made a file.</summary>
    private static void ClearUnlessLocked(FileInfo file)
    {
        using FileStream? alone = TryLock(file.FullName);
        if (alone is not null)
        {
            file.Delete();
        }
    }

    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Cleared the unacknowledged upload {JobId} ({Bytes} bytes): its sender was never answered 202.")]
        public static partial void ClearedUnacknowledged(ILogger logger, Guid jobId, long bytes);

        [LoggerMessage(Level = LogLevel.Warning,
            Message = "Removed {File}: the upload of job {JobId} was damaged, and Spool:DamagedRetention is over.")]
        public static partial void ClearedDamaged(ILogger logger, string file, Guid jobId);

        [LoggerMessage(Level = LogLevel.Error, Message = "The file {File} of the spool cannot be looked at or removed.")]
        public static partial void NotSwept(ILogger logger, Exception exception, string file);
    }
}
