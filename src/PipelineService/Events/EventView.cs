using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Events;

/// <summary>An event as clients get it, in pages, streams and webhooks: a CloudEvent 1.0 in its JSON form.</summary>
/// <param name="Specversion">Always `1.0`.</param>
/// <param name="Id">The same wherever and however often the event is told.</param>
/// <param name="Source">The dataset: `/v1/datasets/{dataset}`.</param>
/// <param name="Type">What happened.</param>
/// <param name="Subject">What it happened to: `job/{id}`, `dataset/{name}`.</param>
/// <param name="Time">When it was written down.</param>
/// <param name="Datacontenttype">Always `application/json`.</param>
/// <param name="Dataset">The dataset's name.</param>
/// <param name="Position">Its place in the log, in decimal; none has that of another. CloudEvents has no numbers of that size.</param>
/// <param name="Data">More, by type.</param>
public sealed record EventView(
    [property: Words("SpecVersion", "1.0")] string Specversion,
    Guid Id,
    string Source,
    string Type,
    string Subject,
    DateTime Time,
    string Datacontenttype,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Dataset,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Position,
    JsonObject Data)
{
    internal const string ContentType = "application/cloudevents+json; charset=utf-8";

    internal static EventView Of(EventRow row) => new(
        "1.0",
        row.Id,
        $"/v1/datasets/{row.Dataset}",
        row.Type,
        row.Subject,
        row.At,
        "application/json",
        row.Dataset,
        row.Position.ToString(CultureInfo.InvariantCulture),
        JsonNode.Parse(row.Data)!.AsObject());

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, PipelineJson.Options);
}
