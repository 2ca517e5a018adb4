using PipelineService.Benchmarks.Harness;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// What bad records cost, and whether exactly the bad ones were rejected. trip_id is the primary key throughout, so
/// that the clean load pays for the same index and differs in nothing but the data.
/// </summary>
internal static class RejectsBenchmark
{
    public static async Task RunAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", 1_000_000);
        int rounds = arguments.Integer("rounds", 5);
        await using Laboratory laboratory = await Laboratory.OpenAsync("rejects", "What bad records cost", arguments);
        await using ServiceProcesses services = await laboratory.StartAllAsync();

        IReadOnlyList<RejectsData> data = await RejectsData.CreateAllAsync(laboratory.Scratch, rows);
        RejectsLoad[] loads = [.. services.All.SelectMany(service => RejectsLoad.Of(service, data))];
        foreach (RejectsLoad load in loads)
        {
            await load.DeclareAsync();
            await load.MeasureAsync(isWarmUp: true);
        }

        laboratory.Report.Line($"{rows:N0} rows, primary key on trip_id, commit job; seconds.");
        laboratory.Report.Line();
        laboratory.Report.Table(["round", .. loads.Select(m => m.Name)]);
        for (int round = 0; round < rounds; round++)
        {
            foreach (RejectsLoad load in loads.InTurn(round))
            {
                await load.MeasureAsync(isWarmUp: false);
            }

            laboratory.Report.Row([$"{round + 1}", .. loads.Select(m => $"{m.Seconds[round]:F2}")]);
        }

        Summarize(laboratory.Report, loads);
        laboratory.Complete();
    }

    private static void Summarize(Report report, RejectsLoad[] loads)
    {
        report.Line();
        report.Table(
            "data", "rejected, each as expected", "median s", "ratio to clean, or to clean with foreign key: median",
            "least", "greatest", "peak memory of the service, MB");
        foreach (RejectsLoad load in loads)
        {
            double[] ratios = [.. load.Seconds.Select((seconds, round) => seconds / load.Clean.Seconds[round])];
            report.Row(
                load.Name, $"{load.Rejects:N0}", $"{load.Seconds.Median():F2}", $"{ratios.Median():F2} ×",
                $"{ratios.Min():F2} ×", $"{ratios.Max():F2} ×", $"{load.PeakMB:F0}");
        }

        report.Line();
        report.Line("After every load the dead letters were compared with the generator's list: record, line (but for "
            + "foreign keys), field and code of each.");
    }
}
