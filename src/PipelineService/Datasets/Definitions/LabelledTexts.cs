using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// Values with or without a label, as missing values and categories are written since version 2.0 of the standard: each for itself,
/// or as <c>{ "value": …, "label": … }</c>.
/// </summary>
internal static class LabelledTexts
{
    /// <summary>Reads the texts that stand for no value; null when nothing is said of them.</summary>
    public static ImmutableArray<LabelledText>? ReadMissingValues(ObjectReader reader, DefinitionFaults faults) =>
        Read(reader, "missingValues", faults, reader.TextOf);

    /// <summary>Reads the categories of a field, each a value of its type.</summary>
    public static ImmutableArray<LabelledText> ReadCategories(ObjectReader field, DefinitionFaults faults)
    {
        const string Name = "categories";
        if (Read(field, Name, faults, (value, pointer) => ConstraintsReader.ReadScalar(field, value, pointer, faults))
            is not { } categories)
        {
            return [];
        }

        if (field.TryGet(Name, out JsonElement written) && written.GetArrayLength() == 0)
        {
            field.Fault(Name, "Must have at least one value.");
        }

        FaultRepeats(field.PointerTo(Name), [.. categories.Select(c => c.Value)], faults);
        FaultRepeats(field.PointerTo(Name), [.. categories.Select(c => c.Label)], faults);
        return categories;
    }

    /// <summary>The texts as a definition has them: where none has a label, each as it is.</summary>
    /// <param name="write">Writes a value.</param>
    public static IReadOnlyList<JsonElement> Write(ImmutableArray<LabelledText> texts, Func<string, JsonElement> write) =>
        texts.All(text => text.Label is null)
            ? [.. texts.Select(text => write(text.Value))]
            : [.. texts.Select(text => WriteLabelled(write(text.Value), text.Label))];

    private static JsonElement WriteLabelled(JsonElement value, string? label) => JsonSerializer.SerializeToElement(
        label is null ? new Dictionary<string, object> { ["value"] = value } : new() { ["value"] = value, ["label"] = label },
        PipelineJson.Options);

    private static ImmutableArray<LabelledText>? Read(
        ObjectReader reader, string name, DefinitionFaults faults, Func<JsonElement, string, string?> readValue)
    {
        ImmutableArray<LabelledText> texts = reader.Items(
            name,
            (element, pointer) => element.ValueKind == JsonValueKind.Object
                ? ReadLabelled(ObjectReader.Open(element, pointer, faults)!, readValue)
                : readValue(element, pointer) is string value ? new LabelledText(value) : null);
        return texts.IsDefault ? null : texts;
    }

    private static LabelledText? ReadLabelled(ObjectReader labelled, Func<JsonElement, string, string?> readValue)
    {
        string? text = null;
        if (labelled.TryGet("value", out JsonElement value))
        {
            text = readValue(value, labelled.PointerTo("value"));
        }
        else
        {
            labelled.Fault("value", "Is missing.");
        }

        string? label = labelled.Text("label");
        labelled.PassOverOthers();
        return text is null ? null : new LabelledText(text, label);
    }

    private static void FaultRepeats(string pointer, ReadOnlySpan<string?> texts, DefinitionFaults faults)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        for (int index = 0; index < texts.Length; index++)
        {
            if (texts[index] is string text && !seen.Add(text))
            {
                faults.Add(JsonPointer.Append(pointer, index), $"\"{Excerpt.Of(text)}\" is there more than once.");
            }
        }
    }
}
