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
        DataOf(row));

    /// <summary>What all events of its kind say, what this one says beside it, and where to look.</summary>
    private static JsonObject DataOf(EventRow row)
    {
        JsonObject data = [];
        if (row.JobId is { } id)
        {
            data["job"] = id;
        }

        data["dataset"] = row.Dataset;
        data["version"] = row.Version;
        if (row.JobId is not null)
        {
            data["source"] = row.Source;
        }

        data["tenant"] = row.Tenant;
        JsonObject more = row.Data is null ? [] : JsonNode.Parse(row.Data)!.AsObject();
        foreach (string name in more.Select(member => member.Key).ToArray())
        {
            more.Remove(name, out JsonNode? value);
            data[name] = value;
        }

        data["links"] = LinksOf(row, (long?)data["records"]?["rejected"] > 0);
        return data;
    }

    private static JsonObject LinksOf(EventRow row, bool hasDeadLetters)
    {
        if (row.JobId is not { } job)
        {
            return new JsonObject
            {
                ["version"] = string.Create(CultureInfo.InvariantCulture, $"/v1/datasets/{row.Dataset}/versions/{row.Version}"),
            };
        }

        JsonObject links = new() { ["job"] = $"/v1/jobs/{job}" };
        if (row.Type == EventTypes.QualityBreach)
        {
            links["profile"] = $"/v1/jobs/{job}/profile";
        }

        if (hasDeadLetters)
        {
            links["deadLetters"] = $"/v1/jobs/{job}/dead-letters";
        }

        return links;
    }

    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, PipelineJson.Options);
}
