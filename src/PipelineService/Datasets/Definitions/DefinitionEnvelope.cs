using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Lookups;

namespace PipelineService.Datasets.Definitions;

/// <summary>What a PUT declares.</summary>
/// <param name="Definition">Null when it has faults.</param>
/// <param name="Version">The version that the client has changed; null where it names none.</param>
/// <param name="Pointer">Where in the body the definition stands, as a JSON pointer.</param>
/// <param name="Warnings">JSON pointer into the definition → what is passed over there.</param>
internal sealed record Declaration(
    DatasetDefinition? Definition, int? Version, string Pointer, IReadOnlyDictionary<string, string[]> Warnings)
{
    /// <summary>Its own warnings and those of the table, as places in the body; null when there are none.</summary>
    public IReadOnlyDictionary<string, string[]>? WarningsWith(IReadOnlyDictionary<string, string[]>? ofTable)
    {
        OrderedDictionary<string, string[]> all = new(InBody(Warnings).Concat(InBody(ofTable ?? new Dictionary<string, string[]>())));
        return all.Count == 0 ? null : all;
    }

    /// <summary>Places in the definition as places in the body.</summary>
    public IReadOnlyDictionary<string, string[]> InBody(IReadOnlyDictionary<string, string[]> errors) =>
        Pointer.Length == 0 ? errors : errors.ToDictionary(error => Pointer + error.Key, error => error.Value);
}

/// <summary>
/// The body of a PUT: a definition, or what a GET answered, which has one inside. The latter's <c>version</c> must be current, so that
/// a change which somebody has made meanwhile is not undone; the other properties that the service sets are passed over.
/// </summary>
internal static class DefinitionEnvelope
{
    private const string Inner = "definition";

    /// <param name="body">What was sent.</param>
    /// <param name="dataset">The dataset's name.</param>
    /// <param name="lookups">The datasets that the definition looks up.</param>
    /// <param name="errors">JSON pointer into the body → what is wrong there; empty on success.</param>
    public static Declaration Read(
        JsonElement body, string dataset, LookupSources lookups, out IReadOnlyDictionary<string, string[]> errors)
    {
        if (body.ValueKind != JsonValueKind.Object || body.TryGetProperty("schema", out _)
            || !body.TryGetProperty(Inner, out JsonElement definition) || definition.ValueKind != JsonValueKind.Object)
        {
            var inBody = new DefinitionFaults();
            Declaration bare = new(DefinitionReader.Read(body, dataset, lookups, inBody), Version: null, Pointer: "", inBody.Warnings);
            errors = inBody.ToErrors();
            return bare;
        }

        var faults = new DefinitionFaults();
        ObjectReader answer = ObjectReader.Open(body, "", faults)!;
        CheckName(answer, dataset);
        int? version = (int?)answer.Count("version", int.MaxValue);
        answer.Metadata(Inner, "createdAt", "updatedAt", "links", "warnings");
        answer.Finish();
        var inside = new DefinitionFaults();
        Declaration read = new(DefinitionReader.Read(definition, dataset, lookups, inside), version, $"/{Inner}", inside.Warnings);
        errors = new OrderedDictionary<string, string[]>(faults.ToErrors().Concat(read.InBody(inside.ToErrors())));
        return read;
    }

    /// <summary>
    /// The address names the dataset; a body that says otherwise is in the wrong place. Names of resources that no dataset can have
    /// stand for those that are most like them.
    /// </summary>
    public static void CheckName(ObjectReader reader, string dataset)
    {
        if (reader.Text("name") is string name && DatasetName.Like(name) is string meant && meant != dataset)
        {
            reader.Fault(
                "name",
                $"Is \"{Excerpt.Of(name)}\", and the address says \"{dataset}\": leave it out, or PUT it to /v1/datasets/{meant}.");
        }
    }
}
