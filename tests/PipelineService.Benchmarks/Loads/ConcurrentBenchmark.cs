using PipelineService.Benchmarks.Harness;

namespace PipelineService.Benchmarks.Loads;

/// <param name="Rows">Of each upload.</param>
/// <param name="Uploads">How many at once, each into a table of its own.</param>
internal sealed record ConcurrentOptions(long Rows, int Uploads, int Rounds);

/// <summary>Several uploads at once against as many <c>\copy</c> at once, in time, processors and memory.</summary>
internal static class ConcurrentBenchmark
{
    private const int WarmUps = 2;

    public static async Task RunAsync(Arguments arguments)
    {
        ConcurrentOptions options = new(
            arguments.Long("rows", 3_000_000), arguments.Integer("uploads", 8), arguments.Integer("rounds", 3));
        await using Laboratory laboratory = await Laboratory.OpenAsync(
            "concurrent", "Several uploads at once", arguments);
        await using ServiceProcesses services = await laboratory.StartAllAsync();
        await MeasureAsync(laboratory, services.All, options);
        laboratory.Complete();
    }

    public static async Task<IReadOnlyList<Figure>> MeasureAsync(
        Laboratory laboratory, IReadOnlyList<ServiceProcess> services, ConcurrentOptions options)
    {
        SampleKind kind = SampleKind.Trips;
        Crowd[] crowds = [.. services.Select(service => Crowd.Of(service, kind, options.Uploads))];
        foreach (Crowd crowd in crowds)
        {
            await crowd.DeclareAsync();
        }

        Crowd copies = await Crowd.OfCopiesAsync(laboratory.Yardstick, kind, options.Uploads, like: crowds[0]);
        await WarmUpAsync(laboratory, kind, options, crowds);

        LoadSample sample = await kind.Create(Path.Combine(laboratory.Scratch, "concurrent"), options.Rows, 1);
        Report report = laboratory.Report;
        report.Section($"{options.Uploads} uploads at once: {sample.Rows:N0} trips each, {sample.CsvMB:N0} MB of CSV");
        report.Line($"Seconds until the last has ended; in parentheses the ratio to {copies.Name} of the same round, "
            + "the rows a second of all together and the service's CPU seconds.");
        report.Line();
        report.Table(["round", copies.Name, .. crowds.Select(c => c.Name)]);
        for (int round = 0; round < options.Rounds; round++)
        {
            foreach (Crowd crowd in new[] { copies }.Concat(crowds).ToArray().InTurn(round))
            {
                await crowd.MeasureAsync(sample);
            }

            if (round == 0)
            {
                await CompareAsync(copies, crowds, kind.Columns);
            }

            report.Row(
            [
                $"{round + 1}{(round == 0 ? ", compared" : "")}", $"{copies.Seconds[round]:F2}",
                .. crowds.Select(c => $"{c.Seconds[round]:F2} ({c.Seconds[round] / copies.Seconds[round]:F2} ×, "
                    + $"{options.Uploads * sample.Rows / c.Seconds[round]:N0}/s, {c.CpuSeconds:F1} s)"),
            ]);
        }

        report.Line();
        foreach (ServiceProcess service in services)
        {
            report.Line($"Peak resident memory of {service.Build.Name} since its start: "
                + $"{ProcessUsage.PeakResidentMB(service.Id):F0} MB.");
        }

        foreach (Crowd crowd in crowds.Append(copies))
        {
            await crowd.EmptyAsync();
        }

        sample.Delete();
        return
        [
            new Figure(
                $@"{options.Uploads} uploads at once against as many `\copy` at once", "×",
                [.. crowds.Select(c => c.Seconds.Select((s, round) => s / copies.Seconds[round]).ToArray().Median())],
                Goal.AtMost(0.75, "×")),
        ];
    }

    private static async Task WarmUpAsync(
        Laboratory laboratory, SampleKind kind, ConcurrentOptions options, Crowd[] crowds)
    {
        LoadSample sample = await kind.Create(
            Path.Combine(laboratory.Scratch, "warm-up"), Math.Max(1, options.Rows / 10), 2);
        for (int i = 0; i < WarmUps; i++)
        {
            foreach (Crowd crowd in crowds)
            {
                await crowd.EmptyAsync();
                await crowd.LoadAsync(sample);
            }
        }

        sample.Delete();
    }

    private static async Task CompareAsync(Crowd copies, Crowd[] crowds, IReadOnlyList<string> columns)
    {
        TableContent expected = await copies.Parts[0].Database.ContentAsync(copies.Parts[0].Table, columns);
        foreach (LoadVariant part in crowds.SelectMany(c => c.Parts))
        {
            TableContent found = await part.Database.ContentAsync(part.Table, columns);
            Check.Equal(expected, found, $"rows of {part.Table}, {part.Name}");
        }
    }

    /// <summary>The same loads side by side.</summary>
    private sealed class Crowd(string name, IReadOnlyList<LoadVariant> parts, ServiceProcess? service)
    {
        public string Name => name;

        public IReadOnlyList<LoadVariant> Parts => parts;

        public List<double> Seconds { get; } = [];

        /// <summary>Of the service's process, in the last measurement.</summary>
        public double CpuSeconds { get; private set; }

        public static Crowd Of(ServiceProcess service, SampleKind kind, int uploads)
        {
            IEnumerable<LoadVariant> loads = Enumerable.Range(1, uploads)
                .Select(n => new ServiceLoad(service, kind, "job", lineage: false, $"_{n}"));
            return new Crowd(service.Build.Name, [.. loads], service);
        }

        public static async Task<Crowd> OfCopiesAsync(
            BenchmarkDatabase database, SampleKind kind, int uploads, Crowd like)
        {
            PsqlCopy[] copies =
                [.. Enumerable.Range(1, uploads).Select(n => new PsqlCopy(database, $"public.copy_{n}", kind.Columns))];
            foreach (PsqlCopy copy in copies)
            {
                await copy.CreateTableAsync(like.Parts[0]);
            }

            return new Crowd($@"{uploads} `psql \copy`", copies, service: null);
        }

        public async Task DeclareAsync()
        {
            foreach (ServiceLoad load in parts.OfType<ServiceLoad>())
            {
                await load.DeclareAsync();
            }
        }

        public async Task EmptyAsync()
        {
            foreach (LoadVariant part in parts)
            {
                await part.Database.EmptyAsync(part.Table);
            }
        }

        public Task LoadAsync(LoadSample sample) => Task.WhenAll(parts.Select(part => part.LoadAsync(sample)));

        public async Task MeasureAsync(LoadSample sample)
        {
            await EmptyAsync();
            await parts[0].Database.ExecuteAsync("CHECKPOINT");
            double cpuBefore = Cpu();
            long started = TimeProvider.System.GetTimestamp();
            await LoadAsync(sample);
            Seconds.Add(TimeProvider.System.GetElapsedTime(started).TotalSeconds);
            CpuSeconds = Cpu() - cpuBefore;
            foreach (LoadVariant part in parts)
            {
                Check.Equal(sample.Rows, await part.Database.CountAsync(part.Table), $"rows of {part.Table}, {name}");
            }
        }

        private double Cpu() => service is null ? 0 : ProcessUsage.CpuSeconds(service.Id);
    }
}
