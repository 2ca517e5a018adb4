using System.Text.Json;
using PipelineService.Datasets.Definitions;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Sources.Buckets;
using PipelineService.Sources.Folders;

namespace PipelineService.Sources.Requests;

/// <summary>A source as clients see it.</summary>
/// <param name="Kind">What it is of.</param>
/// <param name="Dataset">The dataset that its uploads are for.</param>
/// <param name="Source">The label that its uploads carry, as <c>?source=</c> gives it to others.</param>
/// <param name="ContentType">How what lies there is written; null where names and the dataset say that.</param>
/// <param name="Folder">The folder that is watched; null of a source of another kind.</param>
/// <param name="Bucket">The part of a bucket that is looked at; null of a source of another kind.</param>
/// <param name="Queue">The stream of messages that is read; null of a source of another kind.</param>
/// <param name="State">
/// <c>active</c>; <c>waiting</c>: no instance looks after it yet; <c>failing</c>: it cannot be looked at, see <c>error</c>; <c>paused</c>;
/// or
/// <c>owner_revoked</c>: the key by which it was made or changed last lets nobody in any more.
/// </param>
/// <param name="Lag">What waits there to be taken.</param>
/// <param name="Taken">How many uploads were taken from it.</param>
/// <param name="Refused">How many objects could not be taken for good.</param>
/// <param name="LookedAt">When it was looked at last.</param>
/// <param name="Error">Why it could not be, the last time; null when it could.</param>
/// <param name="Tenant">The tenant of the dataset.</param>
public sealed record SourceView(
    string Name,
    [property: Words("SourceKind", SourceKinds.Folder, SourceKinds.Bucket, SourceKinds.Queue)] string Kind,
    string Dataset,
    string? Source,
    string? ContentType,
    FolderView? Folder,
    BucketView? Bucket,
    QueueView? Queue,
    [property: Words("SourceState", "active", "waiting", "failing", "paused", "owner_revoked")] string State,
    SourceLagView Lag,
    long Taken,
    long Refused,
    DateTime? LastTakenAt,
    DateTime? LookedAt,
    Problem? Error,
    DateTime? ErrorAt,
    string? Tenant,
    string CreatedBy,
    DateTime CreatedAt,
    DateTime UpdatedAt)
{
    internal static SourceView Of(SourceRow row) => new(
        row.Name,
        row.Kind,
        row.Dataset,
        row.Label,
        row.ContentType,
        SourcePlaces.FolderOf(row) is { } folder ? FolderView.Of(folder) : null,
        SourcePlaces.BucketOf(row) is { } bucket ? BucketView.Of(bucket) : null,
        SourcePlaces.QueueOf(row) is { } queue ? QueueView.Of(queue, row.Position) : null,
        row.Paused ? "paused"
            : !row.IsOwnerGood ? "owner_revoked"
            : row.Error is not null ? "failing"
            : row.IsRun ? "active"
            : "waiting",
        new SourceLagView(row.Waiting, row.WaitingBytes, row.WaitingSince, row.Skipped),
        row.Taken,
        row.Refused,
        row.LastTakenAt,
        row.LookedAt,
        ProblemOf(row.Error),
        row.ErrorAt,
        row.Tenant,
        row.CreatedBy,
        row.CreatedAt,
        row.UpdatedAt);

    internal static Problem? ProblemOf(string? json) =>
        json is null ? null : JsonSerializer.Deserialize<Problem>(json, PipelineJson.Options);
}

/// <summary>A watched folder.</summary>
/// <param name="Root">Which of the folders that the service is told of (<c>Sources:Folders</c>).</param>
/// <param name="Path">The folder below that, with slashes; empty: that itself.</param>
/// <param name="Pattern">Which files: <c>*</c> stands for any characters, <c>?</c> for one.</param>
/// <param name="Settle">How long a file must have been the same before it is taken.</param>
/// <param name="Interval">How often it is looked.</param>
/// <param name="After">What becomes of a file that was taken.</param>
/// <param name="Done">The folder in it for files that were taken, with <c>move</c>.</param>
/// <param name="Failed">The folder in it for files that cannot be taken, but with <c>keep</c>.</param>
public sealed record FolderView(
    string Root, string Path, string Pattern, string Settle, string Interval,
    [property: Words("SourceAfter", FolderAfter.Move, FolderAfter.Keep, FolderAfter.Delete)] string After,
    string Done, string Failed)
{
    internal static FolderView Of(FolderSettings settings) => new(
        settings.Root, settings.Path, settings.Pattern, DurationText.Format(settings.Settle), DurationText.Format(settings.Interval),
        settings.After, settings.Done, settings.Failed);
}

/// <summary>A part of a bucket whose objects are taken.</summary>
/// <param name="Store">Which of the stores that the service is told of (<c>Sources:Stores</c>).</param>
/// <param name="Prefix">How keys begin; empty: any.</param>
/// <param name="Pattern">
/// Which of them, by what stands behind their last slash: <c>*</c> stands for any characters, <c>?</c> for one.
/// </param>
/// <param name="Interval">How often it is looked.</param>
/// <param name="After">What becomes of an object that was taken.</param>
/// <param name="Done">With <c>move</c>: what is put between the prefix and the rest of the key of objects that were taken.</param>
/// <param name="Failed">But with <c>keep</c>: the same for objects that cannot be taken.</param>
public sealed record BucketView(
    string Store, string Bucket, string Prefix, string Pattern, string Interval,
    [property: Words("SourceAfter", FolderAfter.Move, FolderAfter.Keep, FolderAfter.Delete)] string After,
    string Done, string Failed)
{
    internal static BucketView Of(BucketSettings settings) => new(
        settings.Store, settings.Bucket, settings.Prefix, settings.Pattern, DurationText.Format(settings.Interval), settings.After,
        settings.Done, settings.Failed);
}

