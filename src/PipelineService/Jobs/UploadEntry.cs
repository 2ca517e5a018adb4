using PipelineService.Access.Audit;
using PipelineService.Spool;

namespace PipelineService.Jobs;

/// <summary>
/// What the audit is told of an upload that was taken: once, with the row of its job, whoever registers that and whenever. The entry has
/// the job's id, so that writing it again changes nothing.
/// </summary>
internal static class UploadEntry
{
    public static AuditEntry Of(SpoolManifest manifest)
    {
        var entry = AuditEntry.Of(
            manifest.Actor ?? AuditActor.Unknown,
            manifest.Replaces is null ? AuditActions.Upload : AuditActions.JobReplace,
            manifest.ReceivedAt,
            $"job/{manifest.UploadId}",
            manifest.Dataset,
            ("version", manifest.DatasetVersion),
            ("source", manifest.Source),
            ("contentType", manifest.ContentType),
            ("bytes", manifest.UploadBytes),
            ("sha256", manifest.Sha256),
            ("replaces", manifest.Replaces));
        return entry with { Id = manifest.UploadId };
    }
}
