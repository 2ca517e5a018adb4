using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FluentValidation.Results;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using PipelineService.Access;
using PipelineService.Hosting;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access;

/// <summary>A service that has no keys yet: for its own machine alone, until the first key is made.</summary>
public sealed class WithoutKeysTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    [Theory]
    [InlineData("127.0.0.1", "localhost:8080", null, null, true)]
    [InlineData("127.8.9.1", "127.0.0.1:8080", null, null, true)]
    [InlineData("::1", "[::1]:8080", null, null, true)]
    [InlineData("::ffff:127.0.0.1", "app.localhost", null, null, true)]
    [InlineData(null, "localhost", null, null, true)]
    [InlineData("127.0.0.1", "localhost", "Origin", "http://localhost:3000", true)]
    [InlineData("10.0.0.1", "localhost", null, null, false)]
    [InlineData("::ffff:10.0.0.1", "localhost", null, null, false)]
    [InlineData("127.0.0.1", "rebound.example", null, null, false)]
    [InlineData("127.0.0.1", "10.0.0.1", null, null, false)]
    [InlineData("127.0.0.1", "localhost.example", null, null, false)]
    [InlineData("127.0.0.1", "localhost", "X-Forwarded-For", "127.0.0.1", false)]
    [InlineData("127.0.0.1", "localhost", "Forwarded", "for=127.0.0.1", false)]
    [InlineData("127.0.0.1", "localhost", "X-Real-IP", "", false)]
    [InlineData("127.0.0.1", "localhost", "Via", "1.1 proxy", false)]
    [InlineData("127.0.0.1", "localhost", "Origin", "https://page.example", false)]
    [InlineData("127.0.0.1", "localhost", "Origin", "null", false)]
    public void Tells_its_own_machine_from_others(string? address, string host, string? header, string? value, bool isLocal)
    {
        DefaultHttpContext context = new();
        context.Connection.RemoteIpAddress = address is null ? null : IPAddress.Parse(address);
        context.Request.Host = new HostString(host);
        if (header is not null)
        {
            context.Request.Headers[header] = value;
        }

        Assert.Equal(isLocal, LocalRequests.IsLocal(context));
    }

    [Fact]
    public async Task Closes_with_the_first_key_and_stays_closed()
    {
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(database.ConnectionString);
        Api api = new(service.Client);
        await api.DeclareAsync("before_keys", Readings.Definition());

        ApiAnswer passedOn = await api.GetAsync("/v1/datasets", ("X-Forwarded-For", "192.0.2.1"));
        Assert.Equal((HttpStatusCode.Forbidden, "loopback_only"), (passedOn.Status, passedOn.Problem.Code));
        Assert.Contains("Access:AdminKey", passedOn.Problem.Detail, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/health/ready", ("X-Forwarded-For", "192.0.2.1"))).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await api.GetAsync("/v1/datasets", ("X-Api-Key", "pls_wrong"))).Status);

        Assert.Equal("first_key_not_admin", (await MakeAsync(api, "ingest")).Problem.Code);
        ApiAnswer made = await MakeAsync(api, "admin");
        Assert.Equal((HttpStatusCode.Created, "no-store"), (made.Status, made["Cache-Control"]));
        string key = (string)JsonNode.Parse(made.Body)!["key"]!;
        Assert.Equal(HttpStatusCode.Unauthorized, (await api.GetAsync("/v1/datasets")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await MakeAsync(api, "admin")).Status);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/v1/datasets/before_keys", ("X-Api-Key", key))).Status);

        await database.ExecuteAsync("UPDATE pipeline.api_keys SET revoked_at = now()");
        await BoundedWait.UntilAsync("the key to be gone", async () =>
            (await api.GetAsync("/v1/datasets", ("X-Api-Key", key))).Status == HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.Unauthorized, (await api.GetAsync("/v1/datasets")).Status);
    }

    [Theory]
    [InlineData("0123456789abcdef", "characters, and has 16")]
    [InlineData("00000000000000000000000000000000", "can be guessed")]
    [InlineData("0123456789abcdef 0123456789abcdef", "visible ASCII")]
    [InlineData("pls_0123456789abcdef0123456789abcdef", "must not begin with pls_")]
    public void A_secret_that_is_none_is_refused_and_not_shown(string secret, string sentence)
    {
        ValidationFailure fault = new AccessOptionsValidator().Validate(new AccessOptions { AdminKey = secret }).Errors.Single();

        Assert.Contains(sentence, fault.ErrorMessage, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, $"{fault.ErrorMessage} {fault.AttemptedValue}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", "TokenAlgorithms")]
    [InlineData("HS256 RS256", "TokenAlgorithms")]
    [InlineData("", "TokenAlgorithms")]
    [InlineData("RS256,ES256", null)]
    public void Algorithms_without_a_public_key_cannot_be_had(string algorithms, string? fault) => Assert.Equal(
        fault, new AccessOptionsValidator().Validate(new AccessOptions { TokenAlgorithms = algorithms }).Errors.SingleOrDefault()?.PropertyName);

    [Theory]
    [InlineData("http://127.0.0.1:8080", null, null, true)]
    [InlineData("http://0.0.0.0:8080", null, null, false)]
    [InlineData("http://0.0.0.0:8080", "Access:AllowAnonymous", "true", true)]
    [InlineData("http://0.0.0.0:8080", "Access:RequireKeys", "true", true)]
    [InlineData("http://0.0.0.0:8080", "Access:AdminKey", "0123456789abcdef0123456789abcdef", true)]
    [InlineData("http://0.0.0.0:8080", "Access:TokenIssuer", "https://issuer.example", true)]
    public void Listens_to_others_only_where_it_is_said_who_may_come(string urls, string? setting, string? value, bool mayStart)
    {
        IConfiguration configuration = new ConfigurationBuilder()
            .AddInMemoryCollection([KeyValuePair.Create("urls", (string?)urls), KeyValuePair.Create(setting ?? "x", value)])
            .Build();

        Assert.Equal(mayStart, new OpenAddresses(configuration).Validate(null, new HostingOptions()).Succeeded);
    }

    private static async Task<ApiAnswer> MakeAsync(Api api, string scope)
    {
        using StringContent body = new($$"""{ "name": "first", "scopes": ["{{scope}}"] }""", Encoding.UTF8, "application/json");
        return await api.PostAsync("/v1/keys", body);
    }
}
