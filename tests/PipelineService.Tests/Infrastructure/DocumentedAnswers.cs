using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// Holds every answer that a test gets against the OpenAPI document: its status, its media type and its headers. So no test
/// can see an answer of which clients are not told.
/// </summary>
internal sealed class DocumentedAnswers() : DelegatingHandler(new SocketsHttpHandler())
{
    /// <summary>The server's own, and those of every answer, of which the document's description tells.</summary>
    private static readonly HashSet<string> Common = new(StringComparer.OrdinalIgnoreCase)
    {
        "Cache-Control", "Connection", "Content-Length", "Content-Security-Policy", "Content-Type", "Cross-Origin-Resource-Policy",
        "Date", "Keep-Alive", "RateLimit", "RateLimit-Policy", "Referrer-Policy", "Transfer-Encoding", "X-Content-Type-Options",
    };

    /// <summary>What comes from before the operation: the document has the response <c>default</c> for it.</summary>
    private static readonly HashSet<int> BeforeTheOperation = [408, 411, 413, 414, 431, 500, 505];

    private readonly ConcurrentDictionary<(string Operation, int Status, string Header), bool> _seen = new();

    /// <summary>The documented headers that came, each with operation and status; the header is empty for the answer itself.</summary>
    public IReadOnlyCollection<(string Operation, int Status, string Header)> Seen => [.. _seen.Keys];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        if (request.Content?.Headers.NonValidated.TryGetValues("Content-Type", out HeaderStringValues type) == true
            && type.ToString().StartsWith("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            return response; // told in words: the document would have clients expect either of two answers to every upload
        }

        if (ApiDocument.Find(request.Method, request.RequestUri!.AbsolutePath) is { } operation)
        {
            string[] faults = [.. FaultsOf(response, operation)];
            Assert.True(
                faults.Length == 0,
                $"{operation} answered {(int)response.StatusCode}, and openapi/v1.json does not say so: {string.Join("; ", faults)}.");
        }

        return response;
    }

    private IEnumerable<string> FaultsOf(HttpResponseMessage response, ApiOperation operation)
    {
        int status = (int)response.StatusCode;
        JsonObject? own = operation.Response(status);
        if (own is null && !BeforeTheOperation.Contains(status))
        {
            yield return "the status is not listed";
        }

        JsonNode documented = own ?? operation.Json["responses"]!["default"]!;
        if (response.Content.Headers.ContentType?.MediaType is { } type && documented["content"]?[type] is null)
        {
            yield return $"it is {type}";
        }

        JsonObject headers = documented["headers"]?.AsObject() ?? [];
        HashSet<string> sent = new(
            response.Headers.Concat(response.Content.Headers).Select(h => h.Key), StringComparer.OrdinalIgnoreCase);
        foreach (string name in sent)
        {
            if (!Common.Contains(name) && !headers.Any(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)))
            {
                yield return $"it has the header {name}";
            }
        }

        _seen[(operation.Id, status, "")] = true;
        foreach ((string name, JsonNode? header) in headers)
        {
            if (sent.Contains(name))
            {
                _seen[(operation.Id, status, name)] = true;
            }
            else if ((bool?)header!["required"] == true)
            {
                yield return $"it has no header {name}";
            }
        }
    }
}
