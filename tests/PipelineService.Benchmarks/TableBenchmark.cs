using PipelineService.Benchmarks.Bookkeeping;
using PipelineService.Benchmarks.Harness;
using PipelineService.Benchmarks.Loads;

namespace PipelineService.Benchmarks;

/// <summary>
/// All measures that the service is held to, one after the other in one run, and at the end one table of them with
/// their goals. With <c>--size 0.01</c> it is a trial of the harness in a minute or two: its figures say nothing.
/// </summary>
internal static class TableBenchmark
{
    public static async Task RunAsync(Arguments arguments)
    {
        double size = arguments.Number("size", 1);
        int rounds = arguments.Integer("rounds", 3);
        await using Laboratory laboratory = await Laboratory.OpenAsync("table", "The measures in one run", arguments);
        BystanderOptions bystander = new(
            Chunks: 2_000, Seconds: (int)Scaled(8, size), Scale: (int)Scaled(20, size), Clients: 4, rounds);
        ClaimOptions claim = new((int)Scaled(100_000, size), Claims: 3_000);
        RevertOptions revert = new(Scaled(20_000_000, size), JobRows: 1_000);
        List<Figure> figures =
        [
            .. await MeasureLoadsAsync(laboratory, size, rounds),
            .. await BystanderBenchmark.MeasureAsync(laboratory, bystander),
            .. await ClaimBenchmark.MeasureAsync(laboratory, claim),
            .. await RevertBenchmark.MeasureAsync(laboratory, revert),
        ];
        laboratory.Report.Section("The table");
        Figure.Write(laboratory.Report, laboratory.Builds, figures);
        laboratory.Complete();
    }

    /// <summary>
    /// In one process of each build: the small uploads first, so that their peak of memory is theirs alone.
    /// </summary>
    private static async Task<IReadOnlyList<Figure>> MeasureLoadsAsync(Laboratory laboratory, double size, int rounds)
    {
        await using ServiceProcesses services = await laboratory.StartAllAsync();
        SmallUploadsOptions options = new((int)Scaled(600, size), Bytes: 1_000, Connections: 16, rounds);
        IReadOnlyList<Figure> small = await SmallUploadsBenchmark.MeasureAsync(laboratory, services.All, options);
        List<Figure> figures =
        [
            .. await LoadAsync(SampleKind.Trips, 3_000_000, "job", "chunk"),
            .. await LoadAsync(SampleKind.Ndjson, 1_500_000, "job"),
            .. await LoadAsync(SampleKind.Wide, 40_000, "job"),
            .. await ConcurrentBenchmark.MeasureAsync(
                laboratory, services.All, new ConcurrentOptions(Scaled(500_000, size), Uploads: 8, rounds)),
        ];
        Figure memory = new(
            "peak resident memory after all these loads in one process", "MB",
            [.. services.All.Select(s => ProcessUsage.PeakResidentMB(s.Id))], Goal.AtMost(250, "MB"));
        return [.. figures, .. small, memory];

        Task<IReadOnlyList<Figure>> LoadAsync(SampleKind kind, long rows, params string[] commits)
        {
            LoadOptions load = new(
                kind, Scaled(rows, size), rounds, commits, Lineages: [false], ComparesAlways: false,
                HasReference: kind == SampleKind.Trips);
            return LoadBenchmark.MeasureAsync(laboratory, services.All, load);
        }
    }

    private static long Scaled(long full, double size) => Math.Max(1, (long)(full * size));
}
