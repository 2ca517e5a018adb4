using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Transforms.Steps;
using PipelineService.Datasets.Definitions;
using PipelineService.Hosting;

namespace PipelineService.Datasets;

/// <summary>One version of a dataset, as uploads and jobs use it. Immutable and shared.</summary>
public sealed class DatasetVersion
{
    private readonly Lazy<RowPlan> _plan;

    /// <param name="secrets">Has what the definition names.</param>
    public DatasetVersion(string name, int version, DateTime createdAt, DatasetDefinition definition, DatasetSecrets secrets)
        : this(name, version, createdAt, definition, () => Compile(definition, secrets))
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

    /// <summary>Whose the dataset is; null: nobody's. It never changes.</summary>
    public string? Tenant { get; init; }

    /// <summary>Compiled by the first who asks, then shared by all jobs of this version.</summary>
    /// <exception cref="JobFaultException">It cannot be compiled: a secret that it needs is not set any more.</exception>
    public RowPlan Plan => _plan.Value;

    /// <summary>Reads a stored definition.</summary>
    /// <exception cref="InvalidDataException">This version of the service cannot read it: a newer one has written it.</exception>
    internal static DatasetVersion Read(
        string name, int version, DateTime createdAt, string json, string? tenant, DatasetSecrets secrets)
    {
        using var document = JsonDocument.Parse(json);
        DatasetDefinition definition =
            DefinitionReader.ReadStored(document.RootElement, name, out IReadOnlyDictionary<string, string[]> errors)
            ?? throw new InvalidDataException(
                $"Version {version} of dataset \"{name}\" cannot be read: "
                + string.Join(' ', errors.Select(e => $"{e.Key}: {string.Join(' ', e.Value)}")));
        return new DatasetVersion(name, version, createdAt, definition, secrets) { Tenant = tenant };
    }

    /// <summary>A definition compiled for loading.</summary>
    /// <exception cref="JobFaultException">A secret that it names is not set.</exception>
    internal static RowPlan Compile(DatasetDefinition definition, DatasetSecrets secrets)
    {
        try
        {
            return new RowPlan(definition, RowSteps.Of(definition, secrets.Find));
        }
        catch (SecretMissingException exception)
        {
            throw new JobFaultException(DatasetProblems.SecretMissing(exception.Name));
        }
    }
}
