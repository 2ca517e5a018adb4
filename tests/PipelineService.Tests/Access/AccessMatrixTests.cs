using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Access;
using PipelineService.Core.Jobs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access;

/// <summary>
/// Every endpoint of the route table by every kind of caller: what is not open takes a credential that is good, with the scope that
/// it names, and nobody learns of what is another's.
/// </summary>
public sealed class AccessMatrixTests(GuardedService service) : IClassFixture<GuardedService>
{
    private const string Dataset = "acme_matrix";
    private const string Tenant = ", 'tenant': 'acme'";
    private const string OtherTenant = ", 'tenant': 'globex'";

    private static readonly string[] Scopes = ["ingest", "read", "manage", "admin"];

    private RouteEndpoint[] Endpoints =>
        [.. service.Service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()];

    [Fact]
    public void Every_endpoint_says_who_may_call_it_and_few_are_open()
    {
        Assert.All(Endpoints, endpoint => Assert.NotNull(endpoint.Metadata.GetMetadata<AccessPolicy>()));
        Assert.Equal(
            ["/", "/health/live", "/health/ready", "/openapi/v1.json", "/openapi/v1.yaml"],
            Endpoints.Where(endpoint => PolicyOf(endpoint).Scope is null).Select(e => "/" + e.RoutePattern.RawText!.Trim('/')).Order());
    }

    [Fact]
    public async Task One_that_does_not_say_it_cannot_be_built()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        await using WebApplication app = builder.Build();
        RouteGroupBuilder routes = app.MapGroup("").WithPolicies();
        routes.MapGet("/declared", () => "").Requires(AccessScope.Read);
        routes.MapGet("/forgotten", () => "");

