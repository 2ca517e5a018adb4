using System.Net;
using PipelineService.Hosting.Http;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Http;

/// <summary>Text that PostgreSQL cannot store is the client's fault, wherever it stands.</summary>
public sealed class RequestTextTests(RunningService running) : IClassFixture<RunningService>
{
    [Theory]
    [InlineData("/v1/jobs?source=a%00b", "/source")]
    [InlineData("/v1/jobs?dataset=%00", "/dataset")]
    [InlineData("/v1/jobs?limit=1&source=ok&source=%00", "/source")]
    [InlineData("/v1/jobs/0199a3c0-0000-7000-8000-000000000000/dead-letters?field=%00", "/field")]
    [InlineData("/v1/jobs/0199a3c0-0000-7000-8000-000000000000/dead-letters?code=%00", "/code")]
    [InlineData("/v1/datasets?cursor=a%00", "/cursor")]
    [InlineData("/v1/datasets?limit=1&no%00name=1", "/no\0name")]
    public async Task Refuses_a_query_that_cannot_be_stored(string path, string pointer)
    {
        ApiAnswer answer = await running.Api.GetAsync(path);

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal("malformed_query", answer.Problem.Code);
        Assert.Equal([pointer], answer.Problem.Errors!.Keys);
    }

    [Fact]
    public async Task Refuses_the_label_of_an_upload_that_cannot_be_stored()
    {
        await running.Api.DeclareAsync("labelled", Readings.Definition());
        using StringContent body = new(Readings.Csv(1), encoding: null, "text/csv");

        ApiAnswer answer = await running.Api.PostAsync("/v1/datasets/labelled/uploads?source=a%00b", body);

        Assert.Equal((HttpStatusCode.BadRequest, "malformed_query"), (answer.Status, answer.Problem.Code));
        await running.AssertNothingIsLeftAsync("labelled");
    }

    [Fact]
    public void Knows_what_can_be_stored()
    {
        Assert.All(["", "Łódź", "\U0001F6F0", "a\U0001F6F0b"], text => Assert.True(RequestText.IsStorable(text)));
        Assert.All(["a\0", "\uD83D", "\uDEF0\uD83D", "\uD83Dx", "x\uDEF0"], text => Assert.False(RequestText.IsStorable(text)));
    }
}
