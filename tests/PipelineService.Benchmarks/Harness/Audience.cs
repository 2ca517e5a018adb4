using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace PipelineService.Benchmarks.Harness;

/// <summary>
/// Everybody whom a service may tell what happens: a collector, the receiver of a webhook, who follows its streams, and who reads its
/// metrics each second.
/// </summary>
internal sealed class Audience : IAsyncDisposable
{
    private static readonly TimeSpan ReadsMetricsEvery = TimeSpan.FromSeconds(1);

    private readonly HttpListener _listener = new();
    private readonly CancellationTokenSource _over = new();
    private readonly List<Task> _listening = [];
    private readonly Dictionary<string, long> _heard = [];

    public Audience()
    {
        Address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{ServiceProcess.FreePort()}/");
        _listener.Prefixes.Add(Address);
        _listener.Start();
        _listening.Add(TakeAsync());
    }

    /// <summary>Takes whatever is sent there.</summary>
    public string Address { get; }

    /// <summary>What a process needs to send there.</summary>
    public string[] Settings =>
    [
        $"Hosting__OtlpEndpoint={Address}", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "Events__AllowHttp", "Events__AllowPrivateAddresses",
    ];

    /// <summary>Has all events sent here, and reads the metrics from now on.</summary>
    public async Task AttendAsync(ServiceProcess service)
    {
        JsonNode hook = new JsonObject { ["url"] = $"{Address}hook" };
        using StringContent body = new(hook.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await service.Http.PutAsync(new Uri("/v1/webhooks/audience", UriKind.Relative), body);
        Check.That(answer.IsSuccessStatusCode, $"no webhook: {await answer.Content.ReadAsStringAsync()}");
        _listening.Add(ReadMetricsAsync(service));
    }

    /// <summary>Reads a stream of the service's from now on.</summary>
    public void Follow(ServiceProcess service, string path) => _listening.Add(FollowAsync(service, path));

    /// <summary>That each of them was told something: else the measure is of something else.</summary>
    public void CheckAttention(params string[] paths)
    {
        lock (_heard)
        {
            foreach (string path in paths)
            {
                Check.That(_heard.GetValueOrDefault(path) > 0, $"nothing came by {path}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Close();
        await Task.WhenAll(_listening);
        _over.Dispose();
    }

    private void Hear(string path, long bytes)
    {
        lock (_heard)
        {
            _heard[path] = _heard.GetValueOrDefault(path) + bytes;
        }
    }

    private async Task TakeAsync()
    {
        byte[] buffer = new byte[64 * 1024];
        while (!_over.IsCancellationRequested)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                for (int read; (read = await context.Request.InputStream.ReadAsync(buffer, _over.Token)) > 0;)
                {
                    Hear(context.Request.Url!.AbsolutePath, read);
                }

                context.Response.Close();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or OperationCanceledException)
            {
                // It is over, or a client has gone.
            }
        }
    }

    private async Task FollowAsync(ServiceProcess service, string path)
    {
        try
        {
            using HttpRequestMessage request = new(HttpMethod.Get, new Uri(service.Address, path));
            request.Headers.Add("Accept", "text/event-stream");
            using HttpResponseMessage answer = await service.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _over.Token);
            Check.That(answer.IsSuccessStatusCode, $"{path} was answered {(int)answer.StatusCode}");
            await using Stream stream = await answer.Content.ReadAsStreamAsync(_over.Token);
            byte[] buffer = new byte[64 * 1024];
            for (int read; (read = await stream.ReadAsync(buffer, _over.Token)) > 0;)
            {
                Hear(path, read);
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            // It is over, or the service has ended: that ends the measurement, too.
        }
    }

    private async Task ReadMetricsAsync(ServiceProcess service)
    {
        using PeriodicTimer timer = new(ReadsMetricsEvery);
        try
        {
            while (await timer.WaitForNextTickAsync(_over.Token))
            {
                Hear("/metrics", (await service.Http.GetByteArrayAsync(new Uri("/metrics", UriKind.Relative), _over.Token)).Length);
            }
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            // As above.
        }
    }
}