/// <summary>What waits to be taken, as the last look has found it; null: nobody has looked yet.</summary>
/// <param name="Objects">How many objects, or messages of a queue.</param>
/// <param name="Bytes">Their bytes; null of messages, of which brokers do not tell that.</param>
/// <param name="OldestAt">
/// The time of change of the oldest, or when a message came that is not younger than the oldest; null when none waits, or it is not known.
/// </param>
/// <param name="Skipped">
/// How many were passed over, because their names are no text; of a queue how many the broker had dropped before they were taken.
/// </param>
public sealed record SourceLagView(long? Objects, long? Bytes, DateTime? OldestAt, long? Skipped);

/// <summary>The sources that the caller may see, by name: there are few.</summary>
public sealed record SourceList(IReadOnlyList<SourceView> Items);

/// <summary>What a source is to be. What is left out is as it is for a new one.</summary>
/// <param name="Dataset">The dataset that its uploads are for.</param>
/// <param name="Folder">The folder to be watched: this, or one of the others.</param>
/// <param name="Bucket">The part of a bucket whose objects are to be taken: this, or one of the others.</param>
/// <param name="Queue">The stream whose messages are to be taken: this, or one of the others.</param>
/// <param name="Source">The label that its uploads carry, as <c>?source=</c> gives it to others; left out: none.</param>
/// <param name="ContentType">How what lies there is written; left out, as of messages: names and the dataset say that.</param>
public sealed record SourceRequest(
    string Dataset, FolderRequest? Folder = null, BucketRequest? Bucket = null, QueueRequest? Queue = null, string? Source = null,
    string? ContentType = null);

/// <summary>A folder to be watched.</summary>
/// <param name="Root">Which of the folders that the service is told of (<c>Sources:Folders</c>).</param>
/// <param name="Path">The folder below that, with slashes; left out: that itself.</param>
/// <param name="Pattern">Which files; left out: <c>*</c>.</param>
/// <param name="Settle">How long a file must have been the same before it is taken, at most <c>PT1H</c>; left out: <c>PT2S</c>.</param>
/// <param name="Interval">How often it is looked, from <c>PT1S</c> to <c>P1D</c>; left out: <c>PT5S</c>.</param>
/// <param name="After">What becomes of a file that was taken; left out: <c>move</c>.</param>
/// <param name="Done">The folder in it for files that were taken; left out: <c>done</c>.</param>
/// <param name="Failed">The folder in it for files that cannot be taken; left out: <c>failed</c>.</param>
public sealed record FolderRequest(
    string Root, string? Path = null, string? Pattern = null, string? Settle = null, string? Interval = null,
    [property: Words("SourceAfter", FolderAfter.Move, FolderAfter.Keep, FolderAfter.Delete)] string? After = null,
    string? Done = null, string? Failed = null);

/// <summary>A part of a bucket whose objects are to be taken.</summary>
/// <param name="Store">Which of the stores that the service is told of (<c>Sources:Stores</c>).</param>
/// <param name="Prefix">How keys begin; left out: any.</param>
/// <param name="Pattern">Which of them, by what stands behind their last slash; left out: <c>*</c>.</param>
/// <param name="Interval">How often it is looked, from <c>PT1S</c> to <c>P1D</c>; left out: <c>PT1M</c>.</param>
/// <param name="After">What becomes of an object that was taken; left out: <c>keep</c>.</param>
/// <param name="Done">What is put between the prefix and the rest of the key of objects that were taken; left out: <c>done</c>.</param>
/// <param name="Failed">The same for objects that cannot be taken; left out: <c>failed</c>.</param>
public sealed record BucketRequest(
    string Store, string Bucket, string? Prefix = null, string? Pattern = null, string? Interval = null,
    [property: Words("SourceAfter", FolderAfter.Move, FolderAfter.Keep, FolderAfter.Delete)] string? After = null,
    string? Done = null, string? Failed = null);

/// <summary>An object that was taken from a source, or could not be, in one state of it.</summary>
/// <param name="Object">Its name there; of messages the numbers of the first and the last.</param>
/// <param name="Version">Which state of it: of a file its size and time of change, of messages what their stream is known by.</param>
/// <param name="JobId">The job that it was taken as; null when it was refused.</param>
/// <param name="Error">Why it was refused.</param>
/// <param name="PutAway">Whether it was moved or deleted as the source says, or is to stay.</param>
public sealed record SourceObjectView(
    string Object, string Version, long Bytes, [property: Words("SourceObjectState", "taken", "refused")] string State, Guid? JobId,
    Problem? Error, bool PutAway, DateTime At)
{
    internal static SourceObjectView Of(SourceObjectRow row) => new(
        row.Object, row.Version, row.Bytes, row.State, row.JobId, SourceView.ProblemOf(row.Error), row.PutAway, row.At);
}

/// <summary>Some objects, the latest first.</summary>
/// <param name="NextCursor">What to send as cursor for those that follow; null at the end.</param>
public sealed record SourceObjectPage(IReadOnlyList<SourceObjectView> Items, string? NextCursor);
