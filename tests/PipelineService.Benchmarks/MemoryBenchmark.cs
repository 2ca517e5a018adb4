using System.Globalization;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks;

/// <summary>
/// Memory must not depend on the size of an upload, on how many there are, or on how many of their records are bad. Each case gets a fresh process; the data is
/// made while it is sent, so that size has no other limit than the disk.
/// </summary>
internal static class MemoryBenchmark
{
    public static async Task RunAsync(Arguments arguments)
    {
        long[] sizes =
        [
            .. arguments.Text("rows", "3000000,30000000").Split(',').Select(s => long.Parse(s, CultureInfo.InvariantCulture)),
        ];
        double bad = arguments.Number("type-errors", 0);
        await using Laboratory laboratory = await Laboratory.OpenAsync("memory", "Memory and the size of an upload", arguments);
        Head(laboratory.Report);
        foreach (long rows in sizes)
        {
            await MeasureAsync(laboratory, rows, uploads: 1, bad);
        }

        laboratory.Complete();
    }

    public static async Task RunConcurrentAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", 3_000_000);
        int uploads = arguments.Integer("uploads", 8);
        await using Laboratory laboratory = await Laboratory.OpenAsync("concurrent", "Several uploads at once", arguments);
        Head(laboratory.Report);
        await MeasureAsync(laboratory, rows, uploads: 1);
        await MeasureAsync(laboratory, rows, uploads);
        laboratory.Complete();
    }

    private static void Head(Report report) =>
        report.Table("uploads at once", "rows each", "MB in all", "idle MB", "peak MB", "seconds", "rows/s", "CPU s");

    private static async Task MeasureAsync(Laboratory laboratory, long rows, int uploads, double bad = 0)
    {
        await using ServiceProcess service = await laboratory.StartServiceAsync();
        TripsGenerator[] generators =
            [.. Enumerable.Range(1, uploads).Select(n => new TripsGenerator(
                new TripsOptions { Rows = rows, Seed = (ulong)n, TypeErrorShare = bad }))];
        for (int n = 0; n < uploads; n++)
        {
            await DeclareEmptyAsync(laboratory, service, n);
        }

        double idle = ProcessUsage.ResidentMB(service.Id);
        long started = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(generators.Select((generator, n) => LoadAsync(service, generator, Dataset(n), rows)));
        double seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;

        for (int n = 0; n < uploads; n++)
        {
            Check.Equal(
                rows - generators[n].ExpectedRejects.Count, await laboratory.Postgres.QueryAsync<long>($"SELECT count(*) FROM public.{Dataset(n)}"), $"rows of upload {n}");
            await laboratory.Postgres.ExecuteAsync($"TRUNCATE public.{Dataset(n)}");
        }

        laboratory.Report.Row(
            $"{uploads}", $"{rows:N0}", $"{generators.Sum(g => g.Bytes) / 1e6:N0}", $"{idle:F0}",
            $"{ProcessUsage.PeakResidentMB(service.Id):F0}", $"{seconds:F1}", $"{rows * uploads / seconds:N0}",
            $"{ProcessUsage.CpuSeconds(service.Id):F1}");
    }

    private static async Task DeclareEmptyAsync(Laboratory laboratory, ServiceProcess service, int number)
    {
        string table = $"public.{Dataset(number)}";
        await service.Client.DeclareAsync(Dataset(number), TripsDefinition.Create(table), CancellationToken.None);
        await laboratory.Postgres.ExecuteAsync($"DO $$ BEGIN IF to_regclass('{table}') IS NOT NULL THEN TRUNCATE {table}; END IF; END $$");
    }

    private static async Task LoadAsync(ServiceProcess service, TripsGenerator generator, string dataset, long rows)
    {
        using var body = new TripsContent(generator, "text/csv");
        ObservedJob job = await service.Client.UploadAsync(dataset, body, waitSeconds: 0, CancellationToken.None);
        int rejected = generator.ExpectedRejects.Count;
        Check.Loaded(await service.Client.FollowAsync(job, changed: null, CancellationToken.None), rows - rejected, rejected);
    }

    private static string Dataset(int number) => string.Create(CultureInfo.InvariantCulture, $"bench_memory_{number}");
}
