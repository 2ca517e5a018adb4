using PipelineService.Core.Datasets;
using PipelineService.Spool;

namespace PipelineService.Tests.Infrastructure;

/// <summary>Uploads that are fed by hand.</summary>
internal static class SpoolWriting
{
    public static ValueTask AppendAsync(this SpoolWriter upload, ReadOnlyMemory<byte> bytes) =>
        upload.AppendAsync([bytes], bytes.Length, CancellationToken.None);

    public static Task SealAsync(this SpoolWriter upload, Func<SpoolManifest, SpoolManifest>? change = null)
    {
        SpooledBytes bytes = upload.Finish();
        SpoolManifest manifest = ManifestOf(upload.Id, bytes.Kept, bytes.Blocks);
        return upload.SealAsync(change?.Invoke(manifest) ?? manifest);
    }

    public static async Task<SpoolWriter> SealedAsync(this ISpool spool, ReadOnlyMemory<byte> bytes)
    {
        SpoolWriter upload = spool.Create(Guid.CreateVersion7());
        await upload.AppendAsync(bytes);
        await upload.SealAsync();
        return upload;
    }

    public static SpoolManifest ManifestOf(Guid upload, long bytes, params IReadOnlyList<string> blocks) => new()
    {
        UploadId = upload,
        Dataset = "trips",
        DatasetVersion = 3,
        Format = DataFormat.Csv,
        Delimiter = (byte)'\t',
        Source = "acme",
        ContentType = "text/tab-separated-values",
        IdempotencyKey = "key-1",
        UploadBytes = bytes,
        Sha256 = new string('a', 64),
        DataBytes = bytes,
        Blocks = blocks,
        RecordBytesMax = 1 << 20,
        CreatedAt = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
        ReceivedAt = new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero),
    };
}
