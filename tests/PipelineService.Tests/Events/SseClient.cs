using System.Globalization;
using System.Net;

namespace PipelineService.Tests.Events;

/// <summary>One server-sent event.</summary>
internal sealed record SseEvent(long? Id, string Type, string Data);

/// <summary>A client of server-sent events that reads when it is told to.</summary>
internal sealed class SseClient(HttpResponseMessage response, StreamReader reader) : IDisposable
{
    /// <summary>The id of the last event.</summary>
    public long? LastId { get; private set; }

    public HttpResponseMessage Response => response;

    public static async Task<SseClient> OpenAsync(HttpClient http, string path, long? lastId = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.TryAddWithoutValidation("Accept", "text/event-stream");
        if (lastId is { } id)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", id.ToString(CultureInfo.InvariantCulture));
        }

        HttpResponseMessage response =
            await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return new SseClient(response, new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken)));
    }

    /// <returns>The next event; null at the end of the stream.</returns>
    public async Task<SseEvent?> NextAsync()
    {
        (string? type, string? data) = (null, null);
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.Length == 0 && data is not null)
            {
                return new SseEvent(LastId, type ?? "message", data);
            }

            if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                LastId = long.Parse(line.AsSpan(4), CultureInfo.InvariantCulture);
            }
            else if (line.StartsWith("event: ", StringComparison.Ordinal))
            {
                type = line[7..];
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                data = line[6..];
            }
        }

        return null;
    }

    public void Dispose()
    {
        reader.Dispose();
        response.Dispose();
    }
}
