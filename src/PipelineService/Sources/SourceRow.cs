using PipelineService.Access;

namespace PipelineService.Sources;

/// <summary>A row of <c>pipeline.sources</c>.</summary>
internal sealed record SourceRow
{
    public required string Name { get; init; }

    /// <summary>One of <see cref="SourceKinds"/>.</summary>
    public required string Kind { get; init; }

    public required string Dataset { get; init; }

    /// <summary>The source that its uploads carry.</summary>
    public string? Label { get; init; }

    public string? ContentType { get; init; }

    /// <summary>What its kind needs, as JSON text.</summary>
    public required string Settings { get; init; }

    public bool Paused { get; init; }

    public string? Tenant { get; init; }

    /// <summary>The key by which it was made or changed last; null: none that was made here.</summary>
    public Guid? OwnerKey { get; init; }

    /// <summary>Whether that key lets somebody in.</summary>
    public bool IsOwnerGood { get; init; } = true;

    /// <summary>Whether an instance that lives looks after it.</summary>
    public bool IsRun { get; init; }

    /// <summary>A problem as JSON text.</summary>
    public string? Error { get; init; }

    public DateTime? ErrorAt { get; init; }

    public DateTime? LookedAt { get; init; }

    public long? Waiting { get; init; }

    public long? WaitingBytes { get; init; }

    public DateTime? WaitingSince { get; init; }

    public long? Skipped { get; init; }

    /// <summary>Of a queue: the number of the last message that was taken; null: none was.</summary>
    public long? Position { get; init; }

    public long Taken { get; init; }

    public long Refused { get; init; }

    public DateTime? LastTakenAt { get; init; }

    /// <summary>How often somebody has said that there is something new.</summary>
    public long Wakes { get; init; }

    public required string CreatedBy { get; init; }

    public DateTime CreatedAt { get; init; }

    public DateTime UpdatedAt { get; init; }

    public required Guid Id { get; init; }

    public bool IsSeenBy(Caller caller) => caller.Sees(Dataset, Tenant, Label);
}

/// <summary>What sources are of.</summary>
internal static class SourceKinds
{
    public const string Folder = "folder";
    public const string Bucket = "bucket";
    public const string Queue = "queue";

    public static readonly string[] All = [Folder, Bucket, Queue];
}
