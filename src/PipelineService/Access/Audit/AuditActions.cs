using System.Collections.Immutable;
using System.Reflection;

namespace PipelineService.Access.Audit;

/// <summary>A kind of action that the audit tells of.</summary>
/// <param name="Name">Stable: <c>what.verb</c>.</param>
/// <param name="Object">What it is done to, with route values in braces: <c>job/{id}</c>.</param>
public sealed record AuditAction(string Name, string Object);

/// <summary>On an endpoint that changes something and writes no entry: why not.</summary>
public sealed record NotAudited(string Reason);

/// <summary>All actions that the audit tells of. A test holds docs/audit.md against them.</summary>
public static class AuditActions
{
    public static readonly AuditAction DatasetPut = new("dataset.put", "dataset/{dataset}");
    public static readonly AuditAction DatasetDelete = new("dataset.delete", "dataset/{dataset}");

    /// <summary>An upload was taken: the job has its id.</summary>
    public static readonly AuditAction Upload = new("upload.take", "dataset/{dataset}");

    /// <summary>The bytes of an upload that was kept (<c>load.keepUpload</c>) were deleted.</summary>
    public static readonly AuditAction UploadDelete = new("upload.delete", "upload/{id}");

    public static readonly AuditAction JobCancel = new("job.cancel", "job/{id}");
    public static readonly AuditAction JobRevert = new("job.revert", "job/{id}");

    /// <summary>An upload was taken that is to take the place of a job's rows.</summary>
    public static readonly AuditAction JobReplace = new("job.replace", "job/{id}");

    public static readonly AuditAction JobRerun = new("job.rerun", "job/{id}");

    /// <summary>A job whose rows break rules is loaded all the same, or counts as usual.</summary>
    public static readonly AuditAction JobApprove = new("job.approve", "job/{id}");

    /// <summary>A job whose rows break rules is not loaded: somebody has decided so, or nobody has in time.</summary>
    public static readonly AuditAction JobReject = new("job.reject", "job/{id}");

    /// <summary>What the rows of a job lack because a service gave no answer is to be filled in.</summary>
    public static readonly AuditAction GapsFill = new("gaps.fill", "job/{id}");

    public static readonly AuditAction JobDelete = new("job.delete", "job/{id}");

    /// <summary>Jobs that ended longer ago than <c>Jobs:Keep</c> were removed, with their dead letters.</summary>
    public static readonly AuditAction JobsExpire = new("jobs.expire", "jobs");

    /// <summary>Rejected records of a job were read, as they were sent.</summary>
    public static readonly AuditAction DeadLettersRead = new("dead_letters.read", "job/{id}");

    /// <summary>What became of one record of a job was looked at.</summary>
    public static readonly AuditAction RecordTrace = new("record.trace", "job/{id}");

    /// <summary>Rows of a key were looked at.</summary>
    public static readonly AuditAction RowsRead = new("rows.read", "dataset/{dataset}");

    /// <summary>A model was sent: a new version of it, or one that is there already.</summary>
    public static readonly AuditAction ModelPut = new("model.put", "model/{model}");

    /// <summary>A version of a model was deleted.</summary>
    public static readonly AuditAction ModelDelete = new("model.delete", "model/{model}");

    public static readonly AuditAction KeyCreate = new("key.create", "key/{key}");

    /// <summary>How much a key may send was changed.</summary>
    public static readonly AuditAction KeyChange = new("key.change", "key/{key}");

    public static readonly AuditAction KeyRotate = new("key.rotate", "key/{key}");
    public static readonly AuditAction KeyRevoke = new("key.revoke", "key/{key}");

    /// <summary>It was said what a tenant may have of what all share, and send.</summary>
    public static readonly AuditAction TenantPut = new("tenant.put", "tenant/{tenant}");

    public static readonly AuditAction TenantDelete = new("tenant.delete", "tenant/{tenant}");

    /// <summary>It was said how much may be sent for a dataset.</summary>
    public static readonly AuditAction DatasetLimit = new("dataset.limit", "dataset/{dataset}");

    public static readonly AuditAction WebhookPut = new("webhook.put", "webhook/{webhook}");
    public static readonly AuditAction WebhookDelete = new("webhook.delete", "webhook/{webhook}");
    public static readonly AuditAction WebhookRotate = new("webhook.rotate", "webhook/{webhook}");

    /// <summary>A webhook was sent an event that tells of nothing.</summary>
    public static readonly AuditAction WebhookTest = new("webhook.test", "webhook/{webhook}");

    /// <summary>A delivery is sent once more.</summary>
    public static readonly AuditAction WebhookRedeliver = new("webhook.redeliver", "webhook/{webhook}");

    /// <summary>The service sends nothing more to a webhook: it is gone, or too much waits for it.</summary>
    public static readonly AuditAction WebhookDisable = new("webhook.disable", "webhook/{webhook}");

    /// <summary>It was said where uploads are taken from.</summary>
    public static readonly AuditAction SourcePut = new("source.put", "source/{source}");

    public static readonly AuditAction SourceDelete = new("source.delete", "source/{source}");
    public static readonly AuditAction SourcePause = new("source.pause", "source/{source}");
    public static readonly AuditAction SourceResume = new("source.resume", "source/{source}");

    /// <summary>An instance started, with these of the settings that decide who may do what, and what is kept.</summary>
    public static readonly AuditAction ServiceStart = new("service.start", "instance/{id}");

    /// <summary>A call was refused for want of a right that reads only.</summary>
    public static readonly AuditAction Read = new("read", "{path}");

    public static ImmutableArray<AuditAction> All { get; } =
    [
        .. typeof(AuditActions).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => field.GetValue(null)).OfType<AuditAction>(),
    ];

    /// <summary>The endpoint writes entries of this action, and refusals of it are told.</summary>
    public static TBuilder Audits<TBuilder>(this TBuilder endpoint, AuditAction action)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(action);
}
