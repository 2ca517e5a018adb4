using System.Text.Json.Nodes;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// What it costs to tell everything to everybody: the same trips loaded by a process that nobody looks at, and by one with a profile,
/// quality rules and a view, whose spans, metrics, logs and events are all sent, and whose streams are followed; in turn and in one run.
/// </summary>
internal static class AttentionBenchmark
{
    private const double CostMax = 1.10;
    private const int Followers = 10;

    public static async Task RunAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", SampleKind.Trips.Rows);
        int rounds = arguments.Integer("rounds", 5);
        await using Laboratory laboratory = await Laboratory.OpenAsync("attention", "What it costs to tell everything", arguments);
        await using Audience audience = new();
        await using ServiceProcess quiet = await (await laboratory.TwinAsync("quiet")).StartAsync();
        await using ServiceProcess watched = await (await laboratory.TwinAsync("watched", audience.Settings)).StartAsync();
        ServiceLoad[] loads = [new(quiet, SampleKind.Trips, "job", lineage: false), new(watched, Watched, "job", lineage: false)];
        await loads[1].DeclareAsync(); // so that there is something to follow
        string view = $"/v1/datasets/{loads[1].Dataset}/views/by_time", tap = $"/v1/datasets/{loads[1].Dataset}/tap";
        await audience.AttendAsync(watched);
        for (int i = 0; i < Followers; i++)
        {
            audience.Follow(watched, "/v1/events");
            audience.Follow(watched, view);
        }

        audience.Follow(watched, tap);
        await loads.MeasureInTurnAsync(laboratory, rows, rounds);
        audience.CheckAttention("/hook", "/metrics", "/v1/traces", "/v1/metrics", "/v1/logs", "/v1/events", view, tap);
        Tell(laboratory.Report, rows, loads);
        laboratory.Complete();
    }

    private static SampleKind Watched { get; } = SampleKind.Trips with
    {
        Name = "trips_watched",
        Define = (table, commit, lineage) =>
        {
            JsonObject definition = TripsDefinition.Create(table, commit, lineage);
            ProfileBenchmark.AskForRules(definition);
            ViewBenchmark.AskForTimes(definition);
            return definition;
        },
    };

    private static void Tell(Report report, long rows, ServiceLoad[] loads)
    {
        report.Section($"trips, CSV: {rows:N0} rows, `commit: job`");
        report.Line("Watched: a profile, quality rules and a view; spans, metrics and logs sent to a collector, events to a webhook; "
            + $"{Followers} clients that follow the events, {Followers} that follow the view, one at the tap, and metrics read each second. "
            + "The collector and all clients are on the same processors.");
        report.Line();
        report.Table("measure", "quiet", "watched", "watched / quiet: median", "least", "greatest", "goal");
        Row("seconds from the start of the request to the end of the job", load => load.Seconds, $"≤ {CostMax:F2} ×");
        Row("seconds of the service's processor", load => load.Cpu, "");

        void Row(string measure, Func<ServiceLoad, List<double>> of, string goal)
        {
            double[] ratios = [.. of(loads[1]).Zip(of(loads[0]), (with, without) => with / without)];
            report.Row(
                measure, $"{of(loads[0]).Median():F2}", $"{of(loads[1]).Median():F2}", $"{ratios.Median():F3} ×", $"{ratios.Min():F3} ×",
                $"{ratios.Max():F3} ×", goal);
        }
    }
}
