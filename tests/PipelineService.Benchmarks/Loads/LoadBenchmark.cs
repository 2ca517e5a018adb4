using PipelineService.Benchmarks.Harness;

namespace PipelineService.Benchmarks.Loads;

/// <param name="Lineages">With lineage columns, without, or both.</param>
/// <param name="ComparesAlways">Whether the rows are compared in every round and not only in the first.</param>
/// <param name="HasReference">Whether two binary <c>\copy</c> are measured, too.</param>
internal sealed record LoadOptions(
    SampleKind Kind, long Rows, int Rounds, IReadOnlyList<string> Commits, IReadOnlyList<bool> Lineages,
    bool ComparesAlways, bool HasReference)
{
    /// <summary>
    /// Before files that are measured: small, and several of them, because the JIT needs calls more than rows.
    /// </summary>
    public long WarmUpRows => Math.Max(1, Rows / 10);
}

/// <summary>
/// The headline: is the service, which validates and accounts for every record, faster than <c>psql \copy</c>? Both
/// load the same records into tables of the same shape on the same server, in turn and in one run, because absolute
/// times drift by half on shared machines. What counts is the ratio within each round.
/// </summary>
internal static class LoadBenchmark
{
    private const int RoundsMin = 5;
    private const int WarmUps = 3;

    public static async Task RunAsync(Arguments arguments)
    {
        var kind = SampleKind.Of(arguments.Text("data", SampleKind.Trips.Name));
        LoadOptions options = new(
            kind,
            arguments.Long("rows", kind.Rows),
            arguments.Integer("rounds", RoundsMin),
            arguments.Text("commit", "job,chunk").Split(','),
            Lineages(arguments.Text("lineage", "off")),
            ComparesAlways: arguments.Text("compare", "once") == "always",
            HasReference: !arguments.Flag("no-reference"));
        await using Laboratory laboratory = await Laboratory.OpenAsync(
            kind == SampleKind.Trips ? "load" : $"load-{kind.Name}", @"Load: the service and `psql \copy`", arguments);
        await using ServiceProcesses services = await laboratory.StartAllAsync();
        await MeasureAsync(laboratory, services.All, options);
        laboratory.Complete();
    }

    /// <returns>The ratio to <c>\copy</c> for each commit policy.</returns>
    public static async Task<IReadOnlyList<Figure>> MeasureAsync(
        Laboratory laboratory, IReadOnlyList<ServiceProcess> services, LoadOptions options)
    {
        SampleKind kind = options.Kind;
        ServiceLoad[] loads =
        [
            .. from commit in options.Commits
               from lineage in options.Lineages
               from service in services
               select new ServiceLoad(service, kind, commit, lineage),
        ];
        string copyTable = $"public.copy_{kind.Name}";
        var copy = new PsqlCopy(laboratory.Yardstick, copyTable, kind.Columns);
        await WarmUpAsync(laboratory, options, copy, loads);

        LoadSample sample = await kind.Create(Path.Combine(laboratory.Scratch, kind.Name), options.Rows, 1);
        BinaryCopies? reference = options.HasReference
            ? new BinaryCopies(laboratory.Yardstick, copyTable, kind.Columns, laboratory.Scratch)
            : null;
        if (reference is not null)
        {
            await copy.MeasureAsync(sample);
            await reference.WriteHalvesAsync();
        }

        LoadVariant[] variants = [copy, .. reference is null ? Array.Empty<LoadVariant>() : [reference], .. loads];
        Report report = laboratory.Report;
        report.Section($"{kind.Title}: {sample.Rows:N0} rows × {kind.Columns.Count} columns");
        report.Line($"{sample.CsvMB:N0} MB of CSV for `{copy.Name}`, {sample.BodyMB:N0} MB for the service. Seconds; "
            + $"in parentheses the ratio to `{copy.Name}` of the same round and the service's CPU seconds.");
        report.Line();
        report.Table(["round", .. variants.Select(v => v.Name)]);
        for (int round = 0; round < options.Rounds; round++)
        {
            bool compares = options.ComparesAlways || round == 0;
            await RoundAsync(variants, sample, round);
            if (compares)
            {
                await CompareAsync(copy, loads, kind.Columns);
            }

            report.Row([$"{round + 1}{(compares ? ", compared" : "")}", .. variants.Select(v => Cell(v, copy, round))]);
        }

        Summarize(report, copy, variants, options.Rounds);
        TellMemory(report, services);
        sample.Delete();
        reference?.Delete();
        return [.. Figures(options, services, loads, copy)];
    }

