using System.IO.Compression;
using PipelineService.Benchmarks.Harness;
using ZstdSharp;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// What the form costs in which data comes: the same trips as they are and compressed, in turn and in one run. The senders' work is not
/// measured: the files are made before.
/// </summary>
internal static class FormatsBenchmark
{
    /// <summary>What <c>zstd</c> uses when nobody says otherwise.</summary>
    private const int ZstdLevel = 3;

    public static async Task RunAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", SampleKind.Trips.Rows);
        int rounds = arguments.Integer("rounds", 5);
        await using Laboratory laboratory = await Laboratory.OpenAsync("formats", "What the form of the data costs", arguments);
        await using ServiceProcesses services = await laboratory.StartAllAsync();
        Form[] forms = [.. FormsOf(services.All[0])];
        await LoadAsync(laboratory, forms, "warm-up", Math.Max(1, rows / 10), rounds: 1);
        Array.ForEach(forms, form => form.Load.Seconds.Clear());
        Array.ForEach(forms, form => form.Load.Cpu.Clear());
        await LoadAsync(laboratory, forms, "trips", rows, rounds);
        Tell(laboratory.Report, forms, rows);
        Figure.Write(laboratory.Report, laboratory.Builds, forms.Where(form => form.RatioMax > 0).Select(form => new Figure(
            $"trips, CSV, {form.Name}, against the same as it is", "×",
            [Ratios(form, forms[0]).Median()], Goal.AtMost(form.RatioMax, "×"))));
        laboratory.Complete();
    }

    private static IEnumerable<Form> FormsOf(ServiceProcess service) =>
    [
        new("as it is", LoadOf(service, "plain"), null, 0, null),
        new("gzip", LoadOf(service, "gzip"), "gzip", 1.25, to => new GZipStream(to, CompressionLevel.Optimal)),
        new("zstd", LoadOf(service, "zstd"), "zstd", 1.15, to => new CompressionStream(to, ZstdLevel, leaveOpen: false)),
    ];

    private static ServiceLoad LoadOf(ServiceProcess service, string name) =>
        new(service, SampleKind.Trips with { Name = $"trips_{name}" }, "job", lineage: false);

    private static async Task LoadAsync(Laboratory laboratory, Form[] forms, string name, long rows, int rounds)
    {
        LoadSample plain = await SampleKind.Trips.Create(Path.Combine(laboratory.Scratch, name), rows, 1);
        LoadSample[] samples = [.. forms.Select(form => form.Of(plain))];
        foreach (Form form in forms)
        {
            await form.Load.DeclareAsync();
        }

        for (int round = 0; round < rounds; round++)
        {
            foreach (Form form in forms.InTurn(round))
            {
                form.Load.Seconds.Add(await form.Load.MeasureAsync(samples[Array.IndexOf(forms, form)]));
                form.Load.Cpu.Add(form.Load.CpuSeconds);
            }
        }

        foreach ((Form form, LoadSample sample) in forms.Zip(samples))
        {
            form.MB = sample.BodyMB;
            sample.Delete();
        }
    }

    private static double[] Ratios(Form form, Form plain) =>
        [.. form.Load.Seconds.Select((seconds, round) => seconds / plain.Load.Seconds[round])];

    private static void Tell(Report report, Form[] forms, long rows)
    {
        report.Section($"trips, CSV: {rows:N0} rows, `commit: job`");
        report.Line("Seconds from the start of the request to the end of the job, and of the service's processor; ratios to the load of the "
            + "data as it is in the same round.");
        report.Line();
        report.Table("form", "MB", "median s", "ratio: median", "least", "greatest", "CPU: median s", "ratio of CPU: median");
        foreach (Form form in forms)
        {
            double[] ratios = Ratios(form, forms[0]);
            double[] cpu = [.. form.Load.Cpu.Select((seconds, round) => seconds / forms[0].Load.Cpu[round])];
            report.Row(
                form.Name, $"{form.MB:N0}", $"{form.Load.Seconds.Median():F2}", $"{ratios.Median():F2} ×", $"{ratios.Min():F2} ×", $"{ratios.Max():F2} ×",
                $"{form.Load.Cpu.Median():F2}", $"{cpu.Median():F2} ×");
        }

        report.Line();
    }

    /// <param name="Name">As reports have it.</param>
    /// <param name="RatioMax">The time that it should take at most, as a share of that of the data as it is; 0 for none.</param>
    /// <param name="Compress">Writes it; null as it is.</param>
    private sealed record Form(string Name, ServiceLoad Load, string? Encoding, double RatioMax, Func<Stream, Stream>? Compress)
    {
        /// <summary>What was sent.</summary>
        public double MB { get; set; }

        public LoadSample Of(LoadSample plain)
        {
            if (Compress is null)
            {
                return plain;
            }

            string path = $"{plain.BodyPath}.{Encoding}";
            using FileStream from = File.OpenRead(plain.BodyPath);
            using Stream to = Compress(File.Create(path));
            from.CopyTo(to);
            return plain with { CsvPath = path, BodyPath = path, ContentEncoding = Encoding };
        }
    }
}
