namespace PipelineService.Datasets.Lookups;

/// <summary>Whose rows a table is to have.</summary>
/// <param name="Dataset">The dataset.</param>
/// <param name="Version">Its version.</param>
/// <param name="Job">The job that loads them.</param>
public sealed record RowsOwner(string Dataset, int Version, Guid Job);
