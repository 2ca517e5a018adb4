using System.Text.Json;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;

namespace PipelineService.Jobs.Requests;

/// <summary>What was wrong with the rejected records of a job.</summary>
/// <param name="Groups">The 20 most frequent pairs of code and field, the most frequent first.</param>
/// <param name="Other">Records of all other pairs; one that has several of them counts for each.</param>
public sealed record RejectsView(IReadOnlyList<RejectGroup> Groups, long Other)
{
    /// <summary>A job with more pairs than these has thousands of columns, or data of another dataset.</summary>
    internal const int GroupsMax = 20;

    internal static RejectsView None { get; } = new([], 0);

    /// <param name="counts">All pairs, the most frequent first.</param>
    internal static RejectsView Of(IReadOnlyList<RejectCount> counts) => new(
        [.. counts.Take(GroupsMax).Select(c => new RejectGroup(c.Code, c.Field, c.Records))],
        counts.Skip(GroupsMax).Sum(c => c.Records));

    /// <summary>What a row says of its rejects; null when it has some and nobody has counted them.</summary>
    internal static RejectsView? Of(JobRow row) => row.Rejects is { } json
        ? JsonSerializer.Deserialize<RejectsView>(json, PipelineJson.Options)
        : row.RecordsRejected == 0 ? None : null;

    internal string ToJson() => JsonSerializer.Serialize(this, PipelineJson.Options);
}

/// <summary>Rejected records that share a fault.</summary>
/// <param name="Code">Of <c>errors[].code</c> in a dead letter.</param>
/// <param name="Field">The field at fault; null when it is the record as a whole.</param>
/// <param name="Records">How many have it; one with several faults counts in the group of each.</param>
public sealed record RejectGroup(string Code, string? Field, long Records);
