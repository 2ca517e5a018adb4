using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;
using PipelineService.Jobs.Quality;
using PipelineService.Jobs.Runs;

namespace PipelineService.Jobs.Requests;

/// <summary>A job as clients see it.</summary>
/// <param name="Id">UUIDv7: later jobs sort after earlier ones.</param>
/// <param name="WaitingFor">
/// What the job waits for, in the queue or in its next try: <c>database</c> or <c>spool</c>, in an outage; <c>table</c>, because
/// somebody holds the table or it takes rows too slowly; <c>lookup</c>, for the first rows of a dataset that it looks up; <c>conversion</c>,
/// for other files to be converted; <c>enrichment:…</c> with the name of a service, for its answers; <c>approval</c>, for somebody to decide
/// whether rows are loaded that are not as usual; or null.
/// </param>
/// <param name="CancelRequested">
/// Somebody has asked for the job's end: it stops at the next step, unless it is too late (<c>committing</c>).
/// </param>
/// <param name="Rejects">
/// What was wrong with the rejected records, by code and field; null for a job that ended before the service counted that.
/// </param>
/// <param name="Transforms">What the ops of the dataset's transforms did, in their order: none that did nothing.</param>
/// <param name="Reverted">When and how many of its rows a revert or a replacement removed.</param>
/// <param name="Batch">What the jobs of all files of a form have in common; null of an upload by itself.</param>
/// <param name="Replaces">The job whose rows its own take the place of: they go in the moment in which its own come.</param>
/// <param name="ReplacedBy">The job whose rows have taken the place of its own.</param>
/// <param name="Lookups">
/// What it looks up: by the name of a dataset the job whose rows of it are seen, by each of its attempts. Null before its first attempt
/// and where it looks nothing up.
/// </param>
/// <param name="Models">
/// Which models score its records: by what the definition calls one the version that is used, by each of its attempts. Null before its first
/// attempt and where none does.
/// </param>
/// <param name="Gaps">
/// Values that its rows still lack because a service gave no answer (<c>unavailable: "null"</c>), once it has ended; null where there were
/// none. <c>fill-gaps</c> fills them.
/// </param>
/// <param name="Quality">
/// What the rules of its dataset say of its rows (<c>quality</c>); null where there are none, and before all of them were counted.
/// </param>
/// <param name="Error">
/// Why a failed job failed, or why the service cancelled it. While it is <c>receiving</c>: why it will fail when the rest of its
/// upload has come.
/// </param>
public sealed record JobView(
    Guid Id,
    string Dataset,
    int DatasetVersion,
    string? Source,
    string? Tenant,
    JobState State,
    string? WaitingFor,
    bool CancelRequested,
    UploadView Upload,
    RecordsView Records,
    RejectsView? Rejects,
    IReadOnlyList<TransformView> Transforms,
    ProgressView Progress,
    DateTime CreatedAt,
    DateTime? ReceivedAt,
    DateTime? StartedAt,
    DateTime? FinishedAt,
    RevertedView? Reverted,
    Guid? Batch,
    Guid? Replaces,
    Guid? ReplacedBy,
    IReadOnlyDictionary<string, Guid>? Lookups,
    IReadOnlyDictionary<string, int>? Models,
    long? Gaps,
    QualityView? Quality,
    Problem? Error,
    JobLinks Links)
{
    public static JobView Of(JobRow row)
    {
        JobState state = row.JobState;
        PinnedVersions? pins = JobPins.Read(row.Pins);
        return new JobView(
            row.Id,
            row.Dataset,
            row.DatasetVersion,
            row.Source,
            row.Tenant,
            state,
            row.WaitingFor,
            row.CancelRequested,
            new UploadView(
                row.Upload,
                row.ContentType,
                row.ContentEncoding,
                row.UploadBytes,
                row.UploadComplete,
                row.UploadSha256 is null ? null : Convert.ToHexStringLower(row.UploadSha256),
                row.UploadKeptUntil),
            new RecordsView(row.RecordsRead, row.RecordsLoaded, row.RecordsRejected, row.RecordsFiltered),
            RejectsView.Of(row),
            [.. OpCounts.FromJson(row.Ops).Select(op => new TransformView(op.Index, op.Op, op.Name, op.Records))],
            ProgressView.Of(row, state),
            row.CreatedAt,
            row.ReceivedAt,
            row.StartedAt,
            row.FinishedAt,
            row is { RevertedAt: { } at, RecordsReverted: { } reverted } ? new RevertedView(at, reverted) : null,
            row.Batch,
            row.Replaces,
            row.RevertedAt is null ? null : row.ReplacedBy,
            pins is { Lookups.Count: > 0 } ? pins.Lookups : null,
            pins is { Models.Count: > 0 } ? pins.Models : null,
            row.Gaps,
            QualityView.Of(row),
            row.Error is null ? null : Faults.FromJson(row.Error),
            JobLinks.Of(row, state));
    }
}

