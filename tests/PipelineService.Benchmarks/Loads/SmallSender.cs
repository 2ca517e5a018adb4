using System.Net;
using System.Net.Http.Headers;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Loads;

/// <summary>What a number of small uploads took.</summary>
/// <param name="Seconds">From the first request to the last answer.</param>
/// <param name="SecondsToLoaded">From the first request until all rows are in the table.</param>
/// <param name="Milliseconds">From each request to its answer.</param>
internal sealed record SmallUploads(double Seconds, double SecondsToLoaded, double[] Milliseconds)
{
    public double PerSecond => Milliseconds.Length / Seconds;

    public double LoadedPerSecond => Milliseconds.Length / SecondsToLoaded;
}

/// <summary>
/// Sends the same small upload again and again to one service, over so many connections, each with one request at a
/// time. It shares the machine with the service, so it only looks for the state in an answer and does not read the
/// rest.
/// </summary>
internal sealed class SmallSender(ServiceProcess service, (byte[] Bytes, long Rows) body, int connections)
{
    private const string Dataset = "bench_small";
    private const string Table = $"public.{Dataset}";
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan LoadedMax = TimeSpan.FromMinutes(10);
    private static readonly Uri Path = new($"/v1/datasets/{Dataset}/uploads", UriKind.Relative);

    private long _sent;

    public string Name => service.Build.Name;

    public int BodyBytes => body.Bytes.Length;

    public long BodyRows => body.Rows;

    /// <summary>Rounds in which the answer was waited for until the job was final.</summary>
    public List<SmallUploads> Final { get; } = [];

    /// <summary>Rounds in which the upload was answered at once.</summary>
    public List<SmallUploads> Answered { get; } = [];

    public Task DeclareAsync() =>
        service.Client.DeclareAsync(Dataset, TripsDefinition.Create(Table), CancellationToken.None);

    /// <summary>Returns when all of them are loaded.</summary>
    /// <param name="waits">Whether each is answered when its job is final, and not as soon as it is durable.</param>
    public async Task<SmallUploads> SendAsync(int count, bool waits)
    {
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = connections };
        using var http = new HttpClient(handler) { BaseAddress = service.Address };
        http.DefaultRequestHeaders.Authorization = service.Http.DefaultRequestHeaders.Authorization;
        double[] milliseconds = new double[count];
        int next = -1;
        long started = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => SendSomeAsync()));
        double seconds = TimeProvider.System.GetElapsedTime(started).TotalSeconds;
        _sent += count;
        while (!await AreLoadedAsync())
        {
            Check.That(
                TimeProvider.System.GetElapsedTime(started) < LoadedMax, $"uploads to {Name} are not loaded in time");
            await Task.Delay(Poll, TimeProvider.System);
        }

        return new SmallUploads(seconds, TimeProvider.System.GetElapsedTime(started).TotalSeconds, milliseconds);

        async Task SendSomeAsync()
        {
            for (int n = Interlocked.Increment(ref next); n < count; n = Interlocked.Increment(ref next))
            {
                milliseconds[n] = await SendOneAsync(http, waits);
            }
        }
    }

    /// <summary>All rows are there, each as often as it was sent, and every job has succeeded.</summary>
    public async Task CheckAsync()
    {
        Check.Equal(_sent * body.Rows, await service.Database.CountAsync(Table), $"rows of small uploads, {Name}");
        Check.Equal(
            0L,
            await service.Database.QueryAsync<long>(
                $"SELECT count(*) FROM (SELECT FROM {Table} GROUP BY _job_id, _record HAVING count(*) > 1) doubled"),
            $"doubled rows of small uploads, {Name}");
        Check.Equal(
            _sent,
            await service.Database.QueryAsync<long>($"SELECT count(DISTINCT _job_id) FROM {Table}"),
            $"jobs that have loaded rows, {Name}");
    }

    /// <summary>Counts rows only when nothing is under way any more: that costs more than the rest together.</summary>
    private async Task<bool> AreLoadedAsync() =>
        await service.Database.QueryAsync<long>("SELECT count(*) FROM pipeline.jobs WHERE finished_at IS NULL") == 0
        && await service.Database.CountAsync(Table) == _sent * body.Rows;

    private async Task<double> SendOneAsync(HttpClient http, bool waits)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Path);
        request.Content = new ByteArrayContent(body.Bytes);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        if (waits)
        {
            request.Headers.Add("Prefer", "wait=60");
        }

        long started = TimeProvider.System.GetTimestamp();
        using HttpResponseMessage answer = await http.SendAsync(request);
        byte[] job = await answer.Content.ReadAsByteArrayAsync();
        double milliseconds = TimeProvider.System.GetElapsedTime(started).TotalMilliseconds;
        Check.Equal(waits ? HttpStatusCode.OK : HttpStatusCode.Accepted, answer.StatusCode, "answer to a small upload");
        Check.That(
            !waits || job.AsSpan().IndexOf("\"state\":\"succeeded\""u8) >= 0, "a small upload did not end well");
        return milliseconds;
    }
}
