using System.Text.Json.Nodes;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;

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

    public static async Task RunAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", SampleKind.Trips.Rows);
        int rounds = arguments.Integer("rounds", 5);
        await using Laboratory laboratory = await Laboratory.OpenAsync("views", "What live views cost", arguments);
        await using ServiceProcesses services = await laboratory.StartAllAsync();
        ServiceLoad plain = new(services.All[0], SampleKind.Trips, "job", lineage: false);
        (string Name, ServiceLoad Load)[] viewed =
        [
            ("groups in order", With(services.All[0], "by_time", definition => definition["views"] = JsonNode.Parse(ByTime))),
            ("groups at random", With(services.All[0], "by_fare", definition => definition["views"] = JsonNode.Parse(ByFare))),
            ("a group for each row", With(services.All[0], "by_id", definition => definition["views"] = JsonNode.Parse(ById))),
        ];
        ServiceLoad[] all = [plain, .. viewed.Select(p => p.Load)];
        LoadSample warm = await SampleKind.Trips.Create(Path.Combine(laboratory.Scratch, "warm-up"), Math.Max(1, rows / 10), 2);
        foreach (ServiceLoad load in all)
        {
            await load.DeclareAsync();
            await load.LoadAsync(warm);
            await load.MeasureAsync(warm);
        }

        warm.Delete();
        LoadSample sample = await SampleKind.Trips.Create(Path.Combine(laboratory.Scratch, "trips"), rows, 1);
        for (int round = 0; round < rounds; round++)
        {
            foreach (ServiceLoad load in all.InTurn(round))
            {
                load.Seconds.Add(await load.MeasureAsync(sample));
                load.Cpu.Add(load.CpuSeconds);
            }
        }

        Tell(laboratory.Report, rows, plain, viewed);
        sample.Delete();
        laboratory.Complete();
    }

    private static ServiceLoad With(ServiceProcess service, string name, Action<JsonObject> change) => new(
        service,
        SampleKind.Trips with
        {
            Name = $"trips_{name}",
            Define = (table, commit, lineage) =>
            {
                JsonObject definition = TripsDefinition.Create(table, commit, lineage);
                change(definition);
                return definition;
            },
        },
        "job",
        lineage: false);

    private static void Tell(Report report, long rows, ServiceLoad plain, (string Name, ServiceLoad Load)[] viewed)
    {
        report.Section($"trips, CSV: {rows:N0} rows, `commit: job`");
        report.Line("Seconds from the start of the request to the end of the job, and of the service's processor; ratios to the load without a "
            + "view in the same round.");
        report.Line();
        report.Table("view", "median s", "ratio: median", "least", "greatest", "CPU: median s", "ratio of CPU: median");
        report.Row("none", $"{plain.Seconds.Median():F2}", "", "", "", $"{plain.Cpu.Median():F2}", "");
        foreach ((string name, ServiceLoad load) in viewed)
        {
            double[] ratios = [.. load.Seconds.Select((seconds, round) => seconds / plain.Seconds[round])];
            double[] cpu = [.. load.Cpu.Select((seconds, round) => seconds / plain.Cpu[round])];
            report.Row(
                name, $"{load.Seconds.Median():F2}", $"{ratios.Median():F2} ×", $"{ratios.Min():F2} ×", $"{ratios.Max():F2} ×",
                $"{load.Cpu.Median():F2}", $"{cpu.Median():F2} ×");
        }
    }
}
