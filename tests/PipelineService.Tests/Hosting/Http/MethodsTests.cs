using System.Net;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Http;

/// <summary>What an address says of the methods that it takes; the sentences are in the table of the first hour.</summary>
public sealed class MethodsTests(RunningService running) : IClassFixture<RunningService>
{
    [Theory]
    [InlineData("/v1/datasets", "GET")]
    [InlineData("/v1/datasets/a", "PUT")]
    [InlineData("/v1/datasets/a/uploads", "POST")]
    [InlineData("/v1/jobs/a/cancel", "POST")]
    [InlineData("/metrics", "GET")]
    public async Task Are_the_answer_to_OPTIONS(string path, string method)
    {
        ApiAnswer answer = await SendAsync(HttpMethod.Options, path);

        Assert.Equal(HttpStatusCode.NoContent, answer.Status);
        Assert.Equal("", answer.Body);
        Assert.Contains(method, answer["Allow"]!.Split(", "));
        Assert.Contains("OPTIONS", answer["Allow"]!.Split(", "));
    }

    [Fact]
    public async Task Of_nothing_there_are_none() =>
        Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(HttpMethod.Options, "/v1/nothing")).Status);

    [Fact]
    public async Task Are_named_where_another_is_refused()
    {
        ApiAnswer answer = await SendAsync(HttpMethod.Patch, "/v1/datasets/a/uploads");

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.Status);
        Assert.Equal("POST", answer["Allow"]);
        Assert.StartsWith("PATCH is not taken at /v1/datasets/a/uploads, but POST is.", answer.Problem.Detail, StringComparison.Ordinal);
    }

    private async Task<ApiAnswer> SendAsync(HttpMethod method, string path)
    {
        using HttpRequestMessage request = new(method, new Uri(path, UriKind.Relative));
        using HttpResponseMessage response = await running.Service.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return await ApiAnswer.ReadAsync(response);
    }
}
