using System.Net;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Http;

/// <summary>What a query says that cannot be understood is told back, and no more of it than shows what was meant.</summary>
public sealed class EchoedQueryTests(RunningService running) : IClassFixture<RunningService>
{
    private const int Sent = 6_000;

    [Theory]
    [InlineData("/v1/events?limit=")]
    [InlineData("/v1/events?after=")]
    [InlineData("/v1/events?types=")]
    [InlineData("/v1/events?dataset=")]
    [InlineData("/v1/audit?limit=")]
    [InlineData("/v1/jobs?limit=")]
    [InlineData("/v1/stats?limit=")]
    [InlineData("/v1/datasets/echoed/views/by_id?limit=")]
    [InlineData("/v1/webhooks/hook/deliveries?state=")]
    [InlineData("/v1/webhooks/hook/deliveries?limit=")]
    [InlineData("/v1/jobs/{job}/dead-letters?raw=")]
    [InlineData("/v1/jobs/{job}/dead-letters?limit=")]
    [InlineData("/v1/jobs/{job}/gaps?state=")]
    public async Task Of_what_is_too_long_its_beginning_is_told(string call)
    {
        await running.Api.DeclareAsync("echoed", Readings.Definition(
            "'views': [{ 'name': 'by_id', 'groupBy': ['id'], 'measures': { 'n': 'count' } }]"));
        Guid job = (await running.Api.LoadAsync("echoed", Readings.Csv(1))).Id;
        await running.Database.ExecuteAsync("""
            INSERT INTO pipeline.webhooks (name, url, owner_datasets, created_by, created_at, updated_at, id, headers, secret)
            VALUES ('hook', 'https://example.com/', '{}', 'test', now(), now(), gen_random_uuid(), '', '') ON CONFLICT (name) DO NOTHING
            """);

        ApiAnswer answer = await running.Api.GetAsync(call.Replace("{job}", $"{job}", StringComparison.Ordinal) + new string('x', Sent));

        Assert.Equal((HttpStatusCode.BadRequest, "malformed_query"), (answer.Status, answer.Problem.Code));
        Assert.Contains("xxx", answer.Body, StringComparison.Ordinal);
        Assert.InRange(answer.Body.Length, 1, Sent / 2);
    }
}
