using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.OpenApi;
using PipelineService.Core.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Datasets.Definitions;

/// <summary>Figures of groups of rows, kept as rows come and go, so that nobody has to read the table for them.</summary>
public sealed record ViewDocument
{
    /// <summary>Lower-case letters, digits and underscores, from a letter on.</summary>
    [RegularExpression(DatasetName.Pattern)]
    public required string Name { get; init; }

    /// <summary>
    /// What rows of a group have in common: names of fields. Of a time or a date also `{ "field": "pickup_at", "every": "PT1M" }`: steps of
    /// whole seconds, of dates whole days, counted in UTC from a Monday.
    /// </summary>
    [MaxLength(ViewDefinition.KeysMax)]
    [Scalar(JsonSchemaType.String | JsonSchemaType.Object)]
    public required IReadOnlyList<JsonElement> GroupBy { get; init; }

    /// <summary>
    /// What is told of a group, by name: `count` of its rows, `count fare` of those that have a value, `sum fare`, `avg fare`, `min fare`,
    /// `max fare`.
    /// </summary>
    public required IReadOnlyDictionary<string, string> Measures { get; init; }

    internal static ViewDocument Of(ViewDefinition view) => new()
    {
        Name = view.Name,
        GroupBy =
        [
            .. view.Keys.Select(key => key.Every is { } every
                ? JsonSerializer.SerializeToElement(new { key.Field, Every = DurationText.Format(every) }, PipelineJson.Options)
                : JsonSerializer.SerializeToElement(key.Field, PipelineJson.Options)),
        ],
        Measures = new OrderedDictionary<string, string>(view.Measures.Select(measure => KeyValuePair.Create(
            measure.Name, DefinitionWords.Figures.WordFor(measure.Figure) + (measure.Field is null ? "" : " " + measure.Field)))),
    };
}