        InvalidOperationException fault = Assert.Throws<InvalidOperationException>(
            () => ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).ToList());

        Assert.Contains("/forgotten", fault.Message, StringComparison.Ordinal);
        Assert.Contains(".Requires(", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_endpoint_by_every_kind_of_caller()
    {
        (Guid job, string delivery) = await MakeResourcesAsync();
        (string _, string key) = await service.MakeKeyAsync("matrix subject", "read", Tenant);
        (string revoked, string revokedId) = await service.MakeKeyAsync("matrix revoked", "admin");
        Assert.Equal(HttpStatusCode.NoContent, (await service.Api.DeleteAsync($"/v1/keys/{revokedId}")).Status);
        Dictionary<string, Api> strangers = new()
        {
            ["nobody"] = service.With(null),
            ["garbage"] = service.With("pls_garbage"),
            ["revoked"] = service.With(revoked),
            ["expired"] = service.With(await service.MakeExpiredKeyAsync("matrix expired", "admin")),
        };
        List<string> holes = [];
        int seen = 0;
        foreach ((HttpMethod method, RouteEndpoint endpoint) in Calls())
        {
            AccessPolicy policy = PolicyOf(endpoint);
            string path = PathOf(endpoint, Dataset, job.ToString(), key, delivery);
            foreach ((string who, Api api) in strangers)
            {
                HttpStatusCode status = (await SendAsync(api, method, path)).Status;
                if (policy.Scope is null ? status != HttpStatusCode.OK : status != HttpStatusCode.Unauthorized)
                {
                    holes.Add($"{method} {path} by {who}: {status}");
                }

                seen++;
            }

            if (policy.Scope is { } scope)
            {
                await CheckScopesAsync(method, path, scope, holes);
                await CheckOtherTenantAsync(method, path, policy, holes);
                seen += 2;
            }
        }

        Assert.Empty(holes);
        Assert.InRange(seen, Endpoints.Length * 4, int.MaxValue);
        await AssertOwnersArePassedAsync(job, key, delivery);
    }

    /// <summary>With every other scope it is refused, whatever it is about.</summary>
    private async Task CheckScopesAsync(HttpMethod method, string path, AccessScope scope, List<string> holes)
    {
        string others = string.Join(' ', Scopes[..3].Where(name => !name.Equals(scope.ToString(), StringComparison.OrdinalIgnoreCase)));
        (string text, _) = await service.MakeKeyAsync("matrix other scopes", others, Tenant);
        ApiAnswer answer = await SendAsync(service.With(text), method, path);
        if (answer.Status != HttpStatusCode.Forbidden)
        {
            holes.Add($"{method} {path} with {others}: {answer.Status}");
        }
        else if (method != HttpMethod.Head)
        {
            Assert.Equal("forbidden", answer.Problem.Code);
            Assert.Contains("insufficient_scope", answer["WWW-Authenticate"], StringComparison.Ordinal);
        }
    }

    private async Task CheckOtherTenantAsync(HttpMethod method, string path, AccessPolicy policy, List<string> holes)
    {
        (string text, _) = await service.MakeKeyAsync("matrix other tenant", "admin", OtherTenant);
        ApiAnswer answer = await SendAsync(service.With(text), method, path);
        bool isSound = policy.Subject switch
        {
            // A name is unique in the service, so that it cannot be hidden from who wants it for themselves.
            AccessSubject.Dataset when method == HttpMethod.Put => answer.Problem.Code == "dataset_name_taken",
            AccessSubject.Model when method == HttpMethod.Put => answer.Problem.Code == "model_name_taken",
            AccessSubject.Dataset or AccessSubject.Model or AccessSubject.Job => answer.Status == HttpStatusCode.NotFound,
            AccessSubject.Keys when path.Contains("/keys/", StringComparison.Ordinal) => answer.Status == HttpStatusCode.NotFound,
            AccessSubject.Webhooks when method == HttpMethod.Put => answer.Problem.Code == "webhook_name_taken",
            AccessSubject.Webhooks when path.Contains("/webhooks/", StringComparison.Ordinal) => answer.Status == HttpStatusCode.NotFound,
            AccessSubject.Sources when method == HttpMethod.Put => answer.Problem.Code is "source_name_taken" or "invalid_source",
            AccessSubject.Sources when path.Contains("/sources/", StringComparison.Ordinal) => answer.Status == HttpStatusCode.NotFound,
            AccessSubject.Service or AccessSubject.Metrics => answer.Status == HttpStatusCode.Forbidden,
            AccessSubject.Datasets or AccessSubject.Models or AccessSubject.Jobs or AccessSubject.Keys or AccessSubject.Events
                or AccessSubject.Figures or AccessSubject.Webhooks or AccessSubject.Sources =>
                !answer.Body.Contains(Dataset, StringComparison.Ordinal) && !answer.Body.Contains("\"acme\"", StringComparison.Ordinal),
            _ => false,
        };
        if (!isSound)
        {
            holes.Add($"{method} {path} by another tenant: {answer.Status} {answer.Body}");
        }
    }

    /// <summary>The refusals above say something only if those who may are not refused.</summary>
    private async Task AssertOwnersArePassedAsync(Guid job, string key, string delivery)
    {
        foreach ((HttpMethod method, RouteEndpoint endpoint) in Calls().OrderBy(call => call.Method == HttpMethod.Delete))
        {
            AccessPolicy policy = PolicyOf(endpoint);
            if (policy.Scope is { } scope && policy.Subject is not (AccessSubject.Service or AccessSubject.Metrics))
            {
                (string text, _) = await service.MakeKeyAsync("matrix owner", AccessScopes.Of(scope).ToString(), Tenant);
                ApiAnswer answer = await SendAsync(service.With(text), method, PathOf(endpoint, Dataset, job.ToString(), key, delivery));
                Assert.True(
                    answer.Status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound),
                    $"{method} {endpoint.RoutePattern.RawText}: {answer.Status} {answer.Body}");
            }
        }

        (string reader, _) = await service.MakeKeyAsync("matrix scraper", "read");
        Assert.Equal(HttpStatusCode.OK, (await service.With(reader).GetAsync("/metrics")).Status);
    }

    private async Task<(Guid Job, string Delivery)> MakeResourcesAsync()
    {
        Api owner = await service.MakeDatasetAsync(Dataset, "acme");
        await GuardedService.MakeWebhookAsync(owner, Dataset);
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(owner, HttpMethod.Put, $"/v1/sources/{Dataset}")).Status);
        ApiAnswer upload = await owner.UploadAsync(Dataset, Readings.Csv(1), headers: ("Prefer", "wait=30"));
        Assert.Equal(JobState.Succeeded, upload.Job.State);
        (string admin, _) = await service.MakeKeyAsync("matrix models", "admin", Tenant);
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(service.With(admin), HttpMethod.Put, $"/v1/models/{Dataset}")).Status);
        return (upload.Job.Id, await GuardedService.WhenDeliveredAsync(owner, Dataset));
    }

    private IEnumerable<(HttpMethod Method, RouteEndpoint Endpoint)> Calls() =>
        from endpoint in Endpoints
        from method in endpoint.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods
        select (new HttpMethod(method), endpoint);

    private static AccessPolicy PolicyOf(RouteEndpoint endpoint) => endpoint.Metadata.GetRequiredMetadata<AccessPolicy>();

    private static string PathOf(RouteEndpoint endpoint, string dataset, string job, string key, string delivery) =>
        "/" + string.Join('/', endpoint.RoutePattern.PathSegments.Select(segment => segment.Parts[0] switch
        {
            RoutePatternLiteralPart literal => string.Concat(segment.Parts.Cast<RoutePatternLiteralPart>().Select(part => part.Content)),
            RoutePatternParameterPart { Name: "dataset" or "webhook" or "model" or "source" } => dataset,
            RoutePatternParameterPart { Name: "delivery" } => delivery,
            RoutePatternParameterPart { Name: "id" } => job,
            RoutePatternParameterPart { Name: "key" } => key,
            RoutePatternParameterPart { Name: "version" or "record" } => "1",
            RoutePatternParameterPart { Name: "view" } => "by_name",
            RoutePatternParameterPart { Name: "tenant" } => "acme",
            var part => throw new InvalidOperationException($"{endpoint.DisplayName}: the matrix knows nothing to put for {part}."),
        }));

    /// <summary>With a body that is good, so that nothing else is wrong.</summary>
    private static async Task<ApiAnswer> SendAsync(Api api, HttpMethod method, string path)
    {
        if (method == HttpMethod.Get || method == HttpMethod.Head)
        {
            return await (method == HttpMethod.Get ? api.GetAsync(path) : api.HeadAsync(path));
        }

        if (method == HttpMethod.Delete)
        {
            return await api.DeleteAsync(path);
        }

        if (method == HttpMethod.Put && path.StartsWith("/v1/models/", StringComparison.Ordinal))
        {
            using ByteArrayContent model = new(OnnxWriter.Linear(1, [2]));
            model.Headers.TryAddWithoutValidation("Content-Type", "application/octet-stream");
            return await api.PutAsync(path, model);
        }

        (string text, string type) = path switch
        {
            "/v1/keys" => ("""{ "name": "matrix made", "scopes": ["read"] }""", "application/json"),
            _ when path.StartsWith("/v1/keys/", StringComparison.Ordinal) && method == HttpMethod.Patch => ("""{ "limits": null }""", "application/json"),
            _ when path.Contains("/webhooks/", StringComparison.Ordinal) && method == HttpMethod.Put =>
                ("""{ "url": "http://127.0.0.1:1/" }""", "application/json"),
            _ when path.StartsWith("/v1/sources/", StringComparison.Ordinal) && method == HttpMethod.Put =>
                ($$"""{ "dataset": "{{Dataset}}", "folder": { "root": "incoming" } }""", "application/json"),
            _ when path.EndsWith("/uploads", StringComparison.Ordinal) => (Readings.Csv(1), "text/csv"),
            _ when method == HttpMethod.Put => (JsonOf(Readings.Definition(Readings.View)), "application/json"),
            _ => ("", "application/json"),
        };
        using StringContent body = new(text, Encoding.UTF8, type);
        return await (method == HttpMethod.Put ? api.PutAsync(path, body)
            : method == HttpMethod.Patch ? api.PatchAsync(path, body)
            : api.PostAsync(path, body));
    }

    private static string JsonOf(string text) => JsonNode.Parse(text.Replace('\'', '"'))!.ToJsonString();
}
