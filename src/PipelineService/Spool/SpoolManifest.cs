using System.Text.Json.Serialization;
using PipelineService.Access.Audit;
using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;

namespace PipelineService.Spool;

/// <summary>
/// What is known of a received upload besides its bytes. Its presence in the spool means: every byte of the upload is durable.
/// It holds all that the row of the job needs that the upload was sent for, so that this job can be registered although the database was
/// down when it came.
/// </summary>
public sealed record SpoolManifest
{
    /// <summary>
    /// A reader leaves a form that it does not know alone (<see cref="SpoolNewerException"/>), so each manifest has the oldest
    /// form that says all of it: 1, or 2 with a <see cref="Failure"/>, or 3 where the job takes another's place or keeps the upload, or
    /// 5 where the bytes have to be decoded, or are of a format that the versions before did not have, or 7 where the text is to be
    /// transcoded or the upload converted, or 9 where a source has taken it. (4, 6, 8 and 10 are those of several:
    /// <see cref="ManifestDocument"/>.)
    /// </summary>
    public int Form => Taken is not null ? 9
        : Encoding is not null || FormatTable.Of(Format).IsConverted ? 7
        : IsCoded || Format is DataFormat.Json or DataFormat.JsonSequence ? 5
        : Replaces is not null || KeepUpload is not null ? 3
        : Failure is not null ? 2
        : 1;

    /// <summary>
    /// The upload's id, which the job that it was sent for has too; all forms call it by that. Other jobs that load it have ids of
    /// their own.
    /// </summary>
    [JsonPropertyName("jobId")]
    public required Guid UploadId { get; init; }

    /// <summary>The name of the spool that took the upload; null in manifests of versions that did not write it.</summary>
    public Guid? Spool { get; init; }

    public required string Dataset { get; init; }

    public required int DatasetVersion { get; init; }

    public required DataFormat Format { get; init; }

    /// <summary>The delimiter when the content type overrides the dataset's dialect (tab-separated values).</summary>
    public byte? Delimiter { get; init; }

    public string? Source { get; init; }

    /// <summary>That of the dataset. A version that does not know it makes a job that no tenant sees.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Tenant { get; init; }

    /// <summary>The key that brought the upload.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? KeyId { get; init; }

    public required string ContentType { get; init; }

    /// <summary>Codings that the request says were applied to the bytes; null for none.</summary>
    public string? ContentEncoding { get; init; }

    /// <summary>How the file was compressed before that, as the dataset or the content type said when it came.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public FileCompression Compression { get; init; }

    /// <summary>The encoding of the text by its name; null for UTF-8.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Encoding { get; init; }

    /// <summary>Whether the bytes have to be decoded before they can be read.</summary>
    [JsonIgnore]
    public bool IsCoded => ContentEncoding is not null || Compression != FileCompression.None || Encoding is not null;

    /// <summary>As the job row has it: what was sent, with the source in front where the sender is bound to one.</summary>
    public string? IdempotencyKey { get; init; }

    /// <summary>
    /// What all files of a form have in common. Whoever does not know it passes it over, and makes a job of its own of each.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? Batch { get; init; }

    /// <summary>The job whose rows those of this upload take the place of.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Guid? Replaces { get; init; }

    /// <summary>What a source took it from; null of one that somebody has sent.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TakenFrom? Taken { get; init; }

    /// <summary>How long the upload is kept after the end of its job.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public TimeSpan? KeepUpload { get; init; }

    /// <summary>
    /// Who sent it, for the audit: its entry is written when its job is registered. Null in manifests of versions that did not write it;
    /// whoever does not know it passes it over.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AuditActor? Actor { get; init; }

    /// <summary>Bytes as the client sent them.</summary>
    public required long UploadBytes { get; init; }

    /// <summary>SHA-256 of the bytes as the client sent them, lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Bytes in the spool: those that were sent, or none where nobody will read them.</summary>
    public required long DataBytes { get; init; }

    /// <summary>Why its job failed while it arrived, when its bytes were not kept for that.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Problem? Failure { get; init; }

    /// <summary>Checksums of those bytes: see <see cref="BlockChecksums"/>.</summary>
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
}
