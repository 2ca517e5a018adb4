using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Tests.Hosting.Http;

public sealed class ErrorAnswersTests : IAsyncLifetime
{
    private WebApplication _app = null!;
    private HttpClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.WebHost.UseTestServer();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<AddressAdvice>();
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        _app = builder.Build();
        _app.UseMiddleware<ErrorAnswers>();
        _app.MapGet("/unavailable", void () => throw new DatabaseUnavailableException("It is away.")
        {
            RetryAfter = TimeSpan.FromSeconds(2.5),
        });
        _app.MapGet("/broken", void () => throw new InvalidOperationException("secret"));
        _app.MapGet("/too-large", void () => throw new BadHttpRequestException("Too much.", 413));
        _app.MapGet("/too-slow", void () => throw new BadHttpRequestException("Too slow.", 408));
        _app.MapPost("/json", (HostingOptions body) => body.PoolSizeMax);
        _app.MapGet("/teapot", () => Results.StatusCode(418));
        _app.MapGet("/number", (int page, bool? all, Guid? id) => $"{page} {all} {id}");
        _app.MapGet("/own", () => Results.Json(new { own = true }, statusCode: 404));
        await _app.StartAsync();
        _client = _app.GetTestClient();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.DisposeAsync();
    }

    [Theory]
    [InlineData("GET", "/unavailable", 503, "database_unavailable")]
    [InlineData("GET", "/broken", 500, "internal_error")]
    [InlineData("GET", "/too-large", 413, "body_too_large")]
    [InlineData("GET", "/too-slow", 408, "request_timeout")]
    [InlineData("GET", "/nowhere", 404, "not_found")]
    [InlineData("DELETE", "/broken", 405, "method_not_allowed")]
    [InlineData("POST", "/json", 415, "unsupported_media_type")]
    [InlineData("GET", "/teapot", 418, "request_refused")]
    public async Task Every_error_is_a_problem_document(string method, string path, int status, string code)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = method == "POST" ? new StringContent("text") : null;
        using HttpResponseMessage response = await _client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        JsonElement problem = await ReadAsync(response);
        Assert.Equal(code, problem.GetProperty("code").GetString());
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.Equal($"urn:pipeline:problem:{code}", problem.GetProperty("type").GetString());
        Assert.Equal(32, problem.GetProperty("traceId").GetString()!.Length);
        Assert.NotEqual("", problem.GetProperty("detail").GetString()!);
    }

    [Fact]
    public async Task An_outage_says_when_to_come_back()
    {
        using HttpResponseMessage response = await _client.GetAsync("/unavailable", TestContext.Current.CancellationToken);

        Assert.Equal(TimeSpan.FromSeconds(3), response.Headers.RetryAfter!.Delta);
    }

    /// <summary>A circuit whose time is up when it is asked says a time below nothing.</summary>
    [Theory]
    [InlineData(-20, 0, 1)]
    [InlineData(0, 0, 1)]
    [InlineData(300, 300, 1)]
    [InlineData(1_200, 1_200, 2)]
    public void An_outage_never_asks_for_less_than_no_pause(int milliseconds, int pause, int seconds)
    {
        DatabaseUnavailableException fault = new("It is away.") { RetryAfter = TimeSpan.FromMilliseconds(milliseconds) };

        Assert.Equal((TimeSpan.FromMilliseconds(pause), seconds), (fault.RetryAfter, fault.RetryAfterSeconds));
    }

    [Fact]
    public async Task An_internal_error_keeps_its_secrets()
    {
        using HttpResponseMessage response = await _client.GetAsync("/broken", TestContext.Current.CancellationToken);

        Assert.DoesNotContain(
            "secret", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Malformed_json_is_shown_its_place()
    {
        using var body = new StringContent("{ \"poolSizeMax\": \"x\" }", null, "application/json");
        using HttpResponseMessage response = await _client.PostAsync("/json", body, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        JsonElement problem = await ReadAsync(response);
        Assert.Equal("malformed_request", problem.GetProperty("code").GetString());
        Assert.Contains("$.poolSizeMax", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("page=x", "page", "'x' is not a whole number that is taken here.")]
    [InlineData("page=1&all=perhaps", "all", "'perhaps' is not true or false.")]
    [InlineData("page=1&id=7", "id", "'7' is not a UUID.")]
    public async Task A_parameter_that_cannot_be_read_is_told_in_words_for_its_sender(string query, string name, string sentence)
    {
        using HttpResponseMessage response = await _client.GetAsync($"/number?{query}", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        JsonElement problem = await ReadAsync(response);
        Assert.Equal("malformed_query", problem.GetProperty("code").GetString());
        Assert.Equal($"{name}: {sentence}", problem.GetProperty("detail").GetString());
        Assert.Equal(sentence, problem.GetProperty("errors").GetProperty($"/{name}")[0].GetString());
    }

    [Fact]
    public async Task An_answer_with_a_body_is_left_alone()
    {
        using HttpResponseMessage response = await _client.GetAsync("/own", TestContext.Current.CancellationToken);

        Assert.True((await ReadAsync(response)).GetProperty("own").GetBoolean());
    }

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        await using Stream body = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        using JsonDocument document = await JsonDocument.ParseAsync(body, default, TestContext.Current.CancellationToken);
        return document.RootElement.Clone();
    }
}
