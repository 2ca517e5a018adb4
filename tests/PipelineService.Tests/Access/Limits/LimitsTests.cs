using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Runs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access.Limits;

/// <summary>Who sends more than they may is told so, and what they have sent leaves nothing; nobody else notices.</summary>
public sealed class LimitsTests(GuardedService service) : IClassFixture<GuardedService>
{
    [Fact]
    public async Task A_key_has_so_many_calls_a_minute_and_is_told_what_is_left()
    {
        (string text, string id) = await service.MakeKeyAsync("limited", "read", ", 'limits': { 'requestsPerMinute': 1 }");
        (string other, _) = await service.MakeKeyAsync("unlimited", "read");
        Api api = service.With(text);

        ApiAnswer first = await api.GetAsync("/v1/datasets");
        ApiAnswer second = await api.GetAsync("/v1/jobs");

        Assert.Equal((HttpStatusCode.OK, "\"key-requests\";q=1;w=60", "\"key-requests\";r=0;t=60"), (first.Status, first["RateLimit-Policy"], first["RateLimit"]));
        Assert.Equal((HttpStatusCode.TooManyRequests, "requests_limit"), (second.Status, second.Problem.Code));
        Assert.InRange(int.Parse(second["Retry-After"]!, CultureInfo.InvariantCulture), 1, 60);
        Assert.StartsWith("\"key-requests\";r=0;t=", second["RateLimit"], StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/health/ready")).Status);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/metrics")).Status);
        ApiAnswer free = await service.With(other).GetAsync("/v1/datasets");
        Assert.Equal((HttpStatusCode.OK, null), (free.Status, free["RateLimit"]));

        Assert.Equal("""{"requestsPerMinute":100}""", (await PatchAsync(id, """{ "limits": { "requestsPerMinute": 100 } }""")).Json.GetProperty("limits").GetRawText());
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/v1/datasets")).Status);
        await PatchAsync(id, """{ "limits": null }""");
        Assert.Null((await api.GetAsync("/v1/datasets"))["RateLimit"]);
    }

    [Theory]
    [InlineData("""{ "limits": { "requestsPerMinute": 0 } }""", "/limits/requestsPerMinute")]
    [InlineData("""{ "limits": { "bytesPerMinute": "1 GB" } }""", "/limits/bytesPerMinute")]
    [InlineData("""{ "limits": { "uploads": 3 } }""", "/limits/uploads")]
    [InlineData("""{ "limits": 5 }""", "/limits")]
    [InlineData("""{ "scopes": ["admin"] }""", "/scopes")]
    [InlineData("{}", "/limits")]
    public async Task Limits_that_cannot_be_are_refused_with_what_is_wrong(string body, string pointer)
    {
        (_, string id) = await service.MakeKeyAsync("refused", "read");

        ApiAnswer answer = await PatchAsync(id, body);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_key_request"), (answer.Status, answer.Problem.Code));
        Assert.Contains(pointer, answer.Problem.Errors!.Keys);
        Assert.Null((await service.Api.GetAsync($"/v1/keys/{id}")).Json.GetProperty("limits").GetString());
    }

    /// <summary>Announced or not, all at once or piece by piece: it leaves no row and no byte, and those that fit are loaded.</summary>
    [Fact]
    public async Task A_key_sends_so_many_bytes_a_minute()
    {
        await service.MakeDatasetAsync("measured", null);
        string data = Readings.Csv(1_000);
        string limits = $", 'limits': {{ 'bytesPerMinute': {data.Length + 100} }}";
        Api api = service.With((await service.MakeKeyAsync("measured", "ingest read", limits)).Text);

        ApiAnswer tooLong = await api.UploadAsync("measured", data + data);
        ApiAnswer tooLongUnannounced = await SendInPiecesAsync(api, data, data);
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "body_over_limit"), (tooLong.Status, tooLong.Problem.Code));
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "body_over_limit"), (tooLongUnannounced.Status, tooLongUnannounced.Problem.Code));

        api = service.With((await service.MakeKeyAsync("measured anew", "ingest read", limits)).Text);
        Assert.Equal(JobState.Succeeded, (await api.LoadAsync("measured", data)).State);
        ApiAnswer refused = await api.UploadAsync("measured", data);
        ApiAnswer refusedUnannounced = await SendInPiecesAsync(api, data);

        Assert.All([refused, refusedUnannounced], answer =>
        {
            Assert.Equal((HttpStatusCode.TooManyRequests, "bytes_limit"), (answer.Status, answer.Problem.Code));
            Assert.NotNull(answer["Retry-After"]);
            Assert.Contains("\"key-bytes\";r=", answer["RateLimit"], StringComparison.Ordinal);
        });
        Assert.Equal(1, await service.CountJobsAsync("measured"));
        await service.WhenDoneWithRequestsAsync();
        service.AssertSpoolIsEmpty();
    }

    [Fact]
    public async Task A_key_has_so_many_uploads_at_once()
    {
        await service.MakeDatasetAsync("at_once", null);
        (string text, _) = await service.MakeKeyAsync("at once", "ingest read", ", 'limits': { 'uploadsAtOnce': 1 }");
        Api api = service.With(text);
        HeldBody held = new();
        Task<ApiAnswer> first = api.UploadAsync("at_once", held);
        await held.SendAsync(Readings.Csv(1));
        LiveJobs live = service.Service.Services.GetRequiredService<LiveJobs>();
        await BoundedWait.UntilAsync("the first to come", () => live.Census().Single(jobs => jobs.State == JobState.Receiving).Jobs == 1);

        ApiAnswer second = await api.UploadAsync("at_once", Readings.Csv(1));
        Assert.Equal((HttpStatusCode.TooManyRequests, "uploads_limit"), (second.Status, second.Problem.Code));
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/v1/jobs")).Status);

        held.Complete();
        Assert.Equal(HttpStatusCode.Accepted, (await first).Status);

        Assert.Equal(HttpStatusCode.Accepted, (await api.UploadAsync("at_once", Readings.Csv(1))).Status);
    }

    [Fact]
    public async Task All_keys_of_a_tenant_share_its_limits_and_all_senders_those_of_a_dataset()
    {
        await service.MakeDatasetAsync("shared_one", "sharers");
        await service.MakeDatasetAsync("shared_two", null);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync("/v1/tenants/sharers", """{ "limits": { "requestsPerMinute": 1 } }""")).Status);
        Assert.Equal(HttpStatusCode.OK, (await PutAsync("/v1/datasets/shared_two/limits", """{ "requestsPerMinute": 1 }""")).Status);
        Api[] sharers =
        [
            service.With((await service.MakeKeyAsync("sharer 1", "read", ", 'tenant': 'sharers'")).Text),
            service.With((await service.MakeKeyAsync("sharer 2", "read", ", 'tenant': 'sharers'")).Text),
        ];

        Assert.Equal(
            [HttpStatusCode.OK, HttpStatusCode.TooManyRequests],
            [(await sharers[0].GetAsync("/v1/jobs")).Status, (await sharers[1].GetAsync("/v1/jobs")).Status]);

        ApiAnswer loaded = await service.Api.UploadAsync("shared_two", Readings.Csv(1));
        ApiAnswer refused = await service.Api.UploadAsync("shared_two", Readings.Csv(1));
        Assert.Equal((HttpStatusCode.Accepted, "\"dataset-requests\";r=0;t=60"), (loaded.Status, loaded["RateLimit"]));
        Assert.Equal((HttpStatusCode.TooManyRequests, "requests_limit"), (refused.Status, refused.Problem.Code));
        Assert.Equal("{}", (await PutAsync("/v1/datasets/shared_two/limits", "{}")).Body);
        Assert.Equal(HttpStatusCode.Accepted, (await service.Api.UploadAsync("shared_two", Readings.Csv(1))).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await PutAsync("/v1/datasets/shared_none/limits", "{}")).Status);
    }

    /// <summary>A bound on what waits, seen as it is met: with its sessions held nothing of it can begin.</summary>
    [Fact]
    public async Task A_tenants_uploads_are_refused_when_as_much_waits_as_may()
    {
        Api owner = await service.MakeDatasetAsync("queued_up", "queuers");
        string data = Readings.Csv(100);
        await PutAsync("/v1/tenants/queuers", $$"""{ "queuedBytesMax": {{data.Length + 10}} }""");
        using (HeldSessions.All(service.Service.Services))
        {
            Assert.Equal(JobState.Queued, (await owner.UploadAsync("queued_up", data)).Job.State);
            ApiAnswer refused = await owner.UploadAsync("queued_up", data);
            Assert.Equal((HttpStatusCode.TooManyRequests, "queue_limit"), (refused.Status, refused.Problem.Code));

            ApiAnswer tenant = await service.Api.GetAsync("/v1/tenants/queuers");
            Assert.Equal((1, data.Length), (tenant.Json.GetProperty("waiting").GetInt32(), tenant.Json.GetProperty("waitingBytes").GetInt32()));
        }

        await PutAsync("/v1/tenants/queuers", """{ "weight": 2 }""");
        Assert.Equal(HttpStatusCode.Accepted, (await owner.UploadAsync("queued_up", data)).Status);
    }

    [Fact]
    public async Task A_tenant_is_what_was_said_of_it_and_what_its_jobs_are()
    {
        Api owner = await service.MakeDatasetAsync("shown_of", "shown");
        Assert.Equal(JobState.Succeeded, (await owner.LoadAsync("shown_of", Readings.Csv(3))).State);
        ApiAnswer put = await PutAsync(
            "/v1/tenants/shown", """{ "weight": 3, "sessionsMax": 4, "queuedBytesMax": 1000000, "limits": { "uploadsAtOnce": 8 } }""");

        ApiAnswer got = await service.Api.GetAsync("/v1/tenants/shown");
        Assert.Equal(got.Json.GetProperty("weight").GetRawText(), put.Json.GetProperty("weight").GetRawText());
        Assert.Equal(
            ("3", "4", "1000000", """{"uploadsAtOnce":8}""", "0", "0"),
            (Raw("weight"), Raw("sessionsMax"), Raw("queuedBytesMax"), Raw("limits"), Raw("waiting"), Raw("running")));
        Assert.InRange(got.Json.GetProperty("share").GetDouble(), 0.0001, 1);
        await PutAsync("/v1/tenants/shown-too", "{}");
        Assert.Contains("\"shown\"", (await service.Api.GetAsync("/v1/tenants?limit=1000")).Body, StringComparison.Ordinal);
        Assert.NotNull((await service.Api.GetAsync("/v1/tenants?limit=1")).Json.GetProperty("nextCursor").GetString());
        Assert.Equal(HttpStatusCode.NoContent, (await service.Api.DeleteAsync("/v1/tenants/shown")).Status);
        Assert.Equal(1, (await service.Api.GetAsync("/v1/tenants/shown")).Json.GetProperty("weight").GetInt32());

        Assert.Equal("shown", (await service.Api.GetAsync("/v1/jobs?tenant=shown&limit=1")).Json.GetProperty("items")[0].GetProperty("tenant").GetString());
        Assert.Equal("[]", (await owner.GetAsync("/v1/jobs?tenant=other")).Json.GetProperty("items").GetRawText());

        string Raw(string member) => got.Json.GetProperty(member).GetRawText();
    }

    [Theory]
    [InlineData("/v1/tenants/Acme!", "{}", HttpStatusCode.BadRequest, "invalid_tenant_name")]
    [InlineData("/v1/tenants/acme", """{ "weight": 101, "sessionMax": 1 }""", HttpStatusCode.BadRequest, "invalid_limits")]
    [InlineData("/v1/tenants/acme", "[]", HttpStatusCode.BadRequest, "invalid_limits")]
    [InlineData("/v1/tenants/dataset:trips", """{ "weight": 2 }""", HttpStatusCode.OK, null)]
    public async Task A_tenant_that_cannot_be_is_refused_with_what_is_wrong(string path, string body, HttpStatusCode status, string? code)
    {
        ApiAnswer answer = await PutAsync(path, body);

        Assert.Equal((status, code), (answer.Status, answer.Status == HttpStatusCode.OK ? null : answer.Problem.Code));
    }

    [Fact]
    public async Task Nothing_is_known_of_a_tenant_of_whom_nothing_was_said()
    {
        Assert.Equal("tenant_not_found", (await service.Api.GetAsync("/v1/tenants/nobody-at-all")).Problem.Code);
        Assert.Equal("tenant_not_found", (await service.Api.DeleteAsync("/v1/tenants/nobody-at-all")).Problem.Code);
    }

    private async Task<ApiAnswer> PatchAsync(string id, string json)
    {
        using StringContent body = new(json, Encoding.UTF8, "application/json");
        return await service.Api.PatchAsync($"/v1/keys/{id}", body);
    }

    private async Task<ApiAnswer> PutAsync(string path, string json)
    {
        using StringContent body = new(json, Encoding.UTF8, "application/json");
        return await service.Api.PutAsync(path, body);
    }

    private static async Task<ApiAnswer> SendInPiecesAsync(Api api, params string[] pieces)
    {
        HeldBody body = new();
        Task<ApiAnswer> answer = api.UploadAsync("measured", body);
        foreach (string piece in pieces)
        {
            await body.SendAsync(piece);
        }

        body.Complete();
        return await answer;
    }
}
