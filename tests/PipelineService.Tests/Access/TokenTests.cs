using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using PipelineService.Access;
using PipelineService.Access.Tokens;
using PipelineService.Hosting.Http;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access;

/// <summary>Tokens of the provider: the good ones are taken for what their claims say, and every other is refused alike.</summary>
public sealed class TokenTests(GuardedService service) : IClassFixture<GuardedService>
{
    public static TheoryData<string> Algorithms =>
        ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public async Task Takes_what_is_signed_with_a_key_of_the_issuer(string algorithm) =>
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(service.Issuer.Issue(algorithm: algorithm)));

    [Fact]
    public async Task Takes_it_again_from_memory_with_the_same_rights()
    {
        string token = service.Issuer.Issue();

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(token));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(token));
        Assert.Equal(HttpStatusCode.Forbidden, (await service.With(token).PostAsync($"/v1/jobs/{Guid.Empty}/revert")).Status);
    }

    [Fact]
    public async Task Its_claims_are_its_rights()
    {
        await service.MakeDatasetAsync("token_acme", tenant: "acme");
        await service.MakeDatasetAsync("token_globex", tenant: "globex");
        JsonObject narrow = TokenIssuer.Claims();
        narrow["datasets"] = new JsonArray("other_*");
        JsonObject bound = TokenIssuer.Claims("pipeline:ingest");
        bound["source"] = "till";

        Api acme = service.With(service.Issuer.Issue());
        Assert.Equal(HttpStatusCode.OK, (await acme.GetAsync("/v1/datasets/token_acme")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await acme.GetAsync("/v1/datasets/token_globex")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await service.With(service.Issuer.Issue(narrow)).GetAsync("/v1/datasets/token_acme")).Status);
        Api till = service.With(service.Issuer.Issue(bound));
        Assert.Equal("till", (await till.UploadAsync("token_acme", Readings.Csv(1))).Job.Source);
        Assert.Equal(HttpStatusCode.Forbidden, (await till.GetAsync("/v1/datasets")).Status);
    }

    /// <summary>Each by what is wrong with it.</summary>
    private Dictionary<string, string> Forgeries()
    {
        TokenIssuer issuer = service.Issuer;
        string good = issuer.Issue();
        string[] parts = good.Split('.');
        JsonObject rs256 = TokenIssuer.Header("RS256", "rsa");
        Dictionary<string, string> forged = new()
        {
            ["alg none, no signature"] = $"{TokenIssuer.Encode("""{"alg":"none","typ":"JWT"}""")}.{parts[1]}.",
            ["alg none, a signature"] = $"{TokenIssuer.Encode("""{"alg":"none","typ":"JWT"}""")}.{parts[1]}.{parts[2]}",
            ["alg NoNe"] = $"{TokenIssuer.Encode("""{"alg":"NoNe","typ":"JWT"}""")}.{parts[1]}.{parts[2]}",
            ["the public key as a shared secret"] =
                TokenIssuer.SignWithSecret(TokenIssuer.Header("HS256", "rsa"), Encoding.ASCII.GetBytes(issuer.PublicKey)),
            ["the modulus as a shared secret"] = TokenIssuer.SignWithSecret(TokenIssuer.Header("HS256", "rsa"), issuer.PublicModulus),
            ["the shared secret of the set"] =
                TokenIssuer.SignWithSecret(TokenIssuer.Header("HS256", "shared"), "0123456789abcdef0123456789abcdef"u8.ToArray()),
            ["HMAC under the name of RSA"] = TokenIssuer.SignWithSecret(rs256, Encoding.ASCII.GetBytes(issuer.PublicKey)),
            ["P-384 under the name of ES256"] = issuer.SignWithCurve("ES256", "P-384", "P-384", HashAlgorithmName.SHA256),
            ["P-256 under the name of ES384"] = issuer.SignWithCurve("ES384", "P-256", "P-256", HashAlgorithmName.SHA384),
            ["P-521 under the name of ES256"] = issuer.SignWithCurve("ES256", "P-521", "P-521", HashAlgorithmName.SHA256),
            ["SHA-384 under the name of ES256"] = issuer.SignWithCurve("ES256", "P-256", "P-256", HashAlgorithmName.SHA384),
            ["another key of the set"] = issuer.Sign(TokenIssuer.Header("RS256", "P-256"), TokenIssuer.Claims()),
            ["a key that is not in the set"] = issuer.Sign(TokenIssuer.Header("RS256", "nobody"), TokenIssuer.Claims()),
            ["a key for encryption"] = issuer.Sign(TokenIssuer.Header("RS256", "enc"), TokenIssuer.Claims()),
            ["a key for another algorithm"] = issuer.Sign(TokenIssuer.Header("RS256", "ps"), TokenIssuer.Claims()),
            ["a cut signature"] = good[..^4],
            ["a padded signature"] = good + "==",
            ["the other alphabet"] = $"{parts[0]}.{parts[1]}.{parts[2].Replace('-', '+').Replace('_', '/')}+",
            ["bits left over"] = $"{parts[0]}.{parts[1]}.{parts[2][..^1]}{OtherLastOf(parts[2][^1])}",
            ["another payload"] = $"{parts[0]}.{TokenIssuer.Encode(TokenIssuer.Claims("pipeline:admin").ToJsonString())}.{parts[2]}",
            ["a fourth part"] = good + ".x",
            ["two parts"] = $"{parts[0]}.{parts[1]}",
            ["an empty header"] = $".{parts[1]}.{parts[2]}",
            ["a member of the header twice"] =
                issuer.Sign("""{"kid":"rsa","alg":"RS256","typ":"JWT","kid":"rsa"}""", TokenIssuer.Claims().ToJsonString()),
            ["a claim twice"] = issuer.Sign(rs256.ToJsonString(), TokenIssuer.Claims().ToJsonString()[..^1] + ",\"tenant\":\"globex\"}"),
            ["claims that are a list"] = issuer.Sign(rs256.ToJsonString(), "[]"),
            ["no expiry"] = issuer.Issue(Without("exp")),
            ["no issuer"] = issuer.Issue(Without("iss")),
            ["no audience"] = issuer.Issue(Without("aud")),
            ["no tenant where one is wanted"] = issuer.Issue(Without("tenant")),
            ["no datasets where they are wanted"] = issuer.Issue(Without("datasets")),
            ["another issuer"] = issuer.Issue(With("iss", TokenIssuer.Name + "/")),
            ["another audience"] = issuer.Issue(With("aud", "Pipeline")),
            ["expired"] = issuer.Issue(With("exp", Now - 60)),
            ["not yet"] = issuer.Issue(With("nbf", Now + 600)),
            ["a tenant that none can be"] = issuer.Issue(With("tenant", "../x")),
        };
        foreach ((string name, JsonNode? value) in new (string, JsonNode?)[]
        {
            ("crit", new JsonArray("exp")), ("b64", false), ("typ", "JOSE"), ("typ", null), ("kid", 7),
        })
        {
            JsonObject header = TokenIssuer.Header("RS256", "rsa");
            header[name] = value;
            if (value is null)
            {
                header.Remove(name);
            }

            forged[$"{name} {value?.ToJsonString() ?? "missing"}"] = issuer.Sign(header, TokenIssuer.Claims());
        }

        return forged;
    }

    [Fact]
    public async Task Refuses_every_forgery_alike()
    {
        List<string> taken = [];
        HashSet<string> details = [];
        foreach ((string what, string token) in Forgeries())
        {
            ApiAnswer answer = await service.With(token).GetAsync("/v1/datasets");
            if (answer.Status != HttpStatusCode.Unauthorized)
            {
                taken.Add($"{what}: {answer.Status}");
                continue;
            }

            details.Add(answer.Problem.Detail);
            Assert.Contains("error=\"invalid_token\"", answer["WWW-Authenticate"], StringComparison.Ordinal);
        }

        Assert.Empty(taken);
        Assert.Single(details);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Fetches_the_keys_from_the_issuer_itself(bool isNamed)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using WebApplication provider = builder.Build();
        provider.MapGet("/.well-known/openid-configuration", () => Results.Text(
            new JsonObject { ["issuer"] = provider.Urls.Single(), ["jwks_uri"] = provider.Urls.Single() + "/keys" }.ToJsonString(),
            "application/json"));
        provider.MapGet("/keys", () => Results.Text(service.Issuer.KeySet().ToJsonString(), "application/json"));
        await provider.StartAsync(TestContext.Current.CancellationToken);
        string address = provider.Urls.Single();
        using TokenReader reader = Reader(address, isNamed ? address + "/keys" : null);

        (Caller? caller, _) = await reader.ReadAsync(service.Issuer.Issue(With("iss", address)), TestContext.Current.CancellationToken);

        Assert.Equal((CallerKind.Token, "robot", "ingest read"), (caller!.Kind, caller.Actor, caller.Scopes.ToString()));
    }

    [Fact]
    public async Task While_no_keys_could_be_fetched_nobody_is_let_in_on_a_guess()
    {
        using TokenReader reader = Reader("http://127.0.0.1:1", null);

        foreach (int _ in Enumerable.Range(0, 2))
        {
            (Caller? caller, Problem? problem) = await reader.ReadAsync(service.Issuer.Issue(), TestContext.Current.CancellationToken);
            Assert.Equal((null, "identity_provider_unavailable", 503), (caller, problem!.Code, problem.Status));
        }
    }

    [Theory]
    [InlineData("http://issuer.example", null, "TokenKeys")]
    [InlineData("https://issuer.example", "http://issuer.example/keys", "TokenKeys")]
    [InlineData("https://issuer.example", "/no/such/file", "TokenKeys")]
    [InlineData("https://issuer.example", null, null)]
    [InlineData("http://localhost:9000/realm", null, null)]
    public void Keys_come_over_https_or_from_this_machine(string issuer, string? keys, string? fault)
    {
        FluentValidation.Results.ValidationResult result = new AccessOptionsValidator().Validate(
            new AccessOptions { TokenIssuer = issuer, TokenAudience = "pipeline", TokenKeys = keys });

        Assert.Equal(fault, result.Errors.SingleOrDefault()?.PropertyName);
    }

    private static TokenReader Reader(string issuer, string? keys) => new(
        Options.Create(new AccessOptions { TokenIssuer = issuer, TokenAudience = TokenIssuer.Audience, TokenKeys = keys }),
        TimeProvider.System,
        NullLogger<TokenReader>.Instance);

    private static long Now => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();

    private static JsonObject Without(string claim)
    {
        JsonObject claims = TokenIssuer.Claims();
        claims.Remove(claim);
        return claims;
    }

    private static JsonObject With(string claim, JsonNode value)
    {
        JsonObject claims = TokenIssuer.Claims();
        claims[claim] = value;
        return claims;
    }

    /// <summary>Another character with the same high bits: the bytes are the same, the text is not.</summary>
    private static char OtherLastOf(char last)
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        return Alphabet[Alphabet.IndexOf(last, StringComparison.Ordinal) ^ 1];
    }

    private async Task<HttpStatusCode> StatusAsync(string token) => (await service.With(token).GetAsync("/v1/datasets")).Status;
}
