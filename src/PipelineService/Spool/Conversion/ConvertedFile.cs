using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;
using PipelineService.Spool.Local;

namespace PipelineService.Spool.Conversion;

/// <summary>
/// What has been made of an upload for a job, as a file of the spool beside it. It is counted in the quota. It is not flushed: what a
/// power cut takes of it is missed when its checksum is compared, and made again of the upload.
/// </summary>
internal sealed class ConvertedFile : IDisposable
{
    /// <summary>After the id of the job.</summary>
    public const string Extension = ".converted";

    private readonly SpoolDirectory _directory;
    private readonly SafeFileHandle _handle;
    private readonly Guid _being;
    private ConversionDigest? _digest;
    private long _length;
    private bool _isNamed;

    private ConvertedFile(SpoolDirectory directory, SafeFileHandle handle, Guid being) =>
        (_directory, _handle, _being) = (directory, handle, being);

    /// <summary>A new one, which has no name yet that anybody looks for.</summary>
    public static ConvertedFile Create(SpoolDirectory directory)
    {
        directory.ThrowUnlessThere();
        var being = Guid.CreateVersion7();
        directory.Usage.Take(being, 0);
        try
        {
            SafeFileHandle handle = File.OpenHandle(
                PathBeing(directory, being), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            return new ConvertedFile(directory, handle, being);
        }
        catch
        {
            directory.Usage.Drop(being, 0);
            throw;
        }
    }

    /// <summary>One that was made before, if it is what its job says; null when it is not, and gone then.</summary>
    public static async Task<ConvertedFile?> OpenAsync(
        SpoolDirectory directory, Guid job, ConversionDigest digest, CancellationToken cancellationToken)
    {
        SafeFileHandle handle;
        try
        {
            handle = File.OpenHandle(PathOf(directory, job), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (FileNotFoundException)
        {
            directory.ThrowUnlessThere();
            return null;
        }

        ConvertedFile file = new(directory, handle, job) { _length = RandomAccess.GetLength(handle), _isNamed = true };
        if (file._length == digest.Bytes && (await file.HashAsync(cancellationToken)).AsSpan().SequenceEqual(digest.Hash))
        {
            file._digest = digest;
            return file;
        }

        file.Dispose();
        Delete(directory, job);
        return null;
    }

    /// <summary>Where it lies until it has its name.</summary>
    public string Path => PathBeing(_directory, _being);

    public long Length => Volatile.Read(ref _length);

    /// <exception cref="SpoolFullException">The spool does not hold them.</exception>
    public async ValueTask AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        _directory.ReserveMade(bytes.Length);
        try
        {
            await RandomAccess.WriteAsync(_handle, bytes, _length, cancellationToken);
        }
        catch
        {
            _directory.Usage.Return(bytes.Length);
            throw;
        }

        Volatile.Write(ref _length, _length + bytes.Length);
    }

    /// <summary>A converter has written more of it.</summary>
    /// <param name="made">What it tells of all that there is now.</param>
    /// <exception cref="SpoolFullException">The spool does not hold it.</exception>
    /// <exception cref="ConversionBrokenException">That is not there.</exception>
    public void Grow(ConversionDigest made)
    {
        if (made.Bytes <= _length || made.Bytes > WrittenBytes)
        {
            throw new ConversionBrokenException("The converter tells of bytes that are not there.");
        }

        _directory.ReserveMade(made.Bytes - _length);
        _digest = made;
        Volatile.Write(ref _length, made.Bytes);
    }

    /// <summary>Bytes that were written, whether or not it was told of them.</summary>
    public long WrittenBytes => RandomAccess.GetLength(_handle);

    /// <summary>What is in it, when all of it has been told of.</summary>
    /// <exception cref="ConversionBrokenException">It has other bytes than it was told of.</exception>
    public ConversionDigest Digest => _digest is { } digest && digest.Bytes == WrittenBytes
        ? digest
        : throw new ConversionBrokenException("The converter has not told of all that it has written.");

    /// <summary>Gives it the name by which its job finds it again.</summary>
    public void Name(Guid job)
    {
        File.Move(PathBeing(_directory, _being), PathOf(_directory, job), overwrite: true);
        _isNamed = true;
        _directory.Usage.Put(_being, _length);
    }

    public ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken cancellationToken)
    {
        long available = Length - offset;
        return available <= 0 || buffer.IsEmpty
            ? new(0)
            : RandomAccess.ReadAsync(_handle, buffer.Length > available ? buffer[..(int)available] : buffer, offset, cancellationToken);
    }

    /// <summary>Those of jobs of this spool, whoever made them.</summary>
    public static IEnumerable<Guid> Jobs(SpoolDirectory directory) =>
        from path in Directory.EnumerateFiles(directory.Root, $"*{Extension}")
        where Guid.TryParseExact(System.IO.Path.GetFileNameWithoutExtension(path), "D", out _)
        select Guid.ParseExact(System.IO.Path.GetFileNameWithoutExtension(path), "D");

    /// <summary>Removes what was made for a job. When there is nothing, nothing changes.</summary>
    public static void Delete(SpoolDirectory directory, Guid job)
    {
        FileInfo file = new(PathOf(directory, job));
        if (!file.Exists)
        {
            return;
        }

        (long bytes, var counted) = (file.Length, Guid.CreateVersion7());
        directory.Usage.Take(counted, bytes);
        try
        {
            file.Delete();
        }
        catch
        {
            directory.Usage.Put(counted, bytes);
            throw;
        }

        directory.Usage.Drop(counted, bytes);
    }

    public void Dispose()
    {
        _handle.Dispose();
        if (!_isNamed)
        {
            UploadFiles.TryDelete(PathBeing(_directory, _being));
            _directory.Usage.Drop(_being, _length);
        }
    }

    private async Task<byte[]> HashAsync(CancellationToken cancellationToken)
    {
        XxHash128 hash = new();
        byte[] buffer = GC.AllocateUninitializedArray<byte>(256 << 10);
        for (long offset = 0; offset < _length;)
        {
            int read = await ReadAsync(buffer, offset, cancellationToken);
            if (read == 0)
            {
                break;
            }

            hash.Append(buffer.AsSpan(0, read));
            offset += read;
        }

        return hash.GetCurrentHash();
    }

    private static string PathOf(SpoolDirectory directory, Guid job) => System.IO.Path.Combine(directory.Root, $"{job:D}{Extension}");

    private static string PathBeing(SpoolDirectory directory, Guid being) =>
        System.IO.Path.Combine(directory.Root, $"{being:D}{Extension}{SpoolDataFile.NewExtension}");
}
