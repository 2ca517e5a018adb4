using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Datasets.Definitions;

/// <summary>What a PUT declares.</summary>
/// <param name="Definition">Null when it has faults.</param>
/// <param name="Version">The version that the client has changed; null where it names none.</param>
/// <param name="Pointer">Where in the body the definition stands, as a JSON pointer.</param>
internal sealed record Declaration(DatasetDefinition? Definition, int? Version, string Pointer)
{
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

    /// <param name="errors">JSON pointer into the body → what is wrong there; empty on success.</param>
    public static Declaration Read(JsonElement body, string dataset, out IReadOnlyDictionary<string, string[]> errors)
    {
        if (body.ValueKind != JsonValueKind.Object || body.TryGetProperty("schema", out _)
            || !body.TryGetProperty(Inner, out JsonElement definition) || definition.ValueKind != JsonValueKind.Object)
        {
            return new Declaration(DefinitionReader.Read(body, dataset, out errors), Version: null, Pointer: "");
        }

        var faults = new DefinitionFaults();
        ObjectReader answer = ObjectReader.Open(body, "", faults)!;
        CheckName(answer, dataset);
        int? version = (int?)answer.Count("version", int.MaxValue);
        answer.Metadata(Inner, "createdAt", "updatedAt", "links", "warnings");
        answer.Finish();
        Declaration read = new(
            DefinitionReader.Read(definition, dataset, out IReadOnlyDictionary<string, string[]> inside), version, $"/{Inner}");
        errors = new OrderedDictionary<string, string[]>(faults.ToErrors().Concat(read.InBody(inside)));
        return read;
    }

    /// <summary>The address names the dataset; a body that says otherwise is in the wrong place.</summary>
    public static void CheckName(ObjectReader reader, string dataset)
    {
        if (reader.Text("name") is string name && name != dataset)
        {
            string shown = Excerpt.Of(name);
            reader.Fault("name", $"Is \"{shown}\", and the address says \"{dataset}\": leave it out, or PUT it to /v1/datasets/{shown}.");
        }
    }
}
