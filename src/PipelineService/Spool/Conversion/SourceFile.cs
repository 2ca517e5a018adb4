using PipelineService.Spool.Decoding;
using PipelineService.Spool.Local;

namespace PipelineService.Spool.Conversion;

/// <summary>The file that is converted: the upload's own, or where it has none of what it is when decoded a copy that goes at the end.</summary>
internal sealed class SourceFile : IDisposable
{
    private readonly ConvertedFile? _copy;

    private SourceFile(string path, long bytes, ConvertedFile? copy) => (Path, Bytes, _copy) = (path, bytes, copy);

    public string Path { get; }

    /// <summary>Bytes of it that were sent.</summary>
    public long Bytes { get; }

    public static async Task<SourceFile> OfAsync(
        SpoolDirectory directory, SpoolReader upload, UploadCodings codings, SpoolOptions options, CancellationToken cancellationToken)
    {
        using UploadContent content = await UploadContent.OpenAsync(upload, codings, options, cancellationToken);
        if (!content.IsCoded && directory.Files.PathOfData(upload.Id) is { } path)
        {
            return new SourceFile(path, upload.Length, copy: null);
        }

        var copy = ConvertedFile.Create(directory);
        try
        {
            byte[] buffer = GC.AllocateUninitializedArray<byte>(256 << 10);
            long offset = 0;
            while (await content.Bytes.WaitForBytesAsync(offset, cancellationToken))
            {
                int read = await content.Bytes.ReadAsync(buffer, offset, cancellationToken);
                await copy.AppendAsync(buffer.AsMemory(0, read), cancellationToken);
                offset += read;
            }

            SourceFile source = new(copy.Path, upload.Length, copy);
            copy = null;
            return source;
        }
        finally
        {
            copy?.Dispose();
        }
    }

    public void Dispose() => _copy?.Dispose();
}
