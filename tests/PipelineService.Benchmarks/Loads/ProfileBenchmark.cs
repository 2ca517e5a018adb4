using System.Text.Json.Nodes;
using PipelineService.Benchmarks.Harness;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// What it costs to count and measure the rows of a job: the same trips loaded without a profile, with one, and with rules that hold each
/// job against those before, in turn and in one run.
/// </summary>
internal static class ProfileBenchmark
{
    private const string Rules = """
        { "baseline": { "jobs": 2, "by": [] },
          "rules": [ { "metric": "rows", "fallMax": 0.4 }, { "metric": "nullRatio", "field": "note", "riseMax": 0.02 },
                     { "metric": "mean", "field": "fare", "riseMax": 0.5, "fallMax": 0.5 },
                     { "metric": "newValues", "field": "vendor", "max": 0 } ] }
        """;

    public static Task RunAsync(Arguments arguments) => FeatureCost.RunAsync(
        arguments,
        "profile",
        "What profiles and quality rules cost",
        "profile",
        new("profile", definition => definition["profile"] = true),
        new("profile and rules", AskForRules));

    public static void AskForRules(JsonObject definition) => definition["quality"] = JsonNode.Parse(Rules);
}
