using System.Net;
using PipelineService.Hosting.Http;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Http;

/// <summary>Requests that the server refuses before any of our code sees them are answered with a problem too.</summary>
public sealed class UnreadableRequestsTests(RunningService running) : IClassFixture<RunningService>
{
    private const string Host = "Host: localhost\r\n";

    private readonly Uri _address = running.Api.Address;

    public static TheoryData<string, string, HttpStatusCode, string> Unreadable => new()
    {
        { "address of 20 kB", $"GET /?a={new string('x', 20_000)} HTTP/1.1\r\n{Host}\r\n", HttpStatusCode.RequestUriTooLong, "uri_too_long" },
        { "header of 40 kB", $"GET / HTTP/1.1\r\n{Host}X: {new string('y', 40_000)}\r\n\r\n", HttpStatusCode.RequestHeaderFieldsTooLarge, "headers_too_large" },
        { "200 headers", $"GET / HTTP/1.1\r\n{Host}{string.Concat(Enumerable.Range(0, 200).Select(i => $"X{i}: y\r\n"))}\r\n", HttpStatusCode.RequestHeaderFieldsTooLarge, "headers_too_large" },
        { "no HTTP", "NONSENSE\r\n\r\n", HttpStatusCode.BadRequest, "malformed_request" },
        { "no host", "GET / HTTP/1.1\r\n\r\n", HttpStatusCode.BadRequest, "malformed_request" },
        { "NUL in the path", $"GET /v1/datasets/a%00b HTTP/1.1\r\n{Host}\r\n", HttpStatusCode.BadRequest, "malformed_request" },
        { "NUL in a header", $"GET / HTTP/1.1\r\n{Host}Idempotency-Key: a\0b\r\n\r\n", HttpStatusCode.BadRequest, "malformed_request" },
        { "two lengths", $"POST /v1/datasets/a/uploads HTTP/1.1\r\n{Host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n", HttpStatusCode.BadRequest, "malformed_request" },
        { "another version of HTTP", $"GET / HTTP/9.1\r\n{Host}\r\n", HttpStatusCode.HttpVersionNotSupported, "http_version_not_supported" },
    };

    [Theory]
    [MemberData(nameof(Unreadable), DisableDiscoveryEnumeration = true)]
    public async Task Are_answered_with_a_problem(string what, string request, HttpStatusCode status, string code)
    {
        using RawConnection connection = await RawConnection.OpenAsync(_address, request);

        var answer = ApiAnswer.Parse(await connection.ReadUntilEndAsync());

        Assert.True(status == answer.Status, what);
        Assert.Equal(Problem.ContentType, answer["Content-Type"]);
        Assert.Equal("close", answer["Connection"]);
        Assert.Equal(code, answer.Problem.Code);
    }

    [Fact]
    public async Task Are_answered_behind_others_on_their_connection()
    {
        using RawConnection connection = await RawConnection.OpenAsync(
            _address, $"GET /health/live HTTP/1.1\r\n{Host}\r\nGET /?a={new string('x', 20_000)} HTTP/1.1\r\n{Host}\r\n");

        string answers = await connection.ReadUntilEndAsync();

        Assert.StartsWith("HTTP/1.1 200 OK", answers, StringComparison.Ordinal);
        int second = answers.IndexOf("HTTP/1.1 414", StringComparison.Ordinal);
        Assert.Equal("uri_too_long", ApiAnswer.Parse(answers[second..]).Problem.Code);
    }

    [Fact]
    public async Task Are_answered_without_a_body_where_none_may_follow()
    {
        using RawConnection connection = await RawConnection.OpenAsync(
            _address, $"HEAD / HTTP/1.1\r\n{Host}X: {new string('y', 40_000)}\r\n\r\n");

        string answer = await connection.ReadUntilEndAsync();

        Assert.StartsWith("HTTP/1.1 431", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Harm_nobody_else()
    {
        using RawConnection connection = await RawConnection.OpenAsync(_address, "NONSENSE\r\n\r\n");
        await connection.ReadUntilEndAsync();

        Assert.Equal(HttpStatusCode.OK, (await running.Api.GetAsync("/health/live")).Status);
    }
}
