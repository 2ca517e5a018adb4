using PipelineService.Benchmarks.Harness;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// What the form costs in which data comes: the same trips as they are, compressed, as JSON and in columns, in turn and in one run. The senders' work is not
/// measured: the files are made before.
/// </summary>
internal static class FormatsBenchmark
{
    public static async Task RunAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", SampleKind.Trips.Rows);
        int rounds = arguments.Integer("rounds", 5);
        IReadOnlyList<TripsForm> wanted = TripsForm.Of(arguments.Text("forms", "all"));
        TripsForm plain = TripsForm.All[0];
        IReadOnlyList<TripsForm> forms = [plain, .. wanted.Where(form => form != plain)];
        await using Laboratory laboratory = await Laboratory.OpenAsync("formats", "What the form of the data costs", arguments);
        await using ServiceProcesses services = await laboratory.StartAllAsync();
        FormLoad[] loads = [.. forms.SelectMany(form => services.All.Select(service => new FormLoad(form, LoadOf(service, form.Name))))];
        await LoadAsync(laboratory, forms, loads, "warm-up", Math.Max(1, rows / 10), rounds: 1);
        Array.ForEach(loads, load => load.Load.Seconds.Clear());
        Array.ForEach(loads, load => load.Load.Cpu.Clear());
        await LoadAsync(laboratory, forms, loads, "trips", rows, rounds);
        Tell(laboratory, loads, rows);
        Figure.Write(laboratory.Report, laboratory.Builds, forms.Where(form => form.RatioMax > 0).Select(form => new Figure(
            $"trips, {form.Title}, against the same as plain CSV", "×",
            [.. loads.Where(load => load.Form == form).Select(load => Ratios(load, loads).Median())], Goal.AtMost(form.RatioMax, "×"))));
        laboratory.Complete();
    }

    private static ServiceLoad LoadOf(ServiceProcess service, string name) =>
        new(service, SampleKind.Trips with { Name = $"trips_{name}" }, "job", lineage: false);

    private static async Task LoadAsync(
        Laboratory laboratory, IReadOnlyList<TripsForm> forms, FormLoad[] loads, string name, long rows, int rounds)
    {
        LoadSample plain = await SampleKind.Trips.Create(Path.Combine(laboratory.Scratch, name), rows, TripsForm.Seed);
        foreach (TripsForm form in forms)
        {
            LoadSample sample = await form.MakeAsync(plain);
            foreach (FormLoad load in loads.Where(load => load.Form == form))
            {
                (load.Sample, load.MB, load.PeakMB) = (sample, sample.BodyMB, 0);
                await load.Load.DeclareAsync();
            }
        }

        for (int round = 0; round < rounds; round++)
        {
            foreach (FormLoad load in loads.InTurn(round))
            {
                await using ResidentPeak peak = new(load.Load.Service.Id, ProcessUsage.ResidentMBWithChildren);
                load.Load.Seconds.Add(await load.Load.MeasureAsync(load.Sample!));
                load.PeakMB = Math.Max(load.PeakMB, await peak.EndAsync());
                load.Load.Cpu.Add(load.Load.CpuSeconds);
            }
        }

        Array.ForEach(loads, load => load.Sample!.Delete());
    }

    /// <summary>To the data as it is, sent to the same service in the same round.</summary>
    private static double[] Ratios(FormLoad load, FormLoad[] loads) =>
        [.. load.Load.Seconds.Select((seconds, round) => seconds / PlainOf(load, loads).Seconds[round])];

    private static ServiceLoad PlainOf(FormLoad load, FormLoad[] loads) => loads.First(plain => plain.Load.Service == load.Load.Service).Load;

    private static void Tell(Laboratory laboratory, FormLoad[] loads, long rows)
    {
        Report report = laboratory.Report;
        report.Section($"trips: {rows:N0} rows, `commit: job`");
        report.Line("Seconds from the start of the request to the end of the job, and of the processors (of the service and of who converts for it); ratios "
            + "to the load of the data as it is in the same round. Peak: the most that the service and who converts for it had resident at once.");
        report.Line();
        report.Table("form", "MB", "median s", "ratio: median", "least", "greatest", "CPU: median s", "ratio of CPU: median", "peak MB");
        foreach (FormLoad load in loads)
        {
            double[] ratios = Ratios(load, loads);
            double[] cpu = [.. load.Load.Cpu.Select((seconds, round) => seconds / PlainOf(load, loads).Cpu[round])];
            report.Row(
                laboratory.Builds.Count > 1 ? $"{load.Form.Title}, {load.Load.Service.Build.Name}" : load.Form.Title,
                $"{load.MB:N0}", $"{load.Load.Seconds.Median():F2}", $"{ratios.Median():F2} ×", $"{ratios.Min():F2} ×", $"{ratios.Max():F2} ×",
                $"{load.Load.Cpu.Median():F2}", $"{cpu.Median():F2} ×", $"{load.PeakMB:F0}");
        }

        report.Line();
    }

    /// <summary>A form, sent to a service.</summary>
    private sealed record FormLoad(TripsForm Form, ServiceLoad Load)
    {
        /// <summary>What is sent.</summary>
        public LoadSample? Sample { get; set; }

        public double MB { get; set; }

        /// <summary>The most that the service and who converts for it had at once.</summary>
        public double PeakMB { get; set; }
    }
}
