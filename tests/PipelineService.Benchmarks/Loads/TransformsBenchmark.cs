using System.Text.Json.Nodes;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// What transforms cost: the same trips loaded as they are, with text ops, a derived column and a filter, and with more derived columns
/// behind those, in turn and in one run.
/// </summary>
internal static class TransformsBenchmark
{
    private const int MoreColumns = 4;

    private static readonly string[] TextOps =
    [
        """{ "op": "trim", "fields": ["vendor", "note"] }""",
        """{ "op": "lower", "fields": ["vendor"] }""",
        """{ "op": "map", "fields": ["vendor"], "table": { "acme cabs": "acme", "city cab": "citycab", "east line": "eastline" } }""",
    ];

    private static readonly string[] RowOps =
    [
        """{ "op": "derive", "field": "per_km", "type": "number", "sqlType": "double precision", "expression": "fare / nullif(distance_km, 0)" }""",
        """{ "op": "filter", "expression": "fare >= 0 or fare is null", "name": "priced" }""",
    ];

    public static async Task RunAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", SampleKind.Trips.Rows);
        int rounds = arguments.Integer("rounds", 5);
        await using Laboratory laboratory = await Laboratory.OpenAsync("transforms", "What transforms cost", arguments);
        await using ServiceProcesses services = await laboratory.StartAllAsync();
        ServiceLoad plain = new(services.Only, SampleKind.Trips, "job", lineage: false);
        (string Name, ServiceLoad Load)[] transformed =
        [
            ("trim, lower, map", Transformed(services.Only, "text", TextOps)),
            ("the same, derive, filter", Transformed(services.Only, "row", [.. TextOps, .. RowOps])),
            ($"the same, {MoreColumns} more derived columns", Transformed(services.Only, "more", [.. TextOps, .. RowOps, .. More()])),
        ];
        ServiceLoad[] all = [plain, .. transformed.Select(t => t.Load)];
        await all.MeasureInTurnAsync(laboratory, rows, rounds);
        Tell(laboratory.Report, rows, plain, transformed);
        laboratory.Complete();
    }

    private static ServiceLoad Transformed(ServiceProcess service, string name, string[] ops) => new(
        service,
        SampleKind.Trips with { Name = $"trips_{name}", Define = (table, commit, lineage) => Define(table, commit, lineage, ops) },
        "job",
        lineage: false);

    private static JsonObject Define(string table, string commit, bool lineage, string[] ops)
    {
        JsonObject definition = TripsDefinition.Create(table, commit, lineage);
        definition["transforms"] = new JsonArray([.. ops.Select(op => JsonNode.Parse(op))]);
        return definition;
    }

    private static IEnumerable<string> More() => Enumerable.Range(1, MoreColumns).Select(i =>
        $$"""{ "op": "derive", "field": "more_{{i}}", "type": "number", "expression": "fare * {{i}} + coalesce(tip, 0)" }""");

    private static void Tell(Report report, long rows, ServiceLoad plain, (string Name, ServiceLoad Load)[] transformed)
    {
        report.Section($"trips, CSV: {rows:N0} rows, `commit: job`");
        report.Line("Seconds from the start of the request to the end of the job, and of the service's processor; ratios to the load without "
            + "transforms in the same round.");
        report.Line();
        report.Table("transforms", "median s", "ratio: median", "least", "greatest", "CPU: median s", "ratio of CPU: median");
        report.Row("none", $"{plain.Seconds.Median():F2}", "", "", "", $"{plain.Cpu.Median():F2}", "");
        foreach ((string name, ServiceLoad load) in transformed)
        {
            double[] ratios = [.. load.Seconds.Select((seconds, round) => seconds / plain.Seconds[round])];
            double[] cpu = [.. load.Cpu.Select((seconds, round) => seconds / plain.Cpu[round])];
            report.Row(
                name, $"{load.Seconds.Median():F2}", $"{ratios.Median():F2} ×", $"{ratios.Min():F2} ×", $"{ratios.Max():F2} ×",
                $"{load.Cpu.Median():F2}", $"{cpu.Median():F2} ×");
        }
    }
}
