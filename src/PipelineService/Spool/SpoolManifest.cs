using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using System.Text.Json.Serialization;
using PipelineService.Core.Datasets;
using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Http;

namespace PipelineService.Spool;

/// <summary>
/// What is known of a received upload besides its bytes. Its presence on disk means: every byte of the upload is durable.
/// It holds all that the job row needs, so that a job can be registered although the database was down when it came.
/// </summary>
public sealed record SpoolManifest
{
    /// <summary>
    /// The newest form known here. A reader leaves one that it does not know alone (<see cref="SpoolNewerException"/>),
    /// so each manifest has the oldest form that says all of it: 1, or 2 with a <see cref="Failure"/>.
    /// </summary>
    public const int FormVersion = 2;

    /// <summary>Of a manifest that is being written, after the job's id.</summary>
    internal const string TemporaryExtension = SpoolDirectory.ManifestExtension + TemporarySuffix;

    private const string TemporarySuffix = ".new";

    public int Form => Failure is null ? 1 : FormVersion;

    public required Guid JobId { get; init; }

    /// <summary>The name of the spool directory that took the upload; null in manifests of versions that did not write it.</summary>
    public Guid? Spool { get; init; }

    public required string Dataset { get; init; }

    public required int DatasetVersion { get; init; }

    public required DataFormat Format { get; init; }

    /// <summary>The delimiter when the content type overrides the dataset's dialect (tab-separated values).</summary>
    public byte? Delimiter { get; init; }

    public string? Source { get; init; }

    public required string ContentType { get; init; }

    public string? ContentEncoding { get; init; }

    public string? IdempotencyKey { get; init; }

    /// <summary>Bytes as the client sent them.</summary>
    public required long UploadBytes { get; init; }

    /// <summary>SHA-256 of the bytes as the client sent them, lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Bytes of the data file: the upload after its content encoding was removed.</summary>
    public required long DataBytes { get; init; }

    /// <summary>Why its job failed while it arrived, when its bytes were not kept for that.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Problem? Failure { get; init; }

    /// <summary>Checksums of the data file: see <see cref="BlockChecksums"/>.</summary>
    public required IReadOnlyList<string> Blocks { get; init; }

    /// <summary>The record limit that this upload is cut under, whatever the configuration says later.</summary>
    public required int RecordBytesMax { get; init; }

    /// <summary>
    /// The trace of the request that brought the upload, as W3C's <c>traceparent</c>: its job may run when that is long over, in
    /// another process. Whoever does not know it passes it over.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TraceParent { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Writes the manifest so that it is there whole or not at all, and survives a power cut.</summary>
    public void Write(string path)
    {
        string temporary = path + TemporarySuffix;
        try
        {
            FaultPoints.Reach(FaultPoint.ManifestWriting);
            using (FileStream file = new(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                byte[] json = JsonSerializer.SerializeToUtf8Bytes(this, PipelineJson.Options);
                file.Write(json);
                file.Write(ChecksumLine(json));
                FaultPoints.Reach(FaultPoint.ManifestWritten);
                file.Flush(flushToDisk: true);
            }

            FaultPoints.Reach(FaultPoint.ManifestFlushed);
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }

        FaultPoints.Reach(FaultPoint.ManifestRenamed);
        DirectorySync.Flush(Path.GetDirectoryName(path)!);
        FaultPoints.Reach(FaultPoint.DirectoryFlushed);
    }

    /// <exception cref="SpoolDamagedException">The file is not a manifest.</exception>
    /// <exception cref="SpoolNewerException">It has a form that is not known here.</exception>
    public static SpoolManifest Read(string path)
    {
        try
        {
            ReadOnlySpan<byte> bytes = File.ReadAllBytes(path);
            int end = bytes.LastIndexOf((byte)'\n');
            if (end < 0 || !bytes[end..].SequenceEqual(ChecksumLine(bytes[..end])))
            {
                throw new SpoolDamagedException($"The manifest {Path.GetFileName(path)} does not match its checksum.");
            }

            CheckForm(bytes[..end], Path.GetFileName(path));
            return JsonSerializer.Deserialize<SpoolManifest>(bytes[..end], PipelineJson.Options)
                ?? throw new SpoolDamagedException($"The manifest {Path.GetFileName(path)} is empty.");
        }
        catch (JsonException e)
        {
            throw new SpoolDamagedException($"The manifest {Path.GetFileName(path)} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Before the rest is understood: a newer form may say it in other words.</summary>
    private static void CheckForm(ReadOnlySpan<byte> json, string name)
    {
        int form = JsonSerializer.Deserialize<AnyForm>(json, PipelineJson.Options)?.Form ?? 0;
        if (form > FormVersion)
        {
            throw new SpoolNewerException(
                $"A newer PipelineService has taken it: its manifest has form {form}, this one knows {FormVersion}.");
        }

        if (form < 1)
        {
            throw new SpoolDamagedException($"The manifest {name} has no form.");
        }
    }

    /// <summary>The error that is being told must not be replaced by that of a disk which cannot delete either.</summary>
    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            // The next sweep clears it away.
        }
    }

    /// <summary>The last line of the file: the checksum of all before it.</summary>
    private static byte[] ChecksumLine(ReadOnlySpan<byte> json) => System.Text.Encoding.ASCII.GetBytes(
        $"\n{XxHash3.HashToUInt64(json).ToString("x16", CultureInfo.InvariantCulture)}");

    private sealed record AnyForm(int Form);
}

/// <summary>What the spool holds of an upload is not what was received.</summary>
public sealed class SpoolDamagedException : Exception
{
    public SpoolDamagedException()
    {
    }

    public SpoolDamagedException(string message)
        : base(message)
    {
    }

    public SpoolDamagedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>
/// An upload is written in a form that this version does not know: neither damaged nor for us. It is left as it is.
/// </summary>
public sealed class SpoolNewerException : Exception
{
    public SpoolNewerException()
    {
    }

    public SpoolNewerException(string message)
        : base(message)
    {
    }

    public SpoolNewerException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
