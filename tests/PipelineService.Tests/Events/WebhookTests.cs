using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using PipelineService.Events.Webhooks;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Access;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Events;

/// <summary>Events come to whoever asked for them, signed, whatever the others do.</summary>
public sealed class WebhookTests(GuardedService running) : IClassFixture<GuardedService>, IAsyncLifetime
{
    private WebhookReceiver _receiver = null!;

    public async ValueTask InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public ValueTask DisposeAsync() => _receiver.DisposeAsync();

    [Fact]
    public async Task Sends_what_happens_signed_and_nothing_else()
    {
        await running.Api.DeclareAsync("hooked", Readings.Definition());
        await running.Api.DeclareAsync("unhooked", Readings.Definition());
        string secret = await MakeAsync("hook", """ "types": ["job.finished"], "datasets": ["hooked"], "headers": { "Authorization": "Bearer t" } """);
        await running.Api.LoadAsync("unhooked", Readings.Csv(1));
        JobView job = await running.Api.LoadAsync("hooked", Readings.Csv(2));

        Delivered one = Assert.Single(await _receiver.WhenAsync("/hook", 1));
        Assert.True(one.IsSignedWith(secret));
        Assert.False(one.IsSignedWith("whsec_" + Convert.ToBase64String(new byte[32])));
        Assert.InRange(one.Timestamp, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - 60, TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + 1);
        Assert.Equal(("application/cloudevents+json; charset=utf-8", "Bearer t"), (one.Headers["Content-Type"], one.Headers["Authorization"]));
        Assert.DoesNotContain("traceparent", one.Headers.Keys, StringComparer.OrdinalIgnoreCase);

        // The very event of the log.
        JsonNode logged = JsonNode.Parse((await running.Api.GetAsync("/v1/events?dataset=hooked&types=job.finished")).Body)!["items"]![0]!;
        Assert.True(JsonNode.DeepEquals(logged, one.Event), one.Event.ToJsonString());
        Assert.Equal($"job/{job.Id}", (string)one.Event["subject"]!);

        JsonNode delivery = (await DeliveriesAsync("hook")).Single()!;
        Assert.Equal((one.Id, "delivered", 1, 204), ((string)delivery["id"]!, (string)delivery["state"]!, (int)delivery["attempts"]!, (int)delivery["status"]!));

        // Nobody is shown a secret again.
        foreach (string path in (string[])["/v1/webhooks/hook", "/v1/webhooks", "/v1/webhooks/hook/deliveries", "/v1/audit?object=webhook/hook"])
        {
            string body = (await running.Api.GetAsync(path)).Body;
            Assert.DoesNotContain("whsec_", body, StringComparison.Ordinal);
            Assert.DoesNotContain("Bearer t", body, StringComparison.Ordinal);
        }
    }

    /// <summary>A failure is tried again under the same id, and one that is sent again by hand, too.</summary>
    [Fact]
    public async Task A_delivery_keeps_its_id_however_often_it_is_sent()
    {
        await running.Api.DeclareAsync("again", Readings.Definition());
        ConcurrentQueue<int> answers = new([500, 302, 200]);
        _receiver.Answers["/again"] = context =>
        {
            context.Response.StatusCode = answers.TryDequeue(out int status) ? status : 200;
            context.Response.Headers.Location = "/elsewhere";
            return context.Response.WriteAsync("answer \u0007 of " + context.Response.StatusCode + new string('x', 100_000));
        };
        await MakeAsync("again", """ "types": ["job.finished"], "datasets": ["again"] """);
        await running.Api.LoadAsync("again", Readings.Csv(1));
        await WhenDeliveryAsync("again", d => (int?)d["status"] == 500);
        JsonNode failed = (await DeliveriesAsync("again")).Single()!;
        Assert.Equal(("pending", "It answered 500."), ((string)failed["state"]!, (string)failed["error"]!));
        Assert.StartsWith("answer \\u0007 of 500xxx", (string)failed["answer"]!, StringComparison.Ordinal);
        Assert.InRange(((string)failed["answer"]!).Length, 1, 2_000);
        Assert.InRange(
            (DateTimeOffset)failed["nextAttemptAt"]! - TimeProvider.System.GetUtcNow(), TimeSpan.FromSeconds(-2), TimeSpan.FromSeconds(5.6));

        await DueAsync();
        await WhenDeliveryAsync("again", d => (int?)d["status"] == 302);
        Assert.Contains("redirects are not followed", (string)(await DeliveriesAsync("again")).Single()!["error"]!, StringComparison.Ordinal);
        await DueAsync();
        await WhenDeliveryAsync("again", d => (string)d["state"]! == "delivered");
        string id = (string)(await DeliveriesAsync("again", "?state=delivered")).Single()!["id"]!;
        Assert.Equal(HttpStatusCode.Accepted, (await running.Api.PostAsync($"/v1/webhooks/again/deliveries/{id}/redeliver")).Status);

        Delivered[] all = await _receiver.WhenAsync("/again", 4);
        Assert.Equal([id], all.Select(delivered => delivered.Id).Distinct());
        Assert.DoesNotContain(_receiver.Received, delivered => delivered.Path == "/elsewhere");
    }

