using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace PipelineService.Client;

/// <summary>
/// The calls of a client who declares a dataset, uploads and follows the job. It knows the service by its HTTP interface
/// alone, so what the demo and the benchmarks show is what any client gets.
/// </summary>
/// <param name="http">Its base address is the service. Uploads may take long: give it no time-out, or a long one.</param>
/// <param name="key">A key of the service (<c>pls_…</c>), or a token of its OpenID provider; null for a service without keys.</param>
public sealed class PipelineClient(HttpClient http, string? key = null)
{
    /// <summary>How long one poll waits for a change; each request stays far below usual proxy time-outs.</summary>
    private const int PollSeconds = 10;

    /// <summary>As the service writes it: camelCase, enums as snake_case text.</summary>
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>Between two polls that came back at once: a service that does not wait must not be hammered.</summary>
    private static readonly TimeSpan PollPause = TimeSpan.FromMilliseconds(10);

    public async Task DeclareAsync(string dataset, JsonObject definition, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = Request(HttpMethod.Put, $"/v1/datasets/{dataset}");
        request.Content = JsonContent.Create(definition);
        using HttpResponseMessage answer = await http.SendAsync(request, cancellationToken);
        await RefuseFailureAsync(answer, cancellationToken);
    }

    /// <summary>Sends a body and returns the job as the answer shows it, which is final when the service waited for it.</summary>
    /// <param name="dataset">Whose data it is.</param>
    /// <param name="body">The data; made while it is sent, if it likes.</param>
    /// <param name="waitSeconds">How long the answer may wait for the job's end; 0 is not at all.</param>
    /// <param name="cancellationToken">Breaks the upload off.</param>
    public async Task<ObservedJob> UploadAsync(
        string dataset, HttpContent body, int waitSeconds, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = Request(HttpMethod.Post, $"/v1/datasets/{dataset}/uploads");
        request.Content = body;
        if (waitSeconds > 0)
        {
            request.Headers.Add("Prefer", $"wait={waitSeconds}");
        }

        using HttpResponseMessage answer = await http.SendAsync(request, cancellationToken);
        return await ReadJobAsync(answer, cancellationToken);
    }

    /// <summary>Follows a job to its end by long polls with the job's ETag.</summary>
    /// <returns>The job in its final state.</returns>
    public async Task<ObservedJob> FollowAsync(
        ObservedJob job, Action<ObservedJob>? changed, CancellationToken cancellationToken)
    {
        EntityTagHeaderValue? known = null;
        while (!job.IsFinal)
        {
            using HttpRequestMessage request = Request(HttpMethod.Get, $"/v1/jobs/{job.Id}");
            if (known is not null)
            {
                request.Headers.IfNoneMatch.Add(known);
                request.Headers.Add("Prefer", $"wait={PollSeconds}");
            }

            long started = TimeProvider.System.GetTimestamp();
            using HttpResponseMessage answer = await http.SendAsync(request, cancellationToken);
            if (answer.StatusCode != HttpStatusCode.NotModified)
            {
                job = await ReadJobAsync(answer, cancellationToken);
                known = answer.Headers.ETag;
                changed?.Invoke(job);
            }

            if (!job.IsFinal && TimeProvider.System.GetElapsedTime(started) < PollPause)
            {
                await Task.Delay(PollPause, TimeProvider.System, cancellationToken);
            }
        }

        return job;
    }

    /// <summary>All rejected records of a job, streamed in the order of the data.</summary>
    public async IAsyncEnumerable<ObservedDeadLetter> DeadLettersAsync(
        Guid job, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = Request(HttpMethod.Get, $"/v1/jobs/{job}/dead-letters");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/x-ndjson"));
        using HttpResponseMessage answer = await http.SendAsync(
            request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await RefuseFailureAsync(answer, cancellationToken);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken));
        while (await lines.ReadLineAsync(cancellationToken) is string line)
        {
            if (line.Length > 0)
            {
                yield return JsonSerializer.Deserialize<ObservedDeadLetter>(line, Json)
                    ?? throw new PipelineClientException("A line of the dead letters is null.");
            }
        }
    }

    private static async Task<ObservedJob> ReadJobAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        await RefuseFailureAsync(answer, cancellationToken);
        return await answer.Content.ReadFromJsonAsync<ObservedJob>(Json, cancellationToken)
            ?? throw new PipelineClientException("The service answered with null where a job belongs.");
    }

    /// <summary>An error with what the service said about it; a bare status helps nobody.</summary>
    private static async Task RefuseFailureAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (!answer.IsSuccessStatusCode)
        {
            string body = await answer.Content.ReadAsStringAsync(cancellationToken);
            throw new PipelineClientException(
                $"{answer.RequestMessage?.Method} {answer.RequestMessage?.RequestUri?.PathAndQuery} was answered "
                + $"{(int)answer.StatusCode} {answer.ReasonPhrase}: {body}");
        }
    }

    /// <summary>The key goes with each request, and so to nobody else who is sent something by the same HTTP client.</summary>
    private HttpRequestMessage Request(HttpMethod method, string path) => new(method, new Uri(path, UriKind.Relative))
    {
        Headers = { Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key) },
    };
}
