using System.Net;
using System.Text.Json;
using PipelineService.Hosting.Http;
using PipelineService.Jobs.Requests;

namespace PipelineService.Tests.Infrastructure;

/// <summary>An answer of the service, read to its end.</summary>
public sealed record ApiAnswer(HttpStatusCode Status, IReadOnlyDictionary<string, string> Headers, string Body)
{
    /// <summary>The value of a header, or null.</summary>
    public string? this[string header] => Headers.GetValueOrDefault(header);

    public JobView Job => Read<JobView>();

    public Problem Problem
    {
        get
        {
            Assert.StartsWith(Problem.ContentType, this["Content-Type"], StringComparison.Ordinal);
            Problem problem = Read<Problem>();
            Assert.Equal((int)Status, problem.Status);
            return problem;
        }
    }

    public JsonElement Json => JsonElement.Parse(Body);

    public T Read<T>() => JsonSerializer.Deserialize<T>(Body, PipelineJson.Options)
        ?? throw new InvalidOperationException($"There is no {typeof(T).Name} in: {Body}");

    internal static async Task<ApiAnswer> ReadAsync(HttpResponseMessage response) => new(
        response.StatusCode,
        response.Headers.Concat(response.Content.Headers).ToDictionary(
            h => h.Key, h => string.Join(", ", h.Value), StringComparer.OrdinalIgnoreCase),
        await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));

    /// <summary>Reads an answer as it came over the wire. Its bodies are one JSON object, whatever frames them.</summary>
    internal static ApiAnswer Parse(string text)
    {
        int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        Assert.True(end > 0, $"The service closed the connection without an answer; it sent: '{text}'");
        string[] head = text[..end].Split("\r\n");
        var headers = head.Skip(1).Select(line => line.Split(": ", 2))
            .ToDictionary(pair => pair[0], pair => pair[1], StringComparer.OrdinalIgnoreCase);
        int from = text.IndexOf('{', end);
        string body = from < 0 ? "" : text[from..(text.LastIndexOf('}') + 1)];
        return new ApiAnswer(Enum.Parse<HttpStatusCode>(head[0].Split(' ')[1]), headers, body);
    }
}