    /// <summary>One is gone, one refuses connections, one never answers: the others have their events at once.</summary>
    [Fact]
    public async Task One_that_is_dead_or_slow_costs_itself_alone()
    {
        await running.Api.DeclareAsync("crowded", Readings.Definition());
        TaskCompletionSource end = new();
        _receiver.Answers["/slow"] = context => end.Task;
        _receiver.Answers["/gone"] = context =>
        {
            context.Response.StatusCode = StatusCodes.Status410Gone;
            return Task.CompletedTask;
        };
        const string Wanted = """ "types": ["job.finished"], "datasets": ["crowded"] """;
        await MakeAsync("slow", Wanted);
        await MakeAsync("gone", Wanted);
        await PutAsync("dead", $$"""{ "url": "http://127.0.0.1:1/", {{Wanted}} }""", HttpStatusCode.Created);
        await MakeAsync("well", Wanted);
        const int Jobs = 20;
        await Task.WhenAll(Enumerable.Range(0, Jobs).Select(_ => running.Api.LoadAsync("crowded", Readings.Csv(1))));

        Assert.Equal(Jobs, (await _receiver.WhenAsync("/well", Jobs)).Select(delivered => delivered.Id).Distinct().Count());
        WebhookLanes lanes = running.Service.Services.GetRequiredService<WebhookLanes>();
        await BoundedWait.UntilAsync("the dead one to rest", () => lanes.Resting >= 1);
        Assert.InRange(_receiver.Received.Count(delivered => delivered.Path == "/slow"), 1, WebhookLanes.OwnMax);
        await BoundedWait.UntilAsync("the one that is gone to be disabled", async () => (await StateOfAsync("gone")) is ("disabled", "gone"));
        end.SetResult();
        Assert.Equal(Jobs, (await _receiver.WhenAsync("/slow", Jobs)).Select(delivered => delivered.Id).Distinct().Count());
        Assert.Equal(HttpStatusCode.NoContent, (await running.Api.DeleteAsync("/v1/webhooks/dead")).Status);
    }

    [Fact]
    public async Task For_a_while_after_a_rotation_both_secrets_are_good()
    {
        await running.Api.DeclareAsync("rotated", Readings.Definition());
        string first = await MakeAsync("rotated", """ "datasets": ["rotated"], "types": ["job.finished"] """);
        string second = SecretOf(await running.Api.PostAsync("/v1/webhooks/rotated/rotate"));
        await running.Api.LoadAsync("rotated", Readings.Csv(1));
        Delivered both = (await _receiver.WhenAsync("/rotated", 1))[0];
        Assert.Equal((true, true), (both.IsSignedWith(first), both.IsSignedWith(second)));

        using StringContent atOnce = new("""{ "overlap": "PT0S" }""", Encoding.UTF8, "application/json");
        string third = SecretOf(await running.Api.PostAsync("/v1/webhooks/rotated/rotate", atOnce));
        await running.Api.LoadAsync("rotated", Readings.Csv(1));
        Delivered alone = (await _receiver.WhenAsync("/rotated", 2))[1];
        Assert.Equal((false, false, true), (alone.IsSignedWith(first), alone.IsSignedWith(second), alone.IsSignedWith(third)));
    }