/// <param name="Id">
/// The upload. A re-run loads that of the job before; any other job has one of its own, with the job's id.
/// </param>
/// <param name="ContentType">What the data is read as.</param>
/// <param name="ContentEncoding">Codings of the request that are undone for that, in the order in which they were applied.</param>
/// <param name="Bytes">Received so far, as the client sent them.</param>
/// <param name="Sha256">Of those bytes, lower-case hexadecimal; null until all have come.</param>
/// <param name="KeptUntil">
/// Until when this job keeps the bytes for a re-run (<c>load.keepUpload</c>); null before its end, and when it keeps none.
/// </param>
public sealed record UploadView(
    Guid Id, string ContentType, string? ContentEncoding, long Bytes, bool Complete, string? Sha256, DateTime? KeptUntil);

/// <summary>What became of the records; for a final job read = loaded + rejected + filtered.</summary>
public sealed record RecordsView(long Read, long Loaded, long Rejected, long Filtered);

/// <summary>What an op of the dataset's transforms did.</summary>
/// <param name="Index">0-based place of the op in the definition's list.</param>
/// <param name="Op">Which op it is.</param>
/// <param name="Name">Its name in the definition.</param>
/// <param name="Records">
/// Of <c>filter</c>: records that it left out; of any other op: records to which it gave something else than to the rest, as a null in
/// place of an error, or a text that was cut short.
/// </param>
public sealed record TransformView(int Index, string Op, string? Name, long Records);

/// <param name="Ratio">
/// The part of the upload that is loaded, 0 to 1, by bytes: while it arrives of its <c>Content-Length</c>, and 0 without one.
/// </param>
public sealed record ProgressView(double Ratio, double? RecordsPerSecond, DateTime? EstimatedFinishAt)
{
    internal static ProgressView Of(JobRow row, JobState state)
    {
        if (state.IsFinal())
        {
            return new ProgressView(
                state is JobState.Succeeded or JobState.PartiallySucceeded ? 1 : row.ProgressRatio, row.RecordsPerSecond, null);
        }

        DateTime? estimate = null;
        if (row is { ProgressRatio: > 0.01, RecordsPerSecond: > 0, StartedAt: { } started })
        {
            double seconds = row.RecordsRead / row.RecordsPerSecond.Value / row.ProgressRatio;
            estimate = started.AddSeconds(Math.Round(Math.Min(seconds, TimeSpan.FromDays(365).TotalSeconds)));
        }

        return new ProgressView(Math.Round(row.ProgressRatio, 4), row.RecordsPerSecond, estimate);
    }
}

/// <summary>
/// What can be done with the job now: <c>cancel</c> until it is final, <c>approve</c> and <c>reject</c> while it is held,
/// <c>revert</c> from its end on, and <c>rerun</c> while it keeps its upload and nobody has taken its place.
/// </summary>
public sealed record JobLinks(
    string Self, string DeadLetters, string? Cancel, string? Approve, string? Reject, string? Revert, string? Rerun)
{
    internal static JobLinks Of(JobRow job, JobState state) => new(
        $"/v1/jobs/{job.Id}",
        $"/v1/jobs/{job.Id}/dead-letters",
        state.IsFinal() ? null : $"/v1/jobs/{job.Id}/cancel",
        JobDecisions.IsHeld(job) ? $"/v1/jobs/{job.Id}/approve" : null,
        JobDecisions.IsHeld(job) ? $"/v1/jobs/{job.Id}/reject" : null,
        state.IsFinal() ? $"/v1/jobs/{job.Id}/revert" : null,
        job is { UploadKeptUntil: not null } and ({ RevertedAt: null } or { Superseded: true }) ? $"/v1/jobs/{job.Id}/rerun" : null);
}

/// <summary>That the rows of a job were removed again.</summary>
public sealed record RevertedView(DateTime At, long Rows);

/// <summary>A page of jobs, newest first.</summary>
/// <param name="NextCursor">For the next page; null on the last one.</param>
public sealed record JobPage(IReadOnlyList<JobView> Items, string? NextCursor);
