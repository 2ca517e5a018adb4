using System.Net.Http.Headers;
using Npgsql;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks;

/// <summary>
/// The process is killed while many jobs wait, and started again: until it is ready, in which memory, and until all have
/// ended. Beside it the start of a service that has nothing to do.
/// </summary>
internal static class QueueBenchmark
{
    private const string Dataset = "bench_queue";
    private const int RowsEach = 20;
    private const int SendersMax = 16;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    public static async Task RunAsync(Arguments arguments)
    {
        int jobs = arguments.Integer("jobs", 1_000);
        await using Laboratory laboratory = await Laboratory.OpenAsync("queue", "A start with many queued jobs", arguments);
        await using (ServiceProcess service = await laboratory.StartServiceAsync())
        {
            await service.Client.DeclareAsync(Dataset, TripsDefinition.Create($"public.{Dataset}"), CancellationToken.None);
        }

        laboratory.Report.Table("queued jobs", "start to ready, s", "MB when ready", "start to the end of all, s", "peak MB", "CPU s");
        await MeasureAsync(laboratory, queued: 0, held: null);

        await using NpgsqlConnection connection = await laboratory.Postgres.DataSource.OpenConnectionAsync();
        await using NpgsqlTransaction held = await connection.BeginTransactionAsync();
        await using NpgsqlCommand hold = new($"LOCK TABLE public.{Dataset} IN SHARE MODE", connection, held);
        await hold.ExecuteNonQueryAsync();
        await using (ServiceProcess service = await laboratory.StartServiceAsync())
        {
            await Parallel.ForAsync(0, jobs, new ParallelOptions { MaxDegreeOfParallelism = SendersMax }, async (n, token) =>
            {
                byte[] buffer = new byte[8 << 10];
                int length = new TripsGenerator(new TripsOptions { Rows = RowsEach, Seed = (ulong)n + 1 }).Fill(buffer);
                using ByteArrayContent body = new(buffer, 0, length);
                body.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
                await service.Client.UploadAsync(Dataset, body, waitSeconds: 0, token);
            });
        }

        await MeasureAsync(laboratory, jobs, held);
        Check.Equal(
            (long)jobs * RowsEach, await laboratory.Postgres.QueryAsync<long>($"SELECT count(*) FROM public.{Dataset}"), "rows in the table");
        laboratory.Complete();
    }

    /// <param name="held">Keeps the jobs from being loaded until the service is ready.</param>
    private static async Task MeasureAsync(Laboratory laboratory, int queued, NpgsqlTransaction? held)
    {
        long started = TimeProvider.System.GetTimestamp();
        await using ServiceProcess service = await laboratory.StartServiceAsync();
        double ready = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        double resident = ProcessUsage.ResidentMB(service.Id);
        Check.Equal((long)queued, await CountOpenAsync(laboratory), "jobs that wait");
        await (held?.RollbackAsync() ?? Task.CompletedTask);
        while (await CountOpenAsync(laboratory) > 0)
        {
            await Task.Delay(Poll, TimeProvider.System);
        }

        double done = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        laboratory.Report.Row(
            $"{queued:N0}", $"{ready:F2}", $"{resident:F0}", queued == 0 ? "" : $"{done:F1}",
            $"{ProcessUsage.PeakResidentMB(service.Id):F0}", $"{ProcessUsage.CpuSeconds(service.Id):F1}");
    }

    private static Task<long> CountOpenAsync(Laboratory laboratory) =>
        laboratory.Postgres.QueryAsync<long>("SELECT count(*) FROM pipeline.jobs WHERE finished_at IS NULL");
}