    /// <summary>
    /// Told of its maker's things, however it is changed, and by whomever; and of nothing while its key is worth nothing.
    /// </summary>
    [Fact]
    public async Task A_webhook_sees_no_more_than_its_maker()
    {
        Api acme = await running.MakeDatasetAsync("acme_hooked", "acme");
        await running.MakeDatasetAsync("globex_hooked", "globex");
        (string text, string id) = await running.MakeKeyAsync("hooks of acme", "manage", ", 'tenant': 'acme', 'datasets': ['acme_*']");
        string body = $$"""{ "url": "{{_receiver.Address}}/acme", "types": ["job.finished"] }""";
        await PutAsync("acme", body, HttpStatusCode.Created, running.With(text));
        await PutAsync("acme", body, HttpStatusCode.OK); // by the admin of all
        await PutAsync("acme", body, HttpStatusCode.OK, running.With(text));
        Assert.Equal("acme", (string)(await GetAsync("acme"))["tenant"]!);
        await running.Api.LoadAsync("globex_hooked", Readings.Csv(1));
        await acme.LoadAsync("acme_hooked", Readings.Csv(1));
        Assert.Equal("acme_hooked", (string)(await _receiver.WhenAsync("/acme", 1)).Single().Event["dataset"]!);

        await running.Api.DeleteAsync($"/v1/keys/{id}");
        Assert.Equal("owner_revoked", (string)(await GetAsync("acme"))["state"]!);
        JobView between = await acme.LoadAsync("acme_hooked", Readings.Csv(1));
        await BoundedWait.UntilAsync("its end in the log", async () =>
            (await running.Api.GetAsync("/v1/events?types=job.finished&limit=1000")).Body.Contains(between.Id.ToString(), StringComparison.Ordinal));
        await PutAsync("acme", body, HttpStatusCode.OK);
        JobView after = await acme.LoadAsync("acme_hooked", Readings.Csv(1));

        Delivered[] all = await _receiver.WhenAsync("/acme", 2);
        Assert.Equal($"job/{after.Id}", (string)all[1].Event["subject"]!);
        Assert.Equal(2, all.Length);
    }

    /// <summary>What waits for one that answers nobody does not grow without end.</summary>
    [Fact]
    public async Task One_that_too_much_waits_for_is_disabled_and_goes_on_when_somebody_enables_it()
    {
        await MakeAsync("overfull", """ "datasets": ["none_such"] """);
        await running.Database.ExecuteAsync("""
            INSERT INTO pipeline.deliveries (webhook, position, n, xid, slot, next_at)
            SELECT id, 1000000 + i, 0, '0', 0, now() + interval '1 day' FROM pipeline.webhooks, generate_series(1, 100001) i WHERE name = 'overfull'
            """);
        WebhookStore store = running.Service.Services.GetRequiredService<WebhookStore>();

        WebhookRow overfull = Assert.Single(await store.FindOverfullAsync(TestContext.Current.CancellationToken));
        Assert.True(await store.DisableAsync(overfull.Id, overfull.Name, "backlog", TestContext.Current.CancellationToken));
        Assert.False(await store.DisableAsync(overfull.Id, overfull.Name, "backlog", TestContext.Current.CancellationToken));

        Assert.Equal(("disabled", "backlog"), await StateOfAsync("overfull"));
        Assert.Empty(await store.FindOverfullAsync(TestContext.Current.CancellationToken));
        await PutAsync("overfull", $$"""{ "url": "{{_receiver.Address}}/overfull", "types": ["job.reverted"] }""", HttpStatusCode.OK);
        Assert.Equal(("active", null), await StateOfAsync("overfull"));
        await running.Database.ExecuteAsync("DELETE FROM pipeline.deliveries WHERE position > 1000000");
    }

