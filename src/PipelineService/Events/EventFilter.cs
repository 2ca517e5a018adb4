using PipelineService.Access;

namespace PipelineService.Events;

/// <summary>Which events somebody wants, of those that they may see.</summary>
/// <param name="Types">Null: all.</param>
/// <param name="Datasets">Null: all.</param>
internal sealed record EventFilter(Caller Caller, IReadOnlyList<string>? Types, DatasetPatterns? Datasets)
{
    /// <summary>Whether nothing is left out.</summary>
    public bool IsAll => Types is null && Datasets is null && Caller is { IsLimited: false, Source: null };

    public bool Matches(EventRow row) =>
        (Types is null || Types.Contains(row.Type)) && (Datasets is null || Datasets.Match(row.Dataset)) && IsSeen(row);

    private bool IsSeen(EventRow row) => row.JobId is null
        ? Caller.Sees(row.Dataset, row.Tenant)
        : Caller.Sees(row.Dataset, row.Tenant, row.Source);
}
