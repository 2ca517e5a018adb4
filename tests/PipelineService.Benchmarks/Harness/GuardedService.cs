using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace PipelineService.Benchmarks.Harness;

/// <summary>A process that takes keys, and how they are made.</summary>
internal static class GuardedService
{
    private const string AdminKey = "benchmark-benchmark-benchmark-admin";

    /// <summary>What the process needs so that the first key can be made.</summary>
    public const string Setting = $"Access__AdminKey={AdminKey}";

    /// <summary>Makes a key of a tenant, with limits of each kind that nobody comes to.</summary>
    /// <returns>What goes with its requests.</returns>
    public static async Task<AuthenticationHeaderValue> MakeKeyAsync(ServiceProcess service, string tenant)
    {
        var limits = new JsonObject { ["requestsPerMinute"] = 10_000_000, ["bytesPerMinute"] = 1L << 50, ["uploadsAtOnce"] = 65_536 };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(service.Address, "/v1/keys"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", AdminKey);
        request.Content = JsonContent.Create(new JsonObject
        {
            ["name"] = tenant,
            ["scopes"] = new JsonArray("admin"),
            ["tenant"] = tenant,
            ["source"] = tenant,
            ["limits"] = limits,
        });
        using HttpResponseMessage answer = await service.Http.SendAsync(request);
        JsonNode? key = await answer.Content.ReadFromJsonAsync<JsonNode>();
        Check.That(answer.IsSuccessStatusCode, $"a key was not made: {key}");
        return new AuthenticationHeaderValue("Bearer", (string?)key!["key"]);
    }
}
