using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Bookkeeping;

/// <summary>
/// The process is killed in the middle of the load of a large upload that commits each chunk. What is committed must
/// not be read again; of what was read, only the chunks in flight may be lost.
/// </summary>
internal static class ResumeBenchmark
{
    private const string Dataset = "bench_resume";
    private const string Table = $"public.{Dataset}";

    /// <summary>
    /// Nothing is loaded before the upload is complete: the middle of the load then comes after the 202.
    /// </summary>
    private const string LoadsLate = "Write__SessionsReceivingMax=0";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);

    public static async Task RunAsync(Arguments arguments)
    {
        long rows = arguments.Long("rows", 27_000_000);
        await using Laboratory laboratory = await Laboratory.OpenAsync(
            "resume", "SIGKILL in the middle of a load", arguments);
        laboratory.Report.Table(
            "build", "rows", "MB", "committed at the kill", "committed MB", "MB read by the first process",
            "MB read and not committed", "records loaded by the second", "its start, s",
            "its start to the end of the job, s", "its peak MB");
        foreach (ServiceBuild build in laboratory.Builds)
        {
            await MeasureAsync(laboratory.Report, build, rows);
        }

        laboratory.Complete();
    }

    private static async Task MeasureAsync(Report report, ServiceBuild build, long rows)
    {
        BenchmarkDatabase database = build.Database;
        TripsGenerator trips = new(new TripsOptions { Rows = rows });
        long readByFirst = await LoadHalfAsync(build, trips, rows);
        (long committed, long committedBytes) = await CommittedAsync(database);
        long started = TimeProvider.System.GetTimestamp();
        await using ServiceProcess second = await build.StartAsync();
        double ready = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        while (await database.QueryAsync<long>("SELECT count(*) FROM pipeline.jobs WHERE finished_at IS NULL") > 0)
        {
            await Task.Delay(Poll, TimeProvider.System);
        }

        double done = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        long loadedBySecond = await second.CounterAsync("pipeline_records_total");
        Check.Equal(rows, await database.CountAsync(Table), "rows in the table");
        Check.Equal(
            rows, await database.QueryAsync<long>($"SELECT count(DISTINCT _record) FROM {Table}"), "different rows");
        Check.Equal(rows - committed, loadedBySecond, "records loaded by the second process");
        report.Row(
            build.Name, $"{rows:N0}", $"{trips.Bytes / 1e6:N0}", $"{committed:N0}", $"{committedBytes / 1e6:N1}",
            $"{readByFirst / 1e6:N1}", $"{(readByFirst - committedBytes) / 1e6:N1}", $"{loadedBySecond:N0}",
            $"{ready:F2}", $"{done:F1}", $"{ProcessUsage.PeakResidentMB(second.Id):F0}");
    }

    /// <summary>Kills the process when half of the rows are committed.</summary>
    /// <returns>How many bytes it had read since the upload began.</returns>
    private static async Task<long> LoadHalfAsync(ServiceBuild build, TripsGenerator trips, long rows)
    {
        await using ServiceProcess first = await build.StartAsync(LoadsLate);
        await first.Client.DeclareAsync(Dataset, TripsDefinition.Create(Table, "chunk"), CancellationToken.None);
        using var body = new TripsContent(trips, "text/csv");
        long before = ProcessUsage.BytesRead(first.Id);
        await first.Client.UploadAsync(Dataset, body, waitSeconds: 0, CancellationToken.None);
        while ((await CommittedAsync(build.Database)).Records < rows / 2)
        {
            await Task.Delay(Poll, TimeProvider.System);
        }

        await Tool.RunAsync("kill", ["-STOP", $"{first.Id}"]); // dead it could not be asked any more
        long read = ProcessUsage.BytesRead(first.Id) - before;
        first.Kill();
        return read;
    }

    private static async Task<(long Records, long Bytes)> CommittedAsync(BenchmarkDatabase database) => (
        await database.QueryAsync<long>("SELECT coalesce(sum(read), 0)::bigint FROM pipeline.job_chunks"),
        await database.QueryAsync<long>(
            "SELECT coalesce(sum(end_offset - start_offset), 0)::bigint FROM pipeline.job_chunks"));
}
