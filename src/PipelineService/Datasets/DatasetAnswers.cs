using System.Text.Json;
using System.Text.Json.Serialization;
using PipelineService.Datasets.Definitions;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets;

/// <summary>A dataset as clients see it.</summary>
/// <param name="Warnings">
/// Of a PUT: JSON pointer into the body → what is not done of what stands there: properties that are passed over, and what the
/// table does not do. Absent when there are none.
/// </param>
public sealed record DatasetAnswer(
    string Name,
    int Version,
    DateTime CreatedAt,
    DateTime UpdatedAt,
    DefinitionDocument Definition,
    DatasetLinks Links,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, string[]>? Warnings)
{
    public static DatasetAnswer Of(StoredDataset dataset, IReadOnlyDictionary<string, string[]>? warnings = null) => new(
        dataset.Name,
        dataset.Version,
        dataset.CreatedAt,
        dataset.UpdatedAt,
        JsonSerializer.Deserialize<DefinitionDocument>(dataset.Definition, PipelineJson.Options)!,
        DatasetLinks.Of(dataset.Name),
        warnings);
}

/// <summary>Where to go on from a dataset.</summary>
public sealed record DatasetLinks(string Self, string Versions, string Uploads)
{
    public static DatasetLinks Of(string name) =>
        new($"/v1/datasets/{name}", $"/v1/datasets/{name}/versions", $"/v1/datasets/{name}/uploads");
}

/// <summary>Some datasets, by name.</summary>
/// <param name="NextCursor">What to send as cursor for those that follow; null at the end.</param>
public sealed record DatasetPage(IReadOnlyList<DatasetSummary> Items, string? NextCursor)
{
    public static DatasetPage Of(IReadOnlyList<ListedDataset> datasets, int limit) => new(
        [.. datasets.Take(limit).Select(DatasetSummary.Of)],
        datasets.Count > limit ? datasets[limit - 1].Name : null);
}

/// <summary>A dataset in a list.</summary>
public sealed record DatasetSummary(
    string Name,
    int Version,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Title,
    DateTime CreatedAt,
    DateTime UpdatedAt,
    DatasetLinks Links)
{
    public static DatasetSummary Of(ListedDataset dataset) => new(
        dataset.Name, dataset.Version, dataset.Title, dataset.CreatedAt, dataset.UpdatedAt, DatasetLinks.Of(dataset.Name));
}

/// <summary>Some versions of a dataset, newest first.</summary>
/// <param name="NextCursor">What to send as cursor for those that follow; null at the end.</param>
public sealed record DatasetVersionPage(IReadOnlyList<DatasetVersionSummary> Items, string? NextCursor)
{
    public static DatasetVersionPage Of(string name, IReadOnlyList<ListedVersion> versions, int limit) => new(
        [.. versions.Take(limit).Select(v => DatasetVersionSummary.Of(name, v))],
        versions.Count > limit ? $"{versions[limit - 1].Version}" : null);
}

/// <summary>A version in a list.</summary>
public sealed record DatasetVersionSummary(int Version, DateTime CreatedAt, VersionLinks Links)
{
    public static DatasetVersionSummary Of(string name, ListedVersion version) =>
        new(version.Version, version.CreatedAt, VersionLinks.Of(name, version.Version));
}

/// <summary>A version of a dataset as clients see it.</summary>
public sealed record DatasetVersionAnswer(
    string Name, int Version, DateTime CreatedAt, DefinitionDocument Definition, VersionLinks Links)
{
    public static DatasetVersionAnswer Of(DatasetVersion version) => new(
        version.Name,
        version.Version,
        version.CreatedAt,
        DefinitionWriter.ToDocument(version.Definition),
        VersionLinks.Of(version.Name, version.Version));
}

/// <summary>Where to go on from a version.</summary>
public sealed record VersionLinks(string Self, string Dataset)
{
    public static VersionLinks Of(string name, int version) =>
        new($"/v1/datasets/{name}/versions/{version}", $"/v1/datasets/{name}");
}
