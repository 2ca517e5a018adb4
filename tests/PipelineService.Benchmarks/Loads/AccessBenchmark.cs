using PipelineService.Benchmarks.Harness;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// What keys, tenants and limits cost: the same loads and the same small uploads to a process without keys and to one that looks at a key,
/// its tenant, its source and its limits with each request, in turn and in one run. The audit and the turns of tenants are in both.
/// </summary>
internal static class AccessBenchmark
{
    private const double TripsMax = 1.01;
    private const double SmallMin = 0.95;

    public static async Task RunAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", SampleKind.Trips.Rows);
        int rounds = arguments.Integer("rounds", 5);
        SmallUploadsOptions small = new(arguments.Integer("count", 500), Bytes: 1_000, arguments.Integer("connections", 16), rounds);
        await using Laboratory laboratory = await Laboratory.OpenAsync("access", "What keys and limits cost", arguments);
        await using ServiceProcess open = await (await laboratory.TwinAsync("open")).StartAsync();
        await using ServiceProcess guarded = await (await laboratory.TwinAsync("guarded", GuardedService.Setting)).StartAsync();
        guarded.Http.DefaultRequestHeaders.Authorization = await GuardedService.MakeKeyAsync(guarded, "bench");

        IReadOnlyList<Figure> figures = await SmallUploadsBenchmark.MeasureAsync(laboratory, [open, guarded], small);
        ServiceLoad[] loads = [.. new[] { open, guarded }.Select(service => new ServiceLoad(service, SampleKind.Trips, "job", lineage: false))];
        await loads.MeasureInTurnAsync(laboratory, rows, rounds);
        Tell(laboratory.Report, rows, loads, figures);
        laboratory.Complete();
    }

    /// <param name="figures">Of small uploads: to their end, 99 % of those, and answered 202.</param>
    private static void Tell(Report report, long rows, ServiceLoad[] loads, IReadOnlyList<Figure> figures)
    {
        report.Section("With keys against without");
        report.Table("measure", "open", "guarded", "guarded / open", "goal");
        double[] seconds = [.. loads[1].Seconds.Zip(loads[0].Seconds, (with, without) => with / without)];
        double[] cpu = [.. loads[1].Cpu.Zip(loads[0].Cpu, (with, without) => with / without)];
        report.Row(
            $"{rows:N0} trips, seconds, median", $"{loads[0].Seconds.Median():F2}", $"{loads[1].Seconds.Median():F2}",
            $"{seconds.Median():F3} × ({seconds.Min():F3} to {seconds.Max():F3})", $"≤ {TripsMax:F2} ×");
        report.Row(
            "the same, seconds of the processor", $"{loads[0].Cpu.Median():F2}", $"{loads[1].Cpu.Median():F2}",
            $"{cpu.Median():F3} × ({cpu.Min():F3} to {cpu.Max():F3})", "");
        foreach (Figure figure in figures.Where(figure => figure.Unit == "/s"))
        {
            report.Row(
                figure.Measure, $"{figure.Values[0]:N0}/s", $"{figure.Values[1]:N0}/s", $"{figure.Values[1] / figure.Values[0]:F3} ×",
                $"≥ {SmallMin:F2} ×");
        }
    }
}
