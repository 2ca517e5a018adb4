using PipelineService.Core.Jobs;
using PipelineService.Core.Transforms;
using PipelineService.Jobs.Requests;

namespace PipelineService.Jobs;

/// <summary>A row of <c>pipeline.jobs</c>.</summary>
public sealed record JobRow
{
    public required Guid Id { get; init; }

    public required string Dataset { get; init; }

    public required int DatasetVersion { get; init; }

    /// <summary>As stored: see <see cref="JobStates.ToText"/>.</summary>
    public required string State { get; init; }

    public string? WaitingFor { get; init; }

    public long RecordsRead { get; init; }

    public long RecordsLoaded { get; init; }

    public long RecordsRejected { get; init; }

    public long RecordsFiltered { get; init; }

    /// <summary>A <see cref="RejectsView"/> as JSON text; null while nothing was counted.</summary>
    public string? Rejects { get; init; }

    /// <summary>What the dataset's transforms did, as JSON text: <see cref="Core.Rules.OpCounts"/>; null for nothing.</summary>
    public string? Ops { get; init; }

    public double ProgressRatio { get; init; }

    public double? RecordsPerSecond { get; init; }

    public string? Source { get; init; }

    /// <summary>That of its dataset; null: nobody's.</summary>
    public string? Tenant { get; init; }

    /// <summary>The key that brought it; null: no key that was made here.</summary>
    public Guid? KeyId { get; init; }

    public required string ContentType { get; init; }

    public string? ContentEncoding { get; init; }

    public long UploadBytes { get; init; }

    public bool UploadComplete { get; init; }

    public byte[]? UploadSha256 { get; init; }

    /// <summary>
    /// The names of the upload's columns in its order, once its header was read; null where records name their fields.
    /// </summary>
    public string[]? UploadColumns { get; init; }

    public string? IdempotencyKey { get; init; }

    /// <summary>What a source has taken the upload from, until the row is registered: no column has it.</summary>
    public TakenFrom? Taken { get; init; }

    public Guid? ParentJob { get; init; }

    /// <summary>
    /// The upload that it loads, where another job had that before; null: the one that it came with, which has its id.
    /// </summary>
    public Guid? UploadId { get; init; }

    /// <summary>How long its upload is kept after its end; null: not at all.</summary>
    public TimeSpan? KeepUpload { get; init; }

    /// <summary>Until when it keeps its upload; null before its end, and when the bytes are gone.</summary>
    public DateTime? UploadKeptUntil { get; init; }

    /// <summary>What all files of a form have in common; null of an upload by itself.</summary>
    public Guid? Batch { get; init; }

    /// <summary>The job whose rows its own take the place of; null for most.</summary>
    public Guid? Replaces { get; init; }

    /// <summary>The last job that was to take its place. That it has is told by <see cref="RevertedAt"/>.</summary>
    public Guid? ReplacedBy { get; init; }

    /// <summary>
    /// Versions of the datasets that it looks up, as JSON text: by their names the jobs that loaded them. Null until the first attempt has
    /// pinned them, and where there are none.
    /// </summary>
    public string? Pins { get; init; }

    /// <summary>Values that its rows still lack because a service gave no answer; null where that was never so.</summary>
    public long? Gaps { get; init; }

    /// <summary>
    /// What the rules of its dataset say of its rows, as JSON text: a <see cref="Jobs.Quality.QualityView"/>; null where there are none.
    /// </summary>
    public string? Quality { get; init; }

    /// <summary>Whether it is a later upload of the dataset that has taken the place of its rows, and of all others.</summary>
    public bool Superseded { get; init; }

    /// <summary>A problem object as JSON text, of a failed job.</summary>
    public string? Error { get; init; }

    /// <summary>Somebody asked for its end. A job that was committing by then has gone on all the same.</summary>
    public bool CancelRequested { get; init; }

    /// <summary>Rows that a revert removed, or null.</summary>
    public long? RecordsReverted { get; init; }

    public DateTime? RevertedAt { get; init; }

    /// <summary>Since when no client sees it any more.</summary>
    public DateTime? DeletedAt { get; init; }

    public required DateTime CreatedAt { get; init; }

    public DateTime? ReceivedAt { get; init; }

    public DateTime? StartedAt { get; init; }

    public DateTime? FinishedAt { get; init; }

    public long Revision { get; init; } = 1;

    public required Guid Spool { get; init; }

    public Guid? Owner { get; init; }

    public long Epoch { get; init; }

    public int Attempt { get; init; }

    /// <summary>
    /// Tries in a row that failed for a reason that may be the job's own, and came no further than those before.
    /// </summary>
    public int Tries { get; init; }

    /// <summary>
    /// How many bytes of the upload were written by the try that came furthest, whether they were committed or not.
    /// </summary>
    public long TriedBytes { get; init; }

    /// <summary>Since when it waits for its table, without having come further meanwhile; null when it does not.</summary>
    public DateTime? WaitingSince { get; init; }

    public JobState JobState => JobStates.TryParse(State, out JobState state)
        ? state
        : throw new InvalidOperationException($"Job {Id} has the unknown state {State}.");

    /// <summary>Whose turn it takes.</summary>
    public string Party => JobParty.Of(Tenant, Dataset);

    /// <summary>The upload that it loads.</summary>
    public Guid Upload => UploadId ?? Id;

    /// <summary>
    /// What expressions may use. An upload is loaded while it still arrives, so that it counts as received when it was taken on.
    /// </summary>
    public JobFacts Facts => new(Id, Source, CreatedAt);

    public RecordCounts Counts => new(RecordsRead, RecordsLoaded, RecordsRejected, RecordsFiltered);
}
