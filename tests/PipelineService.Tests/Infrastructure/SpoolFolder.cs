using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using PipelineService.Core.Datasets;
using PipelineService.Spool;

namespace PipelineService.Tests.Infrastructure;

/// <summary>A spool in a folder of its own, and uploads fed by hand.</summary>
public sealed class SpoolFolder : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<SpoolDirectory> _opened = [];

    public SpoolFolder(Action<SpoolOptions>? configure = null)
    {
        Options = new SpoolOptions { Directory = _folder.Path };
        configure?.Invoke(Options);
        Directory = Open();
    }

    /// <summary>What is left in a spool that holds no upload.</summary>
    public static IReadOnlyList<string> OwnFiles { get; } = ["spool.database", "spool.id"];

    public SpoolOptions Options { get; }

    public SpoolDirectory Directory { get; }

    public string Path => _folder.Path;

    /// <summary>The same folder as another process sees it.</summary>
    public SpoolDirectory Open()
    {
        SpoolDirectory directory = new(Microsoft.Extensions.Options.Options.Create(Options), NullLogger<SpoolDirectory>.Instance);
        directory.Prepare(Guid.CreateVersion7());
        _opened.Add(directory);
        return directory;
    }

    public SpoolUpload Create() => Directory.Create(Guid.CreateVersion7());

    public static ValueTask AppendAsync(SpoolUpload upload, ReadOnlyMemory<byte> bytes) =>
        upload.AppendAsync([bytes], bytes.Length, CancellationToken.None);

    public static Task SealAsync(SpoolUpload upload) =>
        upload.SealAsync(ManifestOf(upload.JobId, upload.Length, upload.FinishChecksums()));

    public async Task<SpoolUpload> SealedAsync(ReadOnlyMemory<byte> bytes)
    {
        SpoolUpload upload = Create();
        await AppendAsync(upload, bytes);
        await SealAsync(upload);
        return upload;
    }

    public static SpoolManifest ManifestOf(Guid jobId, long bytes, params IReadOnlyList<string> blocks) => new()
    {
        JobId = jobId,
        Dataset = "trips",
        DatasetVersion = 3,
        Format = DataFormat.Csv,
        Delimiter = (byte)'\t',
        Source = "acme",
        ContentType = "text/tab-separated-values",
        ContentEncoding = "gzip",
        IdempotencyKey = "key-1",
        UploadBytes = bytes,
        Sha256 = new string('a', 64),
        DataBytes = bytes,
        Blocks = blocks,
        RecordBytesMax = 1 << 20,
        CreatedAt = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero),
        ReceivedAt = new DateTimeOffset(2026, 1, 1, 0, 0, 1, TimeSpan.Zero),
    };

    /// <summary>Makes of a manifest what a newer version would have written of the upload.</summary>
    public static void MakeNewer(string manifest)
    {
        string json = File.ReadAllText(manifest).Split('\n')[0];
        json = json.Replace("\"form\":1", "\"form\":99", StringComparison.Ordinal);
        ulong checksum = XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(json));
        File.WriteAllText(manifest, string.Create(CultureInfo.InvariantCulture, $"{json}\n{checksum:x16}"));
    }

    public void Dispose()
    {
        _opened.ForEach(directory => directory.Dispose());
        _folder.Dispose();
    }
}
