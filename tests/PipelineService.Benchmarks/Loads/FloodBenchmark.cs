using System.Net;
using System.Net.Http.Headers;
using PipelineService.Benchmarks.Harness;
using PipelineService.Client;
using PipelineService.Client.Sample;

namespace PipelineService.Benchmarks.Loads;

/// <summary>
/// One tenant sends thousands of uploads of a megabyte, as fast as they are taken, and another now and then one of a kilobyte: how long
/// that takes from request to final job, and how much waited in front of it.
/// </summary>
internal static class FloodBenchmark
{
    private const string Flood = "flood";
    private const string Small = "small";
    private const int FloodBytes = 1_000_000;
    private const int SmallRows = 8;
    private const double MillisecondsMax = 1_000;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    public static async Task RunAsync(Arguments arguments)
    {
        int uploads = arguments.Integer("uploads", 5_000);
        int connections = arguments.Integer("connections", 16);
        await using Laboratory laboratory = await Laboratory.OpenAsync("flood", "One tenant's flood, and another's upload", arguments);
        await using ServiceProcess service = await (await laboratory.TwinAsync("flooded", GuardedService.Setting)).StartAsync();
        using Sender flood = await Sender.CreateAsync(service, Flood, BodyOf(FloodBytes / 110), connections);
        using Sender small = await Sender.CreateAsync(service, Small, BodyOf(SmallRows), 1);
        for (int i = 0; i < 20; i++)
        {
            await small.SendAsync("wait=60", HttpStatusCode.OK);
            await flood.SendAsync("wait=60", HttpStatusCode.OK);
        }

        int left = uploads;
        var flooding = Task.WhenAll(Enumerable.Range(0, connections).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
            {
                await flood.SendAsync("", HttpStatusCode.Accepted);
            }
        }));
        List<Probe> during = [], after = [];
        while (!flooding.IsCompleted)
        {
            during.Add(await ProbeAsync(service, small));
        }

        await flooding;
        do
        {
            after.Add(await ProbeAsync(service, small));
        }
        while (after[^1].Waiting > 0);
        Tell(laboratory.Report, uploads, flood.BodyBytes, during, after);
        Check.That(
            during.Concat(after).All(probe => probe.Milliseconds < MillisecondsMax), "an upload of another tenant took longer than a second");
        laboratory.Complete();
    }

    private static byte[] BodyOf(int rows)
    {
        byte[] buffer = new byte[(rows + 10) * 400];
        return buffer[..new TripsGenerator(new TripsOptions { Rows = rows }).Fill(buffer)];
    }

    private static async Task<Probe> ProbeAsync(ServiceProcess service, Sender small)
    {
        await Task.Delay(Pause, TimeProvider.System);
        long waiting = await service.Database.QueryAsync<long>(
            $"SELECT count(*) FROM pipeline.jobs WHERE dataset = '{Flood}' AND state = 'queued'");
        long started = TimeProvider.System.GetTimestamp();
        await small.SendAsync("wait=60", HttpStatusCode.OK);
        return new Probe(TimeProvider.System.GetElapsedTime(started).TotalMilliseconds, waiting);
    }

    private static void Tell(Report report, int uploads, int bytes, List<Probe> during, List<Probe> after)
    {
        report.Section($"{uploads:N0} uploads of {bytes / 1e3:N0} kB of one tenant, and uploads of {SmallRows} rows of another");
        report.Line("Milliseconds from request to final job of the other tenant's, one after the other; how many of the flood were in the "
            + "queue before.");
        report.Line();
        report.Table("when", "uploads", "median ms", "99 % ms", "greatest ms", "waiting: median", "most");
        Row("while it comes", during);
        Row("when all of it is there", after);

        void Row(string when, List<Probe> probes)
        {
            double[] times = [.. probes.Select(probe => probe.Milliseconds)];
            double[] waiting = [.. probes.Select(probe => (double)probe.Waiting)];
            report.Row(
                when, $"{times.Length}", $"{times.Median():F1}", $"{times.Percentile(0.99):F1}", $"{times.Max():F1}",
                $"{waiting.Median():N0}", $"{waiting.Max():N0}");
        }
    }

    /// <summary>An upload of the other tenant.</summary>
    /// <param name="Waiting">How many of the flood were in the queue before it.</param>
    private sealed record Probe(double Milliseconds, long Waiting);

    /// <summary>Sends the same upload again and again, with the key of its tenant.</summary>
    private sealed class Sender(HttpClient http, string dataset, byte[] body) : IDisposable
    {
        private readonly Uri _path = new($"/v1/datasets/{dataset}/uploads", UriKind.Relative);

        public int BodyBytes => body.Length;

        public static async Task<Sender> CreateAsync(ServiceProcess service, string tenant, byte[] body, int connections)
        {
            AuthenticationHeaderValue key = await GuardedService.MakeKeyAsync(service, tenant);
            HttpClient http = new(new SocketsHttpHandler { MaxConnectionsPerServer = connections }) { BaseAddress = service.Address };
            http.DefaultRequestHeaders.Authorization = key;
            await new PipelineClient(http).DeclareAsync(tenant, TripsDefinition.Create($"public.{tenant}"), CancellationToken.None);
            return new Sender(http, tenant, body);
        }

        public async Task SendAsync(string prefer, HttpStatusCode expected)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, _path);
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
            if (prefer.Length > 0)
            {
                request.Headers.Add("Prefer", prefer);
            }

            using HttpResponseMessage answer = await http.SendAsync(request);
            string job = await answer.Content.ReadAsStringAsync();
            Check.Equal(expected, answer.StatusCode, $"answer to an upload of {dataset}, {job}");
        }

        public void Dispose() => http.Dispose();
    }
}
