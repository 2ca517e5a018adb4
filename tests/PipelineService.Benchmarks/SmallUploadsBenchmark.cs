using System.Net.Http.Headers;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks;

/// <summary>
/// How long one small upload takes from request to final job, one after the other: what a device or a form that sends its
/// records one by one feels. Durability is in it: two fsyncs of the spool and one commit.
/// </summary>
internal static class SmallUploadsBenchmark
{
    private const string Dataset = "bench_small";
    private const int WarmUps = 50;

    public static async Task RunAsync(Arguments arguments)
    {
        int count = arguments.Integer("count", 200);
        int bytes = arguments.Integer("bytes", 1_000);
        await using Laboratory laboratory = await Laboratory.OpenAsync("small", "Small uploads, one after the other", arguments);
        await using ServiceProcess service = await laboratory.StartServiceAsync();
        Report report = laboratory.Report;

        (byte[] body, long rows) = MakeBody(bytes);
        await service.Client.DeclareAsync(Dataset, TripsDefinition.Create($"public.{Dataset}"), CancellationToken.None);
        for (int i = 0; i < WarmUps; i++)
        {
            await UploadAsync(service, body, rows);
        }

        var milliseconds = new List<double>(count);
        for (int i = 0; i < count; i++)
        {
            milliseconds.Add(await UploadAsync(service, body, rows));
        }

        Check.Equal(
            (count + WarmUps) * rows,
            await laboratory.Postgres.QueryAsync<long>($"SELECT count(*) FROM public.{Dataset}"),
            "rows in the table");
        report.Line($"{count} uploads of {body.Length:N0} bytes ({rows} rows) with `Prefer: wait=10`, after {WarmUps} to warm up. "
            + "Milliseconds from request to `succeeded`.");
        report.Line();
        report.Table("least", "median", "90 %", "99 %", "greatest");
        report.Row(
            $"{milliseconds.Min():F1}", $"{milliseconds.Median():F1}", $"{milliseconds.Percentile(0.9):F1}",
            $"{milliseconds.Percentile(0.99):F1}", $"{milliseconds.Max():F1}");
        laboratory.Complete();
    }

    private static async Task<double> UploadAsync(ServiceProcess service, byte[] bytes, long rows)
    {
        using var body = new ByteArrayContent(bytes);
        body.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        long started = TimeProvider.System.GetTimestamp();
        ObservedJob job = await service.Client.UploadAsync(Dataset, body, waitSeconds: 10, CancellationToken.None);
        double milliseconds = TimeProvider.System.GetElapsedTime(started).TotalMilliseconds;
        Check.Loaded(job, rows);
        return milliseconds;
    }

    /// <summary>As many rows as come nearest to the size from below, at least one.</summary>
    private static (byte[] Body, long Rows) MakeBody(int bytes)
    {
        byte[] buffer = new byte[bytes + (4 * 1_024)];
        (byte[] Body, long Rows) best = ([], 0);
        for (long rows = 1; rows == 1 || best.Body.Length < bytes; rows++)
        {
            int length = new TripsGenerator(new TripsOptions { Rows = rows }).Fill(buffer);
            if (rows > 1 && length > bytes)
            {
                break;
            }

            best = (buffer[..length], rows);
        }

        return best;
    }
}
