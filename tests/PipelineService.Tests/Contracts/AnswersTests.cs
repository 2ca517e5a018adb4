using System.Net;
using System.Text;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Access;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Contracts;

/// <summary>The service answers as its document says: every answer of every test is held against it (<see cref="DocumentedAnswers"/>).</summary>
public sealed class AnswersTests(GuardedService running) : IClassFixture<GuardedService>
{
    [Fact]
    public async Task Every_call_answers_as_documented_and_every_header_comes()
    {
        await ExampleCalls.MakeAsync(running.Api);
        await CancelAsync();

        IReadOnlyCollection<(string Operation, int Status, string Header)> seen = running.Service.Answers.Seen;
        Assert.Equal(ApiDocument.Operations.Select(o => o.Id).Order(), seen.Select(s => s.Operation).Distinct().Order());
        Assert.Empty(
            from operation in ApiDocument.Operations
            from status in seen.Where(s => s.Operation == operation.Id).Select(s => s.Status).Distinct()
            from header in operation.Response(status)?["headers"]?.AsObject().Select(h => h.Key) ?? []
            where !seen.Contains((operation.Id, status, header)) && !NeedsMoreThanAnExample(operation.Id, status, header)
            select $"{operation}: {status} without {header}");
    }

    /// <summary>A job that takes long to end, or does not change between two looks; a stream without an end. Other tests see these.</summary>
    private static bool NeedsMoreThanAnExample(string operation, int status, string header) => (operation, status, header) is
        ("cancelJob", 202, "Retry-After") or ("getJob", 304, "Retry-After") or ("listEvents" or "getView" or "tapRecords", 200, "X-Accel-Buffering");

    [Fact]
    public void Every_endpoint_is_in_the_document_but_the_document() => Assert.Empty(
        from endpoint in Endpoints
        let path = PathOf(endpoint, Guid.Empty, "00000000-0000-0000-0000-000000000000")
        from method in endpoint.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods
        where !path.StartsWith("/openapi/", StringComparison.Ordinal) && ApiDocument.Find(new HttpMethod(method), path) is null
        select $"{method} {path}");

    [Fact]
    public async Task HEAD_answers_as_GET_does_without_the_body()
    {
        await running.Api.DeclareAsync(
            "heads", Readings.Definition($"'profile': true, {Readings.View}").Replace("'number' } ]", "'number' } ], 'primaryKey': ['id']", StringComparison.Ordinal));
        JobView job = await running.Api.LoadAsync("heads", Readings.Csv(1));
        await BoundedWait.UntilAsync("the view to be built", async () =>
            (await running.Api.GetAsync("/v1/datasets/heads/views/by_name")).Status == HttpStatusCode.OK);
        (_, string key) = await running.MakeKeyAsync("heads", "read");
        using ByteArrayContent model = new(OnnxWriter.Linear(1, [2]));
        Assert.Equal(HttpStatusCode.Created, (await running.Api.PutAsync("/v1/models/heads", model)).Status);
        await GuardedService.MakeWebhookAsync(running.Api, "heads");
        using StringContent source = new("""{ "dataset": "heads", "folder": { "root": "incoming", "interval": "P1D" } }""", Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.Created, (await running.Api.PutAsync("/v1/sources/heads", source)).Status);
        await running.Api.PostAsync("/v1/sources/heads/pause"); // else what is told of it changes between two calls
        string[] addresses = [.. Endpoints.Where(TakesGet).Select(endpoint => PathOf(endpoint, job.Id, key)), "/nowhere"];
        Assert.True(addresses.Length > 10, string.Join(' ', addresses));

        foreach (string address in addresses)
        {
            string asked = address.EndsWith("/rows", StringComparison.Ordinal) ? $"{address}?key=1" : address;
            ApiAnswer get = await running.Api.GetAsync(asked);
            ApiAnswer head = await running.Api.HeadAsync(asked);

            Assert.Equal((address, address == "/nowhere" ? HttpStatusCode.NotFound : HttpStatusCode.OK), (address, get.Status));
            Assert.Equal((address, get.Status, ""), (address, head.Status, head.Body));
            Assert.Equal(HeadersOf(get), HeadersOf(head));
        }

        static IEnumerable<(string, string)> HeadersOf(ApiAnswer answer) =>
            from header in answer.Headers
            where header.Key is not ("Date" or "Last-Modified" or "Transfer-Encoding" or "Content-Length") // of metrics the second
            orderby header.Key
            select (header.Key, header.Value);
    }

    private IEnumerable<RouteEndpoint> Endpoints => running.Service.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    private static bool TakesGet(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetRequiredMetadata<IHttpMethodMetadata>().HttpMethods.Contains("GET");

    private static string PathOf(RouteEndpoint endpoint, Guid job, string key)
    {
        string path = "/" + endpoint.RoutePattern.RawText!.Trim('/')
            .Replace("{dataset}", "heads", StringComparison.Ordinal)
            .Replace("{model}", "heads", StringComparison.Ordinal)
            .Replace("{view}", "by_name", StringComparison.Ordinal)
            .Replace("{webhook}", "heads", StringComparison.Ordinal)
            .Replace("{source}", "heads", StringComparison.Ordinal)
            .Replace("{delivery}", Guid.Empty.ToString(), StringComparison.Ordinal)
            .Replace("{version:int}", "1", StringComparison.Ordinal)
            .Replace("{record}", "1", StringComparison.Ordinal)
            .Replace("{id}", job.ToString(), StringComparison.Ordinal)
            .Replace("{tenant}", "dataset:heads", StringComparison.Ordinal)
            .Replace("{key}", key, StringComparison.Ordinal);
        Assert.DoesNotContain('{', path);
        return path;
    }

    /// <summary>A cancel that comes in time: the job's row waits in a trigger.</summary>
    private async Task CancelAsync()
    {
        await running.Api.DeclareAsync("held", Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "held", id: 1);
        (string Name, string Value)[] headers = [("Idempotency-Key", "held"), ("Prefer", "wait=0")];
        ApiAnswer upload = await running.Api.UploadAsync("held", Readings.Csv(1), headers: headers);
        ApiAnswer again = await running.Api.UploadAsync("held", Readings.Csv(1), headers: headers);
        Assert.Equal((HttpStatusCode.Accepted, "true"), (again.Status, again["Idempotency-Replayed"]));
        Assert.Equal("1", (await running.Api.GetAsync($"/v1/jobs/{upload.Job.Id}"))["Retry-After"]);

        Assert.Equal(HttpStatusCode.Conflict, (await running.Api.DeleteAsync($"/v1/jobs/{upload.Job.Id}")).Status);

        ApiAnswer cancel = await running.Api.CancelAsync(upload.Job.Id);

        Assert.Equal(HttpStatusCode.Accepted, cancel.Status);
        await gate.OpenAsync();
        await running.Api.WhenFinalAsync(upload.Job.Id);
    }
}
