using System.Text.Json.Nodes;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Loads;

/// <summary>What something costs that a definition asks for: the same trips loaded without it and with it, in turn and in one run.</summary>
/// <param name="Name">Of it, as it is told.</param>
/// <param name="Ask">Asks for it.</param>
internal sealed record FeatureCost(string Name, Action<JsonObject> Ask)
{
    /// <param name="command">The command of the benchmark, which also names its report.</param>
    /// <param name="title">Of the report.</param>
    /// <param name="word">What it is, in a sentence.</param>
    public static async Task RunAsync(Arguments arguments, string command, string title, string word, params FeatureCost[] features)
    {
        long rows = arguments.Long("rows", SampleKind.Trips.Rows);
        int rounds = arguments.Integer("rounds", 5);
        await using Laboratory laboratory = await Laboratory.OpenAsync(command, title, arguments);
        await using ServiceProcesses services = await laboratory.StartAllAsync();
        ServiceLoad plain = new(services.Only, SampleKind.Trips, "job", lineage: false);
        (string Name, ServiceLoad Load)[] asked =
            [.. features.Select((feature, index) => (feature.Name, With(services.Only, $"{command}_{index}", feature.Ask)))];
        ServiceLoad[] all = [plain, .. asked.Select(one => one.Load)];
        await all.MeasureInTurnAsync(laboratory, rows, rounds);
        Tell(laboratory.Report, rows, word, plain, asked);
        laboratory.Complete();
    }

    private static ServiceLoad With(ServiceProcess service, string name, Action<JsonObject> ask) => new(
        service,
        SampleKind.Trips with
        {
            Name = $"trips_{name}",
            Define = (table, commit, lineage) =>
            {
                JsonObject definition = TripsDefinition.Create(table, commit, lineage);
                ask(definition);
                return definition;
            },
        },
        "job",
        lineage: false);

    private static void Tell(Report report, long rows, string word, ServiceLoad plain, (string Name, ServiceLoad Load)[] asked)
    {
        report.Section($"trips, CSV: {rows:N0} rows, `commit: job`");
        report.Line("Seconds from the start of the request to the end of the job, and of the service's processor; ratios to the load without a "
            + $"{word} in the same round.");
        report.Line();
        report.Table(word, "median s", "ratio: median", "least", "greatest", "CPU: median s", "ratio of CPU: median");
        report.Row("none", $"{plain.Seconds.Median():F2}", "", "", "", $"{plain.Cpu.Median():F2}", "");
        foreach ((string name, ServiceLoad load) in asked)
        {
            double[] ratios = [.. load.Seconds.Select((seconds, round) => seconds / plain.Seconds[round])];
            double[] cpu = [.. load.Cpu.Select((seconds, round) => seconds / plain.Cpu[round])];
            report.Row(
                name, $"{load.Seconds.Median():F2}", $"{ratios.Median():F2} ×", $"{ratios.Min():F2} ×", $"{ratios.Max():F2} ×",
                $"{load.Cpu.Median():F2}", $"{cpu.Median():F2} ×");
        }
    }
}
