using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks;

/// <summary>
/// The headline: is the service, which validates and accounts for every record, faster than <c>psql \copy</c>? Both load
/// the same file into tables of the same shape on the same server, in turn and in one run, because absolute times drift by
/// half on shared machines. What counts is the ratio within each round.
/// </summary>
internal static class LoadBenchmark
{
    private const string CopyTable = "public.bench_copy";
    private const int RoundsMin = 5;

    public static async Task RunAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", 3_000_000);
        int rounds = arguments.Integer("rounds", RoundsMin);
        string[] commits = arguments.Text("commit", "job,chunk").Split(',');
        string lineage = arguments.Text("lineage", "off");
        bool compareAlways = arguments.Text("compare", "once") == "always";
        await using Laboratory laboratory = await Laboratory.OpenAsync("load", @"Load: the service and `psql \copy`", arguments);
        await using ServiceProcess service = await laboratory.StartServiceAsync();
        Report report = laboratory.Report;

        TripsFile file = await TripsFile.CreateAsync(
            Path.Combine(laboratory.Scratch, "load.csv"), new TripsOptions { Rows = rows });
        ServiceLoad[] loads =
        [
            .. from commit in commits
               from withLineage in Lineages(lineage)
               select new ServiceLoad(service, commit, withLineage),
        ];
        var copy = new PsqlCopy(laboratory.Postgres, CopyTable);
        await WarmUpAsync(laboratory, copy, loads);

        report.Line($"{file.Rows:N0} rows × {TripsDefinition.Columns.Length} columns, {file.Bytes / 1e6:N0} MB of CSV. "
            + $"Seconds; in parentheses the ratio to `{copy.Name}` of the same round and the service's CPU seconds.");
        report.Line();
        report.Table(["round", copy.Name, .. loads.Select(l => l.Name)]);
        ProcessUsage.ResetPeak(service.Id);
        for (int round = 0; round < rounds; round++)
        {
            await RoundAsync(laboratory, copy, loads, file, round, compare: compareAlways || round == 0);
        }

        Summarize(report, copy, loads, ProcessUsage.PeakResidentMB(service.Id), rounds);
        File.Delete(file.Path);
        laboratory.Complete();
    }

    private static bool[] Lineages(string option) => option switch
    {
        "off" => [false],
        "on" => [true],
        "both" => [false, true],
        _ => throw new UsageException($"--lineage is off, on or both, not '{option}'."),
    };

    /// <summary>Small loads, several of them: the JIT needs calls more than it needs rows.</summary>
    private static async Task WarmUpAsync(Laboratory laboratory, PsqlCopy copy, ServiceLoad[] loads)
    {
        const int WarmUps = 3;
        TripsFile file = await TripsFile.CreateAsync(
            Path.Combine(laboratory.Scratch, "warm-up.csv"), new TripsOptions { Rows = 300_000, Seed = 2 });
        foreach (ServiceLoad load in loads)
        {
            await load.DeclareAsync();
            await load.LoadAsync(file);
            for (int i = 1; i < WarmUps; i++)
            {
                await load.MeasureAsync(laboratory.Postgres, file);
            }
        }

        // The same types in the same order, without lineage columns, which psql has nothing to put into.
        await laboratory.Postgres.ExecuteAsync($"""
            DROP TABLE IF EXISTS {CopyTable};
            CREATE TABLE {CopyTable} AS SELECT {LoadVariant.Columns} FROM {loads[0].Table} WITH NO DATA;
            ALTER TABLE {CopyTable} ALTER COLUMN trip_id SET NOT NULL
            """);
        await copy.MeasureAsync(laboratory.Postgres, file);
        File.Delete(file.Path);
    }

    private static async Task RoundAsync(
        Laboratory laboratory, PsqlCopy copy, ServiceLoad[] loads, TripsFile file, int round, bool compare)
    {
        // Every other round in reverse: what comes first or last must not always be the same.
        IEnumerable<LoadVariant> order = [copy, .. loads];
        foreach (LoadVariant variant in round % 2 == 0 ? order : order.Reverse())
        {
            variant.Seconds.Add(await variant.MeasureAsync(laboratory.Postgres, file));
        }

        if (compare)
        {
            foreach (ServiceLoad load in loads)
            {
                Check.Equal(0, await DifferencesAsync(laboratory.Postgres, load.Table), $"rows of {load.Name} that differ");
            }
        }

        laboratory.Report.Row(
            [
                $"{round + 1}{(compare ? ", compared" : "")}",
                $"{copy.Seconds[round]:F2}",
                .. loads.Select(l => $"{l.Seconds[round]:F2} ({l.Seconds[round] / copy.Seconds[round]:F2} ×, {l.CpuSeconds:F1} s)"),
            ]);
    }

    /// <summary>Rows that are in one table and not in the other, either way, duplicates counted.</summary>
    private static Task<long> DifferencesAsync(BenchmarkPostgres postgres, string table) => postgres.QueryAsync<long>($"""
        SELECT count(*) FROM (
            (SELECT {LoadVariant.Columns} FROM {table} EXCEPT ALL SELECT {LoadVariant.Columns} FROM {CopyTable})
            UNION ALL
            (SELECT {LoadVariant.Columns} FROM {CopyTable} EXCEPT ALL SELECT {LoadVariant.Columns} FROM {table})
        ) AS differences
        """);

    private static void Summarize(Report report, PsqlCopy copy, ServiceLoad[] loads, double peakMB, int rounds)
    {
        report.Line();
        report.Table("variant", "median s", $"ratio to `{copy.Name}`: median", "least", "greatest");
        report.Row(copy.Name, $"{copy.Seconds.Median():F2}", "1", "", "");
        foreach (ServiceLoad load in loads)
        {
            double[] ratios = [.. load.Seconds.Select((seconds, round) => seconds / copy.Seconds[round])];
            report.Row(
                load.Name, $"{load.Seconds.Median():F2}", $"{ratios.Median():F2} ×", $"{ratios.Min():F2} ×", $"{ratios.Max():F2} ×");
        }

        report.Line();
        report.Line($"Peak resident memory of the service over all rounds: {peakMB:F0} MB.");
        if (rounds < RoundsMin)
        {
            report.Line($"Only {rounds} rounds: too few to quote.");
        }
    }
}
