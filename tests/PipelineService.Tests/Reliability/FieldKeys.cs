using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Tests.Access;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// The keys of a field whose datasets belong to two tenants: each has one that sees its own alone, with limits that are met now and then.
/// </summary>
internal sealed class FieldKeys
{
    private const string East = "east";
    private const string West = "west";

    private static readonly string[] OfEast =
        [Sample.WholeJobs, Sample.Strict, Sample.Corrected, Sample.LookedUp, Sample.Looking];

    private readonly Dictionary<string, string> _texts = [];

    /// <summary>What the service needs so that the first of them can be made.</summary>
    public static (string, string) Setting => ("Access__AdminKey", GuardedService.AdminKey);

    /// <summary>The key of whose dataset it is.</summary>
    public string Of(string dataset) => _texts[OfEast.Contains(dataset) ? East : West];

    /// <summary>The key of the other tenant.</summary>
    public string OtherThan(string dataset) => _texts[OfEast.Contains(dataset) ? West : East];

    public static void Authorize(HttpRequestMessage request, string key) =>
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);

    /// <summary>A line of a request that is written by hand.</summary>
    public string HeaderOf(string dataset) => $"\r\nX-Api-Key: {Of(dataset)}";

    public async Task MakeAsync(HttpClient http, Uri instance, CancellationToken cancellationToken)
    {
        foreach (string tenant in (string[])[East, West])
        {
            using HttpRequestMessage request = new(HttpMethod.Post, new Uri(instance, "/v1/keys"));
            Authorize(request, GuardedService.AdminKey);
            request.Content = new StringContent(
                $$"""
                { "name": "{{tenant}}", "scopes": ["admin"], "tenant": "{{tenant}}",
                  "limits": { "requestsPerMinute": 3000, "bytesPerMinute": 200000000, "uploadsAtOnce": 3 } }
                """,
                Encoding.UTF8,
                "application/json");
            using HttpResponseMessage answer = await http.SendAsync(request, cancellationToken);
            string body = await answer.Content.ReadAsStringAsync(cancellationToken);
            Assert.True(answer.IsSuccessStatusCode, body);
            _texts[tenant] = (string)JsonNode.Parse(body)!["key"]!;
        }
    }
}