    /// <summary>What a name means is judged when it is connected to, whatever it meant before, and whatever way it is written.</summary>
    [Fact]
    public async Task Nothing_is_sent_to_an_address_that_is_not_public()
    {
        Queue<string[]> turns = new([["93.184.215.14"], ["127.0.0.1"], ["169.254.169.254", "10.0.0.1"], ["::ffff:127.0.0.1"], ["64:ff9b::7f00:1"], ["fd00:ec2::254"]]);
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(
            running.Database.ConnectionString,
            [("Events:AllowHttp", "true"), ("Access:AdminKey", GuardedService.AdminKey)],
            running.Service.SpoolDirectory,
            configure: services => services.Replace(ServiceDescriptor.Singleton<HostResolver>(
                (_, _) => Task.FromResult(turns.Dequeue().Select(IPAddress.Parse).ToArray()))));
        GuardedService.Authorize(service.Client, GuardedService.AdminKey);
        Api api = new(service.Client);
        int port = new Uri(_receiver.Address).Port;
        turns.Dequeue(); // public when somebody looked at it
        await PutAsync("rebound", $$"""{ "url": "http://rebound.example:{{port}}/rebound", "disabled": true }""", HttpStatusCode.Created, api);
        while (turns.Count > 0)
        {
            JsonNode result = JsonNode.Parse((await api.PostAsync("/v1/webhooks/rebound/test")).Body)!;
            Assert.False((bool)result["delivered"]!);
            Assert.Contains("has no public address", (string)result["error"]!, StringComparison.Ordinal);
            Assert.DoesNotContain("127.0.0.1", (string)result["error"]!, StringComparison.Ordinal);
        }

        await PutAsync("literal", """{ "url": "http://169.254.169.254/latest/meta-data" }""", HttpStatusCode.BadRequest, api);
        Assert.Empty(_receiver.Received);
    }

    private static string SecretOf(ApiAnswer answer)
    {
        string secret = (string)JsonNode.Parse(answer.Body)!["secret"]!;
        Assert.StartsWith("whsec_", secret, StringComparison.Ordinal);
        return secret;
    }

    /// <summary>Makes one at the receiver's address of that name.</summary>
    private async Task<string> MakeAsync(string name, string rest) =>
        SecretOf(await PutAsync(name, $$"""{ "url": "{{_receiver.Address}}/{{name}}", {{rest}} }""", HttpStatusCode.Created));

    private async Task<ApiAnswer> PutAsync(string name, string json, HttpStatusCode expected, Api? by = null)
    {
        using StringContent body = new(json, Encoding.UTF8, "application/json");
        ApiAnswer answer = await (by ?? running.Api).PutAsync($"/v1/webhooks/{name}", body);
        Assert.True(answer.Status == expected, answer.Body);
        return answer;
    }

    private async Task<JsonNode> GetAsync(string name) => JsonNode.Parse((await running.Api.GetAsync($"/v1/webhooks/{name}")).Body)!;

    private async Task<(string, string?)> StateOfAsync(string name)
    {
        JsonNode webhook = await GetAsync(name);
        return ((string)webhook["state"]!, (string?)webhook["disabledReason"]);
    }

    private async Task<JsonArray> DeliveriesAsync(string name, string query = "") =>
        JsonNode.Parse((await running.Api.GetAsync($"/v1/webhooks/{name}/deliveries{query}")).Body)!["items"]!.AsArray();

    private Task WhenDeliveryAsync(string name, Func<JsonNode, bool> condition) => BoundedWait.UntilAsync(
        "a delivery", async () => (await DeliveriesAsync(name)).Any(delivery => condition(delivery!)));

    /// <summary>What waits for its next attempt is due.</summary>
    private async Task DueAsync()
    {
        await running.Database.ExecuteAsync("UPDATE pipeline.deliveries SET next_at = now() WHERE state = 'pending'");
        running.Service.Services.GetRequiredService<WebhookDispatcher>().Wake();
    }
}