    private static bool[] Lineages(string option) => option switch
    {
        "off" => [false],
        "on" => [true],
        "both" => [false, true],
        _ => throw new UsageException($"--lineage is off, on or both, not '{option}'."),
    };

    private static async Task WarmUpAsync(
        Laboratory laboratory, LoadOptions options, PsqlCopy copy, ServiceLoad[] loads)
    {
        LoadSample sample = await options.Kind.Create(
            Path.Combine(laboratory.Scratch, "warm-up"), options.WarmUpRows, 2);
        foreach (ServiceLoad load in loads)
        {
            await load.DeclareAsync();
            await load.LoadAsync(sample);
            for (int i = 1; i < WarmUps; i++)
            {
                await load.MeasureAsync(sample);
            }
        }

        await copy.CreateTableAsync(like: loads[0]);
        await copy.MeasureAsync(sample);
        sample.Delete();
    }

    private static async Task RoundAsync(LoadVariant[] variants, LoadSample sample, int round)
    {
        foreach (LoadVariant variant in variants.InTurn(round))
        {
            variant.Seconds.Add(await variant.MeasureAsync(sample));
        }
    }

    private static async Task CompareAsync(PsqlCopy copy, ServiceLoad[] loads, IReadOnlyList<string> columns)
    {
        TableContent expected = await copy.Database.ContentAsync(copy.Table, columns);
        foreach (ServiceLoad load in loads)
        {
            Check.Equal(expected, await load.Database.ContentAsync(load.Table, columns), $"rows of {load.Name}");
        }
    }

    private static string Cell(LoadVariant variant, PsqlCopy copy, int round)
    {
        string ratio = $"{variant.Seconds[round] / copy.Seconds[round]:F2} ×";
        return variant switch
        {
            PsqlCopy => $"{variant.Seconds[round]:F2}",
            ServiceLoad load => $"{load.Seconds[round]:F2} ({ratio}, {load.CpuSeconds:F1} s)",
            _ => $"{variant.Seconds[round]:F2} ({ratio})",
        };
    }

    private static double[] Ratios(LoadVariant variant, PsqlCopy copy) =>
        [.. variant.Seconds.Select((seconds, round) => seconds / copy.Seconds[round])];

    private static void Summarize(Report report, PsqlCopy copy, LoadVariant[] variants, int rounds)
    {
        report.Line();
        report.Table("variant", "median s", $"ratio to `{copy.Name}`: median", "least", "greatest");
        foreach (LoadVariant variant in variants)
        {
            double[] ratios = Ratios(variant, copy);
            report.Row(
                variant.Name, $"{variant.Seconds.Median():F2}", $"{ratios.Median():F2} ×", $"{ratios.Min():F2} ×",
                $"{ratios.Max():F2} ×");
        }

        report.Line();
        if (rounds < RoundsMin)
        {
            report.Line($"Fewer than {RoundsMin} rounds: look at the least and the greatest before quoting a median.");
        }
    }

    private static void TellMemory(Report report, IReadOnlyList<ServiceProcess> services)
    {
        foreach (ServiceProcess service in services)
        {
            report.Line($"Peak resident memory of {service.Build.Name} since its start: "
                + $"{ProcessUsage.PeakResidentMB(service.Id):F0} MB.");
        }
    }

    private static IEnumerable<Figure> Figures(
        LoadOptions options, IReadOnlyList<ServiceProcess> services, ServiceLoad[] loads, PsqlCopy copy) =>
        from load in loads
        where load.Service == services[0]
        let ofAll = loads.Where(l => l.Commit == load.Commit && l.HasLineage == load.HasLineage)
        select new Figure(
            $@"{options.Kind.Title}, `commit: {load.Commit}`, against `\copy`", "×",
            [.. ofAll.Select(l => Ratios(l, copy).Median())], Goal.AtMost(options.Kind.RatioMax, "×"));
}
