using System.Text.Json.Nodes;
using PipelineService.Benchmarks.Harness;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// What it costs to keep a view: the same trips loaded without one, with one of a few groups in order, of many at random, and of one for
/// each row, in turn and in one run.
/// </summary>
internal static class ViewBenchmark
{
    private const string ByTime = """
        [ { "name": "by_time", "groupBy": [ { "field": "pickup_at", "every": "P1D" }, "vendor" ],
            "measures": { "trips": "count", "fares": "sum fare", "longest": "max distance_km" } } ]
        """;

    /// <summary>Fares are at random: hardly a row is in the group of the row before.</summary>
    private const string ByFare = """
        [ { "name": "by_fare", "groupBy": [ "fare", "vendor" ], "measures": { "trips": "count", "tips": "sum tip" } } ]
        """;

    private const string ById = """[ { "name": "by_id", "groupBy": [ "trip_id" ], "measures": { "trips": "count" } } ]""";

    public static Task RunAsync(Arguments arguments) => FeatureCost.RunAsync(
        arguments,
        "views",
        "What live views cost",
        "view",
        new("groups in order", AskForTimes),
        new("groups at random", definition => definition["views"] = JsonNode.Parse(ByFare)),
        new("a group for each row", definition => definition["views"] = JsonNode.Parse(ById)));

    public static void AskForTimes(JsonObject definition) => definition["views"] = JsonNode.Parse(ByTime);
}
