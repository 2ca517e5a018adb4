using System.Net.Http.Headers;
using Npgsql;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Bookkeeping;

/// <summary>
/// The process is killed while many jobs wait, and started again: until it is ready, in which memory, and until all
/// have ended. Beside it the start of a service that has nothing to do.
/// </summary>
internal static class QueueBenchmark
{
    private const string Dataset = "bench_queue";
    private const string Table = $"public.{Dataset}";
    private const int RowsEach = 20;
    private const int SendersMax = 16;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    public static async Task RunAsync(Arguments arguments)
    {
        int jobs = arguments.Integer("jobs", 1_000);
        await using Laboratory laboratory = await Laboratory.OpenAsync(
            "queue", "A start with many queued jobs", arguments);
        laboratory.Report.Table(
            "build", "queued jobs", "start to ready, s", "MB when ready", "start to the end of all, s", "peak MB",
            "CPU s");
        foreach (ServiceBuild build in laboratory.Builds)
        {
            await MeasureAsync(laboratory.Report, build, jobs);
        }

        laboratory.Complete();
    }

    private static async Task MeasureAsync(Report report, ServiceBuild build, int jobs)
    {
        await using (ServiceProcess service = await build.StartAsync())
        {
            await service.Client.DeclareAsync(Dataset, TripsDefinition.Create(Table), CancellationToken.None);
        }

        await MeasureStartAsync(report, build, queued: 0, held: null);

        await using NpgsqlConnection connection = await build.Database.DataSource.OpenConnectionAsync();
        await using NpgsqlTransaction held = await connection.BeginTransactionAsync();
        await using NpgsqlCommand hold = new($"LOCK TABLE {Table} IN SHARE MODE", connection, held);
        await hold.ExecuteNonQueryAsync();
        await using (ServiceProcess service = await build.StartAsync())
        {
            var senders = new ParallelOptions { MaxDegreeOfParallelism = SendersMax };
            await Parallel.ForAsync(0, jobs, senders, async (n, token) =>
            {
                byte[] buffer = new byte[8 << 10];
                int length = new TripsGenerator(new TripsOptions { Rows = RowsEach, Seed = (ulong)n + 1 }).Fill(buffer);
                using ByteArrayContent body = new(buffer, 0, length);
                body.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
                await service.Client.UploadAsync(Dataset, body, waitSeconds: 0, token);
            });
        }

        await MeasureStartAsync(report, build, jobs, held);
        Check.Equal((long)jobs * RowsEach, await build.Database.CountAsync(Table), "rows in the table");
    }

    /// <param name="held">Keeps the jobs from being loaded until the service is ready.</param>
    private static async Task MeasureStartAsync(Report report, ServiceBuild build, int queued, NpgsqlTransaction? held)
    {
        long started = TimeProvider.System.GetTimestamp();
        await using ServiceProcess service = await build.StartAsync();
        double ready = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        double resident = ProcessUsage.ResidentMB(service.Id);
        Check.Equal((long)queued, await CountOpenAsync(build), "jobs that wait");
        await (held?.RollbackAsync() ?? Task.CompletedTask);
        while (await CountOpenAsync(build) > 0)
        {
            await Task.Delay(Poll, TimeProvider.System);
        }

        double done = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        report.Row(
            build.Name, $"{queued:N0}", $"{ready:F2}", $"{resident:F0}", queued == 0 ? "" : $"{done:F1}",
            $"{ProcessUsage.PeakResidentMB(service.Id):F0}", $"{ProcessUsage.CpuSeconds(service.Id):F1}");
    }

    private static Task<long> CountOpenAsync(ServiceBuild build) =>
        build.Database.QueryAsync<long>("SELECT count(*) FROM pipeline.jobs WHERE finished_at IS NULL");
}
