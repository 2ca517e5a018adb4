namespace PipelineService.Datasets;

/// <summary>A dataset with its current definition, in canonical JSON.</summary>
/// <param name="Tenant">Whose it is; null: nobody's.</param>
public sealed record StoredDataset(
    string Name, int Version, string Definition, DateTime CreatedAt, DateTime UpdatedAt, string? Tenant);

/// <summary>A dataset in a list.</summary>
public sealed record ListedDataset(string Name, int Version, string? Title, DateTime CreatedAt, DateTime UpdatedAt);

/// <summary>A version in a list.</summary>
public sealed record ListedVersion(int Version, DateTime CreatedAt);

/// <summary>A version with its definition, in canonical JSON; null when the caller has it already.</summary>
internal sealed record StoredVersion(int Version, DateTime CreatedAt, string? Definition, string? Tenant);

/// <summary>A version with the name of its dataset and its definition, in canonical JSON.</summary>
internal sealed record NamedVersion(string Name, int Version, DateTime CreatedAt, string Definition, string? Tenant);

/// <summary>What a writer must know of the dataset as it stands.</summary>
internal sealed record DatasetState(int Version, DateTime CreatedAt, DateTime UpdatedAt, bool IsDeleted, bool IsSame, string? Tenant);

/// <summary>A dataset that loads into a table, deleted or not.</summary>
internal sealed record TableOwner(string Name, string? Tenant);
