using System.Globalization;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// Memory must not depend on the size of an upload, nor on how many of its records are bad. Each case gets a fresh
/// process; the data is made while it is sent, so that size has no other limit than the disk. Other forms than plain CSV are made before, as
/// files.
/// </summary>
internal static class MemoryBenchmark
{
    private const string Dataset = "bench_memory";
    private const string Table = $"public.{Dataset}";

    public static async Task RunAsync(Arguments arguments)
    {
        long[] sizes =
        [
            .. arguments.Text("rows", "3000000,30000000").Split(',')
                .Select(s => long.Parse(s, CultureInfo.InvariantCulture)),
        ];
        double bad = arguments.Number("type-errors", 0);
        IReadOnlyList<TripsForm> forms = arguments.Text("forms") is { } names ? TripsForm.Of(names) : [];
        await using Laboratory laboratory = await Laboratory.OpenAsync(
            "memory", "Memory and the size of an upload", arguments);
        if (forms.Count > 0)
        {
            await MeasureFormsAsync(laboratory, sizes, forms);
            laboratory.Complete();
            return;
        }

        laboratory.Report.Table("build", "rows", "MB", "idle MB", "peak MB", "seconds", "rows/s", "CPU s");
        foreach (long rows in sizes)
        {
            foreach (ServiceBuild build in laboratory.Builds)
            {
                await MeasureAsync(laboratory.Report, build, rows, bad);
            }
        }

        laboratory.Complete();
    }

    private static async Task MeasureFormsAsync(Laboratory laboratory, long[] sizes, IReadOnlyList<TripsForm> forms)
    {
        laboratory.Report.Line("Peak: the most that the service and who converts for it had resident at once, what both have of the same programs "
            + "and libraries counted once; the sum of both, which counts that twice; and the service alone.");
        laboratory.Report.Line();
        laboratory.Report.Table("build", "form", "rows", "MB as CSV", "MB sent", "idle MB", "peak MB", "sum of both", "of the service", "seconds");
        foreach (TripsForm form in forms)
        {
            foreach (long rows in sizes)
            {
                LoadSample plain = await SampleKind.Trips.Create(Path.Combine(laboratory.Scratch, "trips"), rows, TripsForm.Seed);
                LoadSample sample = await form.MakeAsync(plain);
                foreach (ServiceBuild build in laboratory.Builds)
                {
                    await MeasureFormAsync(laboratory.Report, build, form, sample);
                }

                sample.Delete();
            }
        }
    }

    private static async Task MeasureFormAsync(Report report, ServiceBuild build, TripsForm form, LoadSample sample)
    {
        await using ServiceProcess service = await build.StartAsync();
        ServiceLoad load = new(service, SampleKind.Trips with { Name = $"memory_{form.Name}" }, "job", lineage: false);
        await load.DeclareAsync();
        double idle = ProcessUsage.ResidentMB(service.Id);
        await using ResidentPeak peak = new(service.Id, ProcessUsage.MemoryMBWithChildren);
        await using ResidentPeak sum = new(service.Id, ProcessUsage.ResidentMBWithChildren);
        double seconds = await load.MeasureAsync(sample);
        report.Row(
            build.Name, form.Title, $"{sample.Rows:N0}", $"{sample.CsvMB:N0}", $"{sample.BodyMB:N0}", $"{idle:F0}", $"{await peak.EndAsync():F0}",
            $"{await sum.EndAsync():F0}", $"{ProcessUsage.PeakResidentMB(service.Id):F0}", $"{seconds:F1}");
        await build.Database.ExecuteAsync($"DROP TABLE {load.Table}");
    }

    private static async Task MeasureAsync(Report report, ServiceBuild build, long rows, double bad)
    {
        await using ServiceProcess service = await build.StartAsync();
        TripsGenerator generator = new(new TripsOptions { Rows = rows, TypeErrorShare = bad });
        await service.Client.DeclareAsync(Dataset, TripsDefinition.Create(Table), CancellationToken.None);
        await build.Database.EmptyAsync(Table);
        double idle = ProcessUsage.ResidentMB(service.Id);
        long started = TimeProvider.System.GetTimestamp();
        using var body = new TripsContent(generator, "text/csv");
        ObservedJob job = await service.Client.UploadAsync(Dataset, body, waitSeconds: 0, CancellationToken.None);
        job = await service.Client.FollowAsync(job, changed: null, CancellationToken.None);
        double seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;

        int rejected = generator.ExpectedRejects.Count;
        Check.Loaded(job, rows - rejected, rejected);
        Check.Equal(rows - rejected, await build.Database.CountAsync(Table), "rows in the table");
        await build.Database.EmptyAsync(Table);
        report.Row(
            build.Name, $"{rows:N0}", $"{generator.Bytes / 1e6:N0}", $"{idle:F0}",
            $"{ProcessUsage.PeakResidentMB(service.Id):F0}", $"{seconds:F1}", $"{rows / seconds:N0}",
            $"{ProcessUsage.CpuSeconds(service.Id):F1}");
    }
}
