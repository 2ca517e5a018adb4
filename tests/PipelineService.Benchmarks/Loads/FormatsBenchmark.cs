using System.IO.Compression;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;
using PipelineService.Core.Datasets;
using ZstdSharp;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// What the form costs in which data comes: the same trips as they are, compressed, as JSON and in columns, in turn and in one run. The senders' work is not
/// measured: the files are made before.
/// </summary>
internal static class FormatsBenchmark
{
    /// <summary>What <c>zstd</c> uses when nobody says otherwise.</summary>
    private const int ZstdLevel = 3;

    private const ulong Seed = 1;
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    public static async Task RunAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", SampleKind.Trips.Rows);
        int rounds = arguments.Integer("rounds", 5);
        await using Laboratory laboratory = await Laboratory.OpenAsync("formats", "What the form of the data costs", arguments);
        await using ServiceProcesses services = await laboratory.StartAllAsync();
        Form[] forms = [.. FormsOf(services.Only)];
        await LoadAsync(laboratory, forms, "warm-up", Math.Max(1, rows / 10), rounds: 1);
        Array.ForEach(forms, form => form.Load.Seconds.Clear());
        Array.ForEach(forms, form => form.Load.Cpu.Clear());
        await LoadAsync(laboratory, forms, "trips", rows, rounds);
        Tell(laboratory.Report, forms, rows);
        Figure.Write(laboratory.Report, laboratory.Builds, forms.Where(form => form.RatioMax > 0).Select(form => new Figure(
            $"trips, {form.Name}, against the same as plain CSV", "×",
            [Ratios(form, forms[0]).Median()], Goal.AtMost(form.RatioMax, "×"))));
        laboratory.Complete();
    }

    private static IEnumerable<Form> FormsOf(ServiceProcess service) =>
    [
        new("as it is", LoadOf(service, "plain"), 0, plain => Task.FromResult(plain)),
        new("gzip", LoadOf(service, "gzip"), 1.25, plain => CompressAsync(plain, "gzip", to => new GZipStream(to, CompressionLevel.Optimal))),
        new("zstd", LoadOf(service, "zstd"), 1.15, plain => CompressAsync(plain, "zstd", to => new CompressionStream(to, ZstdLevel, leaveOpen: false))),
        new("NDJSON", LoadOf(service, "ndjson"), 1.30, plain => NdjsonAsync(plain, "ndjson")),
        new("JSON array", LoadOf(service, "json"), 1.30, JsonAsync),
        new("Parquet", LoadOf(service, "parquet"), 1.00, ParquetAsync),
        new("Arrow", LoadOf(service, "arrow"), 0.90, ArrowAsync),
    ];

    private static async Task<LoadSample> CompressAsync(LoadSample plain, string encoding, Func<Stream, Stream> compress)
    {
        LoadSample made = plain with { BodyPath = $"{plain.CsvPath}.{encoding}", ContentEncoding = encoding };
        await using FileStream from = File.OpenRead(plain.CsvPath);
        await using Stream to = compress(File.Create(made.BodyPath));
        await from.CopyToAsync(to);
        return made;
    }

    private static async Task<LoadSample> NdjsonAsync(LoadSample plain, string extension)
    {
        TripsFile file = await TripsFile.CreateAsync(
            $"{plain.CsvPath}.{extension}", new TripsOptions { Rows = plain.Rows, Seed = Seed, Format = DataFormat.Ndjson });
        return plain with { BodyPath = file.Path, ContentType = "application/x-ndjson" };
    }

    /// <summary>The same objects, with commas between them.</summary>
    private static async Task<LoadSample> JsonAsync(LoadSample plain)
    {
        LoadSample lines = await NdjsonAsync(plain, "lines");
        LoadSample made = plain with { BodyPath = $"{plain.CsvPath}.json", ContentType = "application/json" };
        await using (StreamWriter to = new(made.BodyPath))
        {
            string before = "[";
            await foreach (string line in File.ReadLinesAsync(lines.BodyPath))
            {
                await to.WriteAsync(before);
                await to.WriteAsync(line);
                before = ",\n";
            }

            await to.WriteAsync("]\n");
        }

        File.Delete(lines.BodyPath);
        return made;
    }

    private static Task<LoadSample> ParquetAsync(LoadSample plain)
    {
        LoadSample made = plain with { BodyPath = $"{plain.CsvPath}.parquet", ContentType = "application/vnd.apache.parquet" };
        ColumnarTrips.WriteParquet(plain.CsvPath, made.BodyPath);
        return Task.FromResult(made);
    }

    private static async Task<LoadSample> ArrowAsync(LoadSample plain)
    {
        LoadSample made = plain with { BodyPath = $"{plain.CsvPath}.arrows", ContentType = "application/vnd.apache.arrow.stream" };
        await ColumnarTrips.WriteArrowAsync(made.BodyPath, plain.Rows, Seed);
        return made;
    }

    private static ServiceLoad LoadOf(ServiceProcess service, string name) =>
        new(service, SampleKind.Trips with { Name = $"trips_{name}" }, "job", lineage: false);

    private static async Task LoadAsync(Laboratory laboratory, Form[] forms, string name, long rows, int rounds)
    {
        LoadSample plain = await SampleKind.Trips.Create(Path.Combine(laboratory.Scratch, name), rows, Seed);
        foreach (Form form in forms)
        {
            form.Sample = await form.MakeAsync(plain);
            form.MB = form.Sample.BodyMB;
            form.PeakMB = 0;
            await form.Load.DeclareAsync();
        }

        for (int round = 0; round < rounds; round++)
        {
            foreach (Form form in forms.InTurn(round))
            {
                using CancellationTokenSource ended = new();
                Task<double> peak = WatchAsync(form.Load.Service.Id, ended.Token);
                form.Load.Seconds.Add(await form.Load.MeasureAsync(form.Sample!));
                await ended.CancelAsync();
                form.PeakMB = Math.Max(form.PeakMB, await peak);
                form.Load.Cpu.Add(form.Load.CpuSeconds);
            }
        }

        Array.ForEach(forms, form => form.Sample!.Delete());
    }

    private static async Task<double> WatchAsync(int service, CancellationToken ended)
    {
        double peak = 0;
        while (!ended.IsCancellationRequested)
        {
            peak = Math.Max(peak, ProcessUsage.ResidentMBWithChildren(service));
            await Task.Delay(LookInterval, TimeProvider.System, CancellationToken.None);
        }

        return peak;
    }

    private static double[] Ratios(Form form, Form plain) =>
        [.. form.Load.Seconds.Select((seconds, round) => seconds / plain.Load.Seconds[round])];

    private static void Tell(Report report, Form[] forms, long rows)
    {
        report.Section($"trips: {rows:N0} rows, `commit: job`");
        report.Line("Seconds from the start of the request to the end of the job, and of the processors (of the service and of who converts for it); ratios "
            + "to the load of the data as it is in the same round. Peak: the most that the service and who converts for it had resident at once.");
        report.Line();
        report.Table("form", "MB", "median s", "ratio: median", "least", "greatest", "CPU: median s", "ratio of CPU: median", "peak MB");
        foreach (Form form in forms)
        {
            double[] ratios = Ratios(form, forms[0]);
            double[] cpu = [.. form.Load.Cpu.Select((seconds, round) => seconds / forms[0].Load.Cpu[round])];
            report.Row(
                form.Name, $"{form.MB:N0}", $"{form.Load.Seconds.Median():F2}", $"{ratios.Median():F2} ×", $"{ratios.Min():F2} ×", $"{ratios.Max():F2} ×",
                $"{form.Load.Cpu.Median():F2}", $"{cpu.Median():F2} ×", $"{form.PeakMB:F0}");
        }

        report.Line();
    }

    /// <param name="Name">As reports have it.</param>
    /// <param name="RatioMax">The time that it should take at most, as a share of that of the data as it is; 0 for none.</param>
    /// <param name="MakeAsync">Makes it of the data as it is.</param>
    private sealed record Form(string Name, ServiceLoad Load, double RatioMax, Func<LoadSample, Task<LoadSample>> MakeAsync)
    {
        /// <summary>What is sent.</summary>
        public LoadSample? Sample { get; set; }

        public double MB { get; set; }

        /// <summary>The most that the service and who converts for it had at once.</summary>
        public double PeakMB { get; set; }
    }
}
