using System.Net;
using Microsoft.AspNetCore.Http;
using PipelineService.Hosting.Http;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Http;

/// <summary>What browsers and caches are told, whatever the answer is.</summary>
public sealed class AnswerHeadersTests(RunningService running) : IClassFixture<RunningService>
{
    [Theory]
    [InlineData("/", 200)]
    [InlineData("/v1/jobs", 200)]
    [InlineData("/metrics", 200)]
    [InlineData("/openapi/v1.json", 200)]
    [InlineData("/health/ready", 200)]
    [InlineData("/nowhere", 404)]
    [InlineData("/v1/datasets/none", 404)]
    [InlineData("/v1/jobs?limit=no", 400)]
    public async Task Every_answer_is_what_it_says_and_is_kept_by_nobody(string path, int status)
    {
        ApiAnswer answer = await running.Api.GetAsync(path);

        Assert.Equal(status, (int)answer.Status);
        AssertHardened(answer);
    }

    [Fact]
    public async Task So_is_one_to_a_request_that_cannot_be_read()
    {
        using RawConnection connection = await RawConnection.OpenAsync(running.Api.Address, "no HTTP\r\n\r\n");

        var answer = ApiAnswer.Parse(await connection.ReadUntilEndAsync());

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        AssertHardened(answer);
    }

    [Fact]
    public void Over_https_browsers_are_told_to_stay_there()
    {
        IHeaderDictionary plain = new HeaderDictionary();
        IHeaderDictionary secure = new HeaderDictionary { ["Cache-Control"] = "max-age=60" };
        AnswerHeaders.Add(plain, isHttps: false);
        AnswerHeaders.Add(secure, isHttps: true);

        Assert.Equal(("", "no-store"), (plain.StrictTransportSecurity.ToString(), plain.CacheControl.ToString()));
        Assert.Equal(("max-age=31536000", "max-age=60"), (secure.StrictTransportSecurity.ToString(), secure.CacheControl.ToString()));
    }

    /// <summary>No page of another origin may read what is answered, whatever it sends along.</summary>
    [Theory]
    [InlineData("GET")]
    [InlineData("OPTIONS")]
    public async Task No_other_origin_is_let_in(string method)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), "/v1/jobs");
        request.Headers.Add("Origin", "https://evil.example");
        request.Headers.Add("Access-Control-Request-Method", "POST");
        using HttpResponseMessage answer = await running.Service.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.DoesNotContain(answer.Headers, header => header.Key.StartsWith("Access-Control-", StringComparison.OrdinalIgnoreCase));
        Assert.False(answer.IsSuccessStatusCode);
    }

    private static void AssertHardened(ApiAnswer answer)
    {
        Assert.Equal("nosniff", answer["X-Content-Type-Options"]);
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", answer["Content-Security-Policy"]);
        Assert.Equal("no-referrer", answer["Referrer-Policy"]);
        Assert.Equal("same-origin", answer["Cross-Origin-Resource-Policy"]);
        Assert.Equal("no-store", answer["Cache-Control"]);
        Assert.Null(answer["Server"]);
    }
}
