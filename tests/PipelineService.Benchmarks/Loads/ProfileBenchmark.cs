using System.Text.Json.Nodes;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;

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

    public static async Task RunAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", SampleKind.Trips.Rows);
        int rounds = arguments.Integer("rounds", 5);
        await using Laboratory laboratory = await Laboratory.OpenAsync("profile", "What profiles and quality rules cost", arguments);
        await using ServiceProcesses services = await laboratory.StartAllAsync();
        ServiceLoad plain = new(services.All[0], SampleKind.Trips, "job", lineage: false);
        (string Name, ServiceLoad Load)[] profiled =
        [
            ("profile", With(services.All[0], "profile", definition => definition["profile"] = true)),
            ("profile and rules", With(services.All[0], "rules", definition => definition["quality"] = JsonNode.Parse(Rules))),
        ];
        ServiceLoad[] all = [plain, .. profiled.Select(p => p.Load)];
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

        Tell(laboratory.Report, rows, plain, profiled);
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

    private static void Tell(Report report, long rows, ServiceLoad plain, (string Name, ServiceLoad Load)[] profiled)
    {
        report.Section($"trips, CSV: {rows:N0} rows, `commit: job`");
        report.Line("Seconds from the start of the request to the end of the job, and of the service's processor; ratios to the load without a "
            + "profile in the same round.");
        report.Line();
        report.Table("profile", "median s", "ratio: median", "least", "greatest", "CPU: median s", "ratio of CPU: median");
        report.Row("none", $"{plain.Seconds.Median():F2}", "", "", "", $"{plain.Cpu.Median():F2}", "");
        foreach ((string name, ServiceLoad load) in profiled)
        {
            double[] ratios = [.. load.Seconds.Select((seconds, round) => seconds / plain.Seconds[round])];
            double[] cpu = [.. load.Cpu.Select((seconds, round) => seconds / plain.Cpu[round])];
            report.Row(
                name, $"{load.Seconds.Median():F2}", $"{ratios.Median():F2} ×", $"{ratios.Min():F2} ×", $"{ratios.Max():F2} ×",
                $"{load.Cpu.Median():F2}", $"{cpu.Median():F2} ×");
        }
    }
}
