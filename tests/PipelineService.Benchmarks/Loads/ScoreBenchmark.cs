using System.Text.Json.Nodes;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// What a score costs: the same trips loaded with a tip that is computed, and with one that a small forest gives from eight values of each,
/// as learners make them. The rows that are scored by a second of a processor are those of the processor time that comes on top.
/// </summary>
internal static class ScoreBenchmark
{
    private const int Features = 8;
    private const string Model = "forest";

    public static async Task RunAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", SampleKind.Trips.Rows);
        int trees = arguments.Integer("trees", 20);
        int depth = arguments.Integer("depth", 5);
        int rounds = arguments.Integer("rounds", 5);
        await using Laboratory laboratory = await Laboratory.OpenAsync("score", "What a score costs", arguments);
        await using ServiceProcesses services = await laboratory.StartAllAsync();
        ServiceProcess service = services.Only;
        using ByteArrayContent file = new(OnnxWriter.Forest(Features, trees, depth));
        using (HttpResponseMessage answer = await service.Http.PutAsync(new Uri(service.Address, $"/v1/models/{Model}"), file))
        {
            answer.EnsureSuccessStatusCode();
        }

        ServiceLoad plain = Load(service, isScored: false);
        ServiceLoad scored = Load(service, isScored: true);
        ServiceLoad[] all = [plain, scored];
        await all.MeasureInTurnAsync(laboratory, rows, rounds);
        long found = await scored.Database.QueryAsync<long>($"SELECT count(*) FROM {scored.Table} WHERE tip BETWEEN 0 AND 1");
        Check.Equal(rows, found, "trips that were scored");
        Tell(laboratory.Report, rows, trees, depth, plain, scored);
        laboratory.Complete();
    }

    private static ServiceLoad Load(ServiceProcess service, bool isScored) => new(
        service,
        SampleKind.Trips with
        {
            Name = isScored ? "trips_scored" : "trips_computed",
            Define = (table, commit, lineage) => Define(table, commit, lineage, isScored),
        },
        "job",
        lineage: false);

    private static JsonObject Define(string table, string commit, bool lineage, bool isScored)
    {
        JsonObject definition = TripsDefinition.Create(table, commit, lineage);
        definition["transforms"] = new JsonArray(JsonNode.Parse(isScored
            ? $$"""
              { "op": "score", "model": "{{Model}}", "set": { "tip": "y" }, "defaults": { "x": 0 },
                "inputs": { "x": ["trip_id", "passengers", "distance_km", "fare", "tip", "passengers", "distance_km", "fare"] } }
              """
            : """{ "op": "derive", "field": "tip", "expression": "coalesce(tip, 0)" }"""));
        return definition;
    }

    private static void Tell(Report report, long rows, int trees, int depth, ServiceLoad plain, ServiceLoad scored)
    {
        report.Section($"trips, CSV: {rows:N0} rows, a forest of {trees} trees of {depth} levels over {Features} values, `commit: job`");
        report.Line("Seconds from the start of the request to the end of the job, and of the service's processor; ratios to the load without a "
            + "score in the same round.");
        report.Line();
        report.Table("score", "median s", "ratio: median", "least", "greatest", "CPU: median s", "rows scored by a second of a processor");
        report.Row("none", $"{plain.Seconds.Median():F2}", "", "", "", $"{plain.Cpu.Median():F2}", "");
        double[] ratios = [.. scored.Seconds.Select((seconds, round) => seconds / plain.Seconds[round])];
        double[] more = [.. scored.Cpu.Select((seconds, round) => seconds - plain.Cpu[round])];
        report.Row(
            "a forest", $"{scored.Seconds.Median():F2}", $"{ratios.Median():F2} ×", $"{ratios.Min():F2} ×", $"{ratios.Max():F2} ×",
            $"{scored.Cpu.Median():F2}", $"{rows / more.Median():N0}");
    }
}
