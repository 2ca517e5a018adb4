using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Datasets;

/// <summary>One version of a dataset, as uploads and jobs use it. Immutable and shared.</summary>
public sealed class DatasetVersion
{
    private readonly Lazy<RowPlan> _plan;

    public DatasetVersion(string name, int version, DateTime createdAt, DatasetDefinition definition)
        : this(name, version, createdAt, definition, () => new RowPlan(definition))
    {
    }

    /// <param name="compile">Makes the plan for the first who asks.</param>
    internal DatasetVersion(
        string name, int version, DateTime createdAt, DatasetDefinition definition, Func<RowPlan> compile)
    {
        Name = name;
        Version = version;
        CreatedAt = createdAt;
        Definition = definition;
        _plan = new Lazy<RowPlan>(compile);
    }

    public string Name { get; }

    public int Version { get; }

    public DateTime CreatedAt { get; }

    public DatasetDefinition Definition { get; }

    /// <summary>Compiled by the first who asks, then shared by all jobs of this version.</summary>
    public RowPlan Plan => _plan.Value;

    /// <summary>Reads a stored definition.</summary>
    /// <exception cref="InvalidDataException">This version of the service cannot read it: a newer one has written it.</exception>
    internal static DatasetVersion Read(string name, int version, DateTime createdAt, string json)
    {
        using var document = JsonDocument.Parse(json);
        DatasetDefinition definition =
            DefinitionReader.Read(document.RootElement, name, out IReadOnlyDictionary<string, string[]> errors)
            ?? throw new InvalidDataException(
                $"Version {version} of dataset \"{name}\" cannot be read: "
                + string.Join(' ', errors.Select(e => $"{e.Key}: {string.Join(' ', e.Value)}")));
        return new DatasetVersion(name, version, createdAt, definition);
    }
}
