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
internal sealed class Sender(params int[] ports) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan BreakOffAgeMax = TimeSpan.FromSeconds(1);

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private int _turn;

    /// <summary>Answers other than success, by status; 0 stands for none at all.</summary>
    public Dictionary<int, int> Refusals { get; } = [];

    private Uri Instance => ServiceProcess.AddressOf(ports[(Volatile.Read(ref _turn) & int.MaxValue) % ports.Length]);

    public async Task DeclareAsync(CancellationToken cancellationToken)
    {
        await PutModelAsync(Sample.ModelOf(0.5f), cancellationToken);
        foreach ((string dataset, string definition) in Sample.Definitions)
        {
            using StringContent content = new(definition, Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await _http.PutAsync(
                new Uri(Instance, $"/v1/datasets/{dataset}"), content, cancellationToken);
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

        HttpRequestMessage Request() => new(HttpMethod.Put, new Uri(Instance, $"/v1/models/{Sample.Model}")) { Content = new ByteArrayContent(file) };
    }

    /// <param name="replaces">The job whose place it is to take.</param>
    /// <returns>The job, from the first 202 or 200.</returns>
    public async Task<Guid> SendAsync(Sample sample, CancellationToken cancellationToken, Guid? replaces = null)
    {
        while (true)
        {
            if (await TryAsync(() => Request(sample, replaces), cancellationToken) is { } job)
            {
                return job.RootElement.GetProperty("id").GetGuid();
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
                Instance, sample.Dataset, $"Content-Length: {sample.Body.Length}");
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
            JsonDocument? job = await TryAsync(
                () => new HttpRequestMessage(HttpMethod.Get, new Uri(Instance, $"/v1/jobs/{id}")) { Headers = { { "Prefer", "wait=1" } } },
                cancellationToken);
            if (job?.RootElement.GetProperty("state").GetString() is "succeeded" or "partially_succeeded" or "failed" or "cancelled")
            {
                return;
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>
    /// Has the upload of a job loaded again, and waits for the end of that. An answer may be lost: then the job itself says what has
    /// taken its place.
    /// </summary>
    /// <returns>The job that has; null when the upload is no longer kept.</returns>
    public async Task<Guid?> RerunAsync(Guid id, CancellationToken cancellationToken)
    {
        while (true)
        {
            await TryAsync(
                () => new HttpRequestMessage(HttpMethod.Post, new Uri(Instance, $"/v1/jobs/{id}/rerun")), cancellationToken);
            JsonDocument? job = await TryAsync(
                () => new HttpRequestMessage(HttpMethod.Get, new Uri(Instance, $"/v1/jobs/{id}")), cancellationToken);
            if (job?.RootElement is { } seen)
            {
                if (seen.GetProperty("replacedBy") is { ValueKind: JsonValueKind.String } replacement)
                {
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

    private HttpRequestMessage Request(Sample sample, Guid? replaces) => new(
        HttpMethod.Post,
        new Uri(Instance, $"/v1/datasets/{sample.Dataset}/uploads{(replaces is null ? "" : $"?replaces={replaces}")}"))
    {
        Content = ContentOf(sample),
        Headers = { { "Idempotency-Key", sample.Key } },
    };

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
                answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity,
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
