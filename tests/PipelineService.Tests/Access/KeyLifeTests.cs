using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Access;
using PipelineService.Access.Keys;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access;

/// <summary>A key from when it is made to when it lets nobody in any more.</summary>
public sealed class KeyLifeTests(GuardedService service) : IClassFixture<GuardedService>
{
    private static readonly Uri Datasets = new("/v1/datasets", UriKind.Relative);

    [Fact]
    public async Task Is_shown_once_and_kept_as_a_hash_alone()
    {
        (string text, string id) = await service.MakeKeyAsync("shown", "read ingest", ", 'datasets': ['trips', 'acme_*'], 'source': 'till 3'");

        ApiAnswer one = await service.Api.GetAsync($"/v1/keys/{id}");
        ApiAnswer list = await service.Api.GetAsync("/v1/keys");

        JsonNode key = JsonNode.Parse(one.Body)!;
        Assert.Equal("shown", (string?)key["name"]);
        Assert.Equal("""["ingest","read"]""", key["scopes"]!.ToJsonString());
        Assert.Equal("""["trips","acme_*"]""", key["datasets"]!.ToJsonString());
        Assert.Equal(("till 3", "active", "admin"), ((string?)key["source"], (string?)key["state"], (string?)key["createdBy"]));
        Assert.Contains(id, list.Body, StringComparison.Ordinal);
        Assert.All([one.Body, list.Body], body => Assert.DoesNotContain(text[30..], body, StringComparison.Ordinal));
        Assert.Equal(
            0,
            await service.Database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.api_keys k WHERE strpos(k::text, '{text[30..60]}') > 0"));
    }

    [Fact]
    public async Task Is_taken_in_either_header_and_in_one_alone()
    {
        (string text, _) = await service.MakeKeyAsync("headers", "read");
        (string Name, string Value)[] bearer = [("Authorization", $"bearer {text}")];
        (string Name, string Value)[] header = [("X-Api-Key", text)];
        (string Name, string Value)[] basic = [("Authorization", $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes("a:b"))}")];
        Api api = service.With(null);

        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/v1/datasets", bearer)).Status);
        Assert.Equal(HttpStatusCode.OK, (await api.GetAsync("/v1/datasets", header)).Status);
        foreach ((string, string)[] wrong in new[] { [.. bearer, .. header], basic, [("Authorization", text)], [("X-Api-Key", "")] })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await api.GetAsync("/v1/datasets", wrong)).Status);
        }
    }

    [Fact]
    public async Task Each_change_of_it_is_in_the_audit_with_who_made_it_and_without_its_text()
    {
        (string maker, string makerId) = await service.MakeKeyAsync("maker", "admin");
        (string text, string id) = await service.MakeKeyAsync(
            "audited", "read ingest", ", 'datasets': ['audited_*'], 'tenant': 'acme'", service.With(maker));
        await RotateAsync(id, """{ "overlap": "PT0S" }""");
        await service.Api.DeleteAsync($"/v1/keys/{id}");

        string[] told = await service.RowsAsync($"""
            SELECT concat_ws(' ', action, actor, detail->>'name', detail->>'scopes', detail->>'datasets', detail->>'tenant')
            FROM pipeline.audit WHERE object = 'key/{id}' ORDER BY at, id
            """);

        Assert.Equal(
            [$"key.create key/{makerId} audited ingest,read audited_* acme", "key.rotate admin audited", "key.revoke admin audited"], told);
        Assert.Equal(
            0, await service.Database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.audit a WHERE strpos(a::text, '{text[30..60]}') > 0"));
    }

    [Fact]
    public async Task No_key_is_made_without_its_entry()
    {
        await service.Database.ExecuteAsync(
            "ALTER TABLE pipeline.audit ADD CONSTRAINT no_keys_for_now CHECK (action <> 'key.create' OR detail->>'name' <> 'unheard of') NOT VALID");

        ApiAnswer answer = await service.PostKeyAsync("""{ "name": "unheard of", "scopes": ["read"] }""");

        Assert.Equal(HttpStatusCode.InternalServerError, answer.Status);
        Assert.Equal(0, await service.Database.ScalarAsync<long>("SELECT count(*) FROM pipeline.api_keys WHERE name = 'unheard of'"));
        await service.Database.ExecuteAsync("ALTER TABLE pipeline.audit DROP CONSTRAINT no_keys_for_now");
    }

    [Fact]
    public async Task Is_rotated_with_an_overlap_and_without()
    {
        (string first, string id) = await service.MakeKeyAsync("rotated", "read");

        string second = await RotateAsync(id, "");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (await StatusAsync(first), await StatusAsync(second)));
        string third = await RotateAsync(id, """{ "overlap": "PT1H" }""");
        Assert.Equal(
            (HttpStatusCode.Unauthorized, HttpStatusCode.OK, HttpStatusCode.OK),
            (await StatusAsync(first), await StatusAsync(second), await StatusAsync(third)));
        string fourth = await RotateAsync(id, """{ "overlap": "PT0S" }""");
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.OK), (await StatusAsync(third), await StatusAsync(fourth)));

        await service.Database.ExecuteAsync($"""
            UPDATE pipeline.api_keys SET previous_hash = hash, previous_until = now() - interval '1 second',
                   hash = sha256('another') WHERE id = '{id}'
            """);
        await BoundedWait.UntilAsync("the overlap to end", async () => await StatusAsync(fourth) == HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Is_revoked_for_good_and_ends_by_itself()
    {
        (string text, string id) = await service.MakeKeyAsync("revoked", "read");
        string expired = await service.MakeExpiredKeyAsync("expired", "read");

        Assert.Equal(HttpStatusCode.NoContent, (await service.Api.DeleteAsync($"/v1/keys/{id}")).Status);

        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(text));
        Assert.Equal("key_not_found", (await service.Api.DeleteAsync($"/v1/keys/{id}")).Problem.Code);
        Assert.Equal("key_not_found", (await service.Api.PostAsync($"/v1/keys/{id}/rotate")).Problem.Code);
        Assert.Equal("revoked", (string?)JsonNode.Parse((await service.Api.GetAsync($"/v1/keys/{id}")).Body)!["state"]);
        Assert.Contains("expired", (await service.With(expired).GetAsync("/v1/datasets")).Problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_is_changed_in_the_database_is_taken_in()
    {
        (string text, string id) = await service.MakeKeyAsync("by hand", "read");

        await service.Database.ExecuteAsync($"DELETE FROM pipeline.api_keys WHERE id = '{id}'");

        await BoundedWait.UntilAsync("the key to be gone", async () => await StatusAsync(text) == HttpStatusCode.Unauthorized);
    }

    [Theory]
    [InlineData("""{ "scopes": ["read"] }""", "/name")]
    [InlineData("""{ "name": " x", "scopes": ["read"] }""", "/name")]
    [InlineData("""{ "name": "x" }""", "/scopes")]
    [InlineData("""{ "name": "x", "scopes": [] }""", "/scopes")]
    [InlineData("""{ "name": "x", "scopes": "read" }""", "/scopes")]
    [InlineData("""{ "name": "x", "scopes": ["raed"] }""", "/scopes")]
    [InlineData("""{ "name": "x", "scopes": ["read"], "datasets": [] }""", "/datasets")]
    [InlineData("""{ "name": "x", "scopes": ["read"], "datasets": ["a*b"] }""", "/datasets")]
    [InlineData("""{ "name": "x", "scopes": ["read"], "tenant": "A B" }""", "/tenant")]
    [InlineData("""{ "name": "x", "scopes": ["read"], "source": "a\u0000" }""", "/source")]
    [InlineData("""{ "name": "x", "scopes": ["read"], "expiresAt": "2020-01-01" }""", "/expiresAt")]
    [InlineData("""{ "name": "x", "scopes": ["read"], "expiresAt": "soon" }""", "/expiresAt")]
    [InlineData("""{ "name": "x", "scopes": ["read"], "expires": "2099-01-01" }""", "/expires")]
    [InlineData("[]", "")]
    public async Task What_cannot_be_a_key_is_refused_with_the_place(string json, string pointer)
    {
        ApiAnswer answer = await service.PostKeyAsync(json);

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_key_request"), (answer.Status, answer.Problem.Code));
        Assert.Equal([pointer], answer.Problem.Errors!.Keys);
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("{", 400)]
    [InlineData("""{ "name": "x", "name": "y", "scopes": ["read"] }""", 400)]
    public async Task What_is_no_JSON_is_refused(string json, int status) =>
        Assert.Equal((status, "malformed_request"), ((int)(await service.PostKeyAsync(json)).Status, (await service.PostKeyAsync(json)).Problem.Code));

    [Fact]
    public async Task Who_is_limited_makes_and_sees_keys_within_the_limits()
    {
        (string admin, _) = await service.MakeKeyAsync(
            "limited", "admin", ", 'tenant': 'acme', 'datasets': ['acme_*'], 'source': 'acme'");
        (_, string foreign) = await service.MakeKeyAsync("foreign", "read", ", 'tenant': 'globex'");
        Api api = service.With(admin);

        (_, string own) = await service.MakeKeyAsync("own", "read", ", 'datasets': ['acme_orders']", api);
        foreach (string rest in new[] { "", ", 'datasets': ['*']", ", 'datasets': ['acme_*'], 'tenant': 'globex'", ", 'datasets': ['acme_*'], 'source': 'x'" })
        {
            ApiAnswer answer = await service.PostKeyAsync($"{{ 'name': 'wide', 'scopes': ['read']{rest} }}".Replace('\'', '"'), api);
            Assert.Equal((rest, "key_too_wide"), (rest, answer.Problem.Code));
        }

        JsonNode made = JsonNode.Parse((await api.GetAsync($"/v1/keys/{own}")).Body)!;
        Assert.Equal(("acme", "acme"), ((string?)made["tenant"], (string?)made["source"]));
        Assert.StartsWith("limited (", (string?)made["createdBy"], StringComparison.Ordinal);
        Assert.DoesNotContain(foreign, (await api.GetAsync("/v1/keys")).Body, StringComparison.Ordinal);
        Assert.Equal("key_not_found", (await api.DeleteAsync($"/v1/keys/{foreign}")).Problem.Code);
    }

    [Fact]
    public async Task Lists_come_in_pages()
    {
        foreach (int number in Enumerable.Range(0, 3))
        {
            await service.MakeKeyAsync(string.Create(CultureInfo.InvariantCulture, $"page {number}"), "read", ", 'tenant': 'pages'");
        }

        (string admin, _) = await service.MakeKeyAsync("page reader", "admin", ", 'tenant': 'pages'");
        List<string> names = [];
        string? cursor = null;
        do
        {
            JsonNode page = JsonNode.Parse(
                (await service.With(admin).GetAsync("/v1/keys?limit=2" + (cursor is null ? "" : $"&cursor={cursor}"))).Body)!;
            names.AddRange(page["items"]!.AsArray().Select(key => (string)key!["name"]!));
            cursor = (string?)page["nextCursor"];
        }
        while (cursor is not null);

        Assert.Equal(["page reader", "page 2", "page 1", "page 0"], names);
    }

    [Fact]
    public async Task Costs_a_request_neither_memory_nor_a_query()
    {
        (string text, _) = await service.MakeKeyAsync("cheap", "read");
        KeyRing keys = service.Service.Services.GetRequiredService<KeyRing>();
        Assert.Equal(KeyVerdict.Good, keys.Judge(text, out Caller? first));

        long before = GC.GetAllocatedBytesForCurrentThread();
        bool isSame = true;
        for (int i = 0; i < 1_000; i++)
        {
            isSame &= keys.Judge(text, out Caller? caller) == KeyVerdict.Good && ReferenceEquals(first, caller);
        }

        Assert.Equal((true, 0), (isSame, GC.GetAllocatedBytesForCurrentThread() - before));
    }

    private async Task<string> RotateAsync(string id, string json)
    {
        using StringContent body = new(json, Encoding.UTF8, "application/json");
        ApiAnswer answer = await service.Api.PostAsync($"/v1/keys/{id}/rotate", body);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Body);
        return (string)JsonNode.Parse(answer.Body)!["key"]!;
    }

    private async Task<HttpStatusCode> StatusAsync(string key) => (await service.With(key).GetAsync(Datasets.OriginalString)).Status;
}
