using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// A client as the documentation asks for: sends with an Idempotency-Key, and again until it is answered, whatever happens
/// to the service.
/// </summary>
/// <param name="ports">Of the instances: when one does not take a request, the next is asked, as a load balancer does.</param>
/// <param name="keys">Whose keys go with requests; null where there are none.</param>
internal sealed class Sender(int[] ports, FieldKeys? keys = null) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan BreakOffAgeMax = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly ConcurrentDictionary<Guid, string> _datasets = new();
    private int _turn;

    public Sender(int port)
        : this([port])
    {
    }

    /// <summary>Answers other than success, by status; 0 stands for none at all.</summary>
    public Dictionary<int, int> Refusals { get; } = [];

    private Uri Instance => ServiceProcess.AddressOf(ports[(Volatile.Read(ref _turn) & int.MaxValue) % ports.Length]);

    /// <param name="hasService">Whether there is the service that <see cref="Sample.Asking"/> asks.</param>
    public async Task DeclareAsync(CancellationToken cancellationToken, bool hasService = false)
    {
        await (keys?.MakeAsync(_http, Instance, cancellationToken) ?? Task.CompletedTask);
        await PutModelAsync(Sample.ModelOf(0.5f), cancellationToken);
        foreach ((string dataset, string definition) in hasService ? Sample.Definitions.Append(Sample.AskingDefinition) : Sample.Definitions)
        {
            using HttpRequestMessage request = For(dataset, HttpMethod.Put, $"/v1/datasets/{dataset}");
            request.Content = new StringContent(definition, Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await _http.SendAsync(request, cancellationToken);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
        }
    }

    /// <summary>Sends the model that scores records, until it is taken.</summary>
    public async Task PutModelAsync(byte[] file, CancellationToken cancellationToken)
    {
        while (await TryAsync(Request, cancellationToken) is null)
        {
            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }

        HttpRequestMessage Request()
        {
            HttpRequestMessage request = For(Sample.Looking, HttpMethod.Put, $"/v1/models/{Sample.Model}");
            request.Content = new ByteArrayContent(file);
            return request;
        }
    }

    /// <param name="replaces">The job whose place it is to take.</param>
    /// <returns>The job, from the first 202 or 200.</returns>
    public async Task<Guid> SendAsync(Sample sample, CancellationToken cancellationToken, Guid? replaces = null)
    {
        while (true)
        {
            if (await TryAsync(() => Request(sample, replaces), cancellationToken) is { } job)
            {
                Guid id = job.RootElement.GetProperty("id").GetGuid();
                _datasets[id] = sample.Dataset;
                return id;
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>
    /// Sends two thirds of an upload, waits for a moment at most until something has come of it, and resets the connection.
    /// </summary>
    public async Task BreakOffAsync(Sample sample, Func<Task<bool>> hasLanded, CancellationToken cancellationToken)
    {
        try
        {
            using RawConnection connection = await RawConnection.BeginUploadAsync(
                Instance, sample.Dataset, $"Content-Length: {sample.Body.Length}{keys?.HeaderOf(sample.Dataset)}");
            await connection.SendAsync(Encoding.UTF8.GetString(sample.Body.AsSpan(0, sample.Body.Length / 3 * 2)));
            long since = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(since) < BreakOffAgeMax && !await hasLanded())
            {
                await Task.Delay(Pause, TimeProvider.System, cancellationToken);
            }

            connection.Reset();
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            // The service was faster.
        }
    }

    /// <summary>Asks, with long polls, until the job is final.</summary>
    public async Task WaitUntilFinalAsync(Guid id, CancellationToken cancellationToken)
    {
        while (true)
        {
            JsonDocument? job = await TryAsync(Request, cancellationToken);
            if (job?.RootElement.GetProperty("state").GetString() is "succeeded" or "partially_succeeded" or "failed" or "cancelled")
            {
                return;
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }

        HttpRequestMessage Request()
        {
            HttpRequestMessage request = Of(id, HttpMethod.Get, "");
            request.Headers.Add("Prefer", "wait=1");
            return request;
        }
    }

    /// <summary>Whether whoever has another tenant's key is told that there is no such job.</summary>
    public async Task<bool> IsHiddenFromOthersAsync(Guid id, CancellationToken cancellationToken)
    {
        if (keys is null)
        {
            return true;
        }

        using HttpRequestMessage request = Of(id, HttpMethod.Get, "");
        FieldKeys.Authorize(request, keys.OtherThan(_datasets[id]));
        using HttpResponseMessage answer = await _http.SendAsync(request, cancellationToken);
        return answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.TooManyRequests;
    }

    /// <summary>
    /// Has the rows of a job removed. An answer may be lost, and a load may hold the table: it is asked again until the job says so.
    /// </summary>
    public async Task RevertAsync(Guid id, CancellationToken cancellationToken)
    {
        while (true)
        {
            await TryAsync(() => Of(id, HttpMethod.Post, "/revert"), cancellationToken);
            JsonDocument? job = await TryAsync(() => Of(id, HttpMethod.Get, ""), cancellationToken);
            if (job?.RootElement.GetProperty("reverted").ValueKind == JsonValueKind.Object)
            {
                return;
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Declares that a folder is watched for uploads of a dataset.</summary>
    /// <param name="root">How the configuration calls the folder.</param>
    public async Task WatchAsync(string dataset, string root, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = For(dataset, HttpMethod.Put, $"/v1/sources/{root}");
        request.Content = new StringContent(
            $$"""{ "dataset": "{{dataset}}", "folder": { "root": "{{root}}", "settle": "PT0S", "interval": "PT1S" } }""",
            Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _http.SendAsync(request, cancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(cancellationToken));
    }

    /// <summary>A job that was found, and not sent.</summary>
    public void Know(Guid id, string dataset) => _datasets[id] = dataset;

    /// <summary>
    /// Has the upload of a job loaded again, and waits for the end of that. An answer may be lost: then the job itself says what has
    /// taken its place.
    /// </summary>
    /// <returns>The job that has; null when the upload is no longer kept.</returns>
    public async Task<Guid?> RerunAsync(Guid id, CancellationToken cancellationToken)
    {
        while (true)
        {
            await TryAsync(() => Of(id, HttpMethod.Post, "/rerun"), cancellationToken);
            JsonDocument? job = await TryAsync(() => Of(id, HttpMethod.Get, ""), cancellationToken);
            if (job?.RootElement is { } seen)
            {
                if (seen.GetProperty("replacedBy") is { ValueKind: JsonValueKind.String } replacement)
                {
                    _datasets[replacement.GetGuid()] = _datasets.GetValueOrDefault(id, "");
                    return replacement.GetGuid();
                }

                if (seen.GetProperty("links").GetProperty("rerun").ValueKind == JsonValueKind.Null)
                {
                    return null;
                }
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(Sample sample, Guid? replaces)
    {
        HttpRequestMessage request = For(
            sample.Dataset, HttpMethod.Post, $"/v1/datasets/{sample.Dataset}/uploads{(replaces is null ? "" : $"?replaces={replaces}")}");
        request.Content = ContentOf(sample);
        request.Headers.Add("Idempotency-Key", sample.Key);
        return request;
    }

    /// <summary>A request about a job, as whoever sent its upload makes it.</summary>
    private HttpRequestMessage Of(Guid id, HttpMethod method, string rest) =>
        For(_datasets.GetValueOrDefault(id, ""), method, $"/v1/jobs/{id}{rest}");

    /// <summary>A request about a dataset, as whoever owns it makes it.</summary>
    private HttpRequestMessage For(string dataset, HttpMethod method, string path)
    {
        HttpRequestMessage request = new(method, new Uri(Instance, path));
        if (keys is not null)
        {
            FieldKeys.Authorize(request, keys.Of(dataset));
        }

        return request;
    }

    private static ByteArrayContent ContentOf(Sample sample)
    {
        ByteArrayContent content = new(sample.Body) { Headers = { ContentType = new MediaTypeHeaderValue(sample.ContentType) } };
        if (sample.ContentEncoding is { } encoding)
        {
            content.Headers.ContentEncoding.Add(encoding);
        }

        return content;
    }

    private async Task<JsonDocument?> TryAsync(Func<HttpRequestMessage> request, CancellationToken cancellationToken)
    {
        try
        {
            using HttpRequestMessage message = request();
            using HttpResponseMessage answer = await _http.SendAsync(message, cancellationToken);
            if (answer.IsSuccessStatusCode)
            {
                return JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken));
            }

            Count((int)answer.StatusCode);
            Assert.False(
                answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity
                    or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden,
                await answer.Content.ReadAsStringAsync(cancellationToken));
        }
        catch (Exception e) when (e is HttpRequestException or SocketException or IOException or JsonException
            || (e is TaskCanceledException && !cancellationToken.IsCancellationRequested))
        {
            Count(0);
        }

        Interlocked.Increment(ref _turn);
        return null;
    }

    private void Count(int status)
    {
        lock (Refusals)
        {
            Refusals[status] = Refusals.GetValueOrDefault(status) + 1;
        }
    }
}
