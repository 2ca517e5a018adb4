using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Datasets.Views;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Events;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Datasets.Views;

/// <summary>What callers are told of views, and of those that cannot be kept.</summary>
public sealed class ViewEndpointTests(ViewStand stand) : IClassFixture<ViewStand>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string Definition(string view = """{ "name": "v", "groupBy": [ { "field": "at", "every": "PT1M" }, "city" ], "measures": { "n": "count", "total": "sum price" } }""") => $$"""
        { "schema": { "fields": [ { "name": "at", "type": "datetime" }, { "name": "city", "type": "string" },
                                  { "name": "price", "type": "number" } ], "fieldsMatch": "partial" },
          "views": [ {{view}} ] }
        """;

    private const string Csv = """
        at,city,price
        2026-01-01T00:00:10Z,Bern,1.50
        2026-01-01T00:00:59Z,Bern,2.25
        2026-01-01T00:01:00Z,=Basel,
        ,Bern,7
        2026-01-01T00:01:00Z,,8
        """;

    [Fact]
    public async Task Tells_groups_in_order_page_by_page_and_all_at_once()
    {
        await stand.DeclareAsync("paged", Definition());
        await stand.Api.LoadAsync("paged", Csv);

        List<string> groups = [];
        string? cursor = null;
        do
        {
            JsonElement page = await stand.ReadAsync("paged", "v", $"?limit=1{(cursor is null ? "" : $"&cursor={cursor}")}");
            groups.AddRange(page.GetProperty("items").EnumerateArray().Select(group => group.GetRawText()));
            cursor = page.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);

        string[] expected =
        [
            """{"at":"2026-01-01T00:00:00+00:00","city":"Bern","n":2,"total":3.75}""",
            """{"at":"2026-01-01T00:01:00+00:00","city":"=Basel","n":1,"total":null}""",
            """{"at":"2026-01-01T00:01:00+00:00","city":null,"n":1,"total":8}""",
            """{"at":null,"city":"Bern","n":1,"total":7}""",
        ];
        Assert.Equal(expected, groups);
        JsonElement some = await stand.ReadAsync("paged", "v", "?from=2026-01-01T00:01:00Z&to=2026-01-02");
        Assert.Equal(expected[1..3], some.GetProperty("items").EnumerateArray().Select(group => group.GetRawText()));
        ApiAnswer csv = await stand.Api.GetAsync("/v1/datasets/paged/views/v?to=2026-01-01T00:01:30Z", ("Accept", "text/csv"));
        Assert.Equal(
            "at,city,n,total\r\n2026-01-01 00:00:00+00,Bern,2,3.75\r\n2026-01-01 00:01:00+00,'=Basel,1,\r\n2026-01-01 00:01:00+00,,1,8\r\n",
            csv.Body);
        JsonElement state = (await stand.Api.GetAsync("/v1/datasets/paged/views")).Json.GetProperty("items")[0];
        Assert.Equal("ready", state.GetProperty("state").GetString());
        Assert.Equal(
            4, await stand.Database.ScalarAsync<long>($"SELECT count(*) FROM {state.GetProperty("relation").GetString()}"));
    }

    [Fact]
    public async Task Says_what_it_cannot_answer()
    {
        await stand.DeclareAsync("asked", Definition());
        await stand.DeclareAsync("untimed", Definition("""{ "name": "v", "groupBy": ["city"], "measures": { "n": "count" } }"""));

        await AssertAsync("/v1/datasets/nobody/views", HttpStatusCode.NotFound, "dataset_not_found");
        await AssertAsync("/v1/datasets/nobody/views/v", HttpStatusCode.NotFound, "dataset_not_found");
        await AssertAsync("/v1/datasets/asked/views/w", HttpStatusCode.NotFound, "view_not_found");
        await AssertAsync("/v1/datasets/asked/views/v?limit=0", HttpStatusCode.BadRequest, "malformed_query");
        await AssertAsync("/v1/datasets/asked/views/v?from=noon", HttpStatusCode.BadRequest, "malformed_query");
        await AssertAsync("/v1/datasets/asked/views/v?cursor=x", HttpStatusCode.BadRequest, "malformed_query");
        string cursor = System.Buffers.Text.Base64Url.EncodeToString("""["noon","Bern"]"""u8);
        await AssertAsync($"/v1/datasets/asked/views/v?cursor={cursor}", HttpStatusCode.BadRequest, "malformed_query");
        await AssertAsync("/v1/datasets/untimed/views/v?from=2026-01-01", HttpStatusCode.BadRequest, "malformed_query");
    }

    [Fact]
    public async Task A_view_that_is_declared_no_longer_goes_and_one_that_changes_is_built_anew()
    {
        await stand.DeclareAsync("changing", Definition());
        await stand.Api.LoadAsync("changing", Csv);
        long first = await stand.IdOfAsync("changing", "v");

        await stand.DeclareAsync("changing", Definition("""{ "name": "v", "groupBy": ["city"], "measures": { "n": "count" } }"""));

        long second = await stand.IdOfAsync("changing", "v");
        Assert.NotEqual(first, second);
        Assert.Equal(0, await stand.DifferencesAsync("changing", "v", "SELECT city, count(*) FROM changing GROUP BY 1"));
        Assert.Equal(HttpStatusCode.NoContent, (await stand.Api.DeleteAsync("/v1/datasets/changing")).Status);
        await ViewStand.KeepAsync(stand.Service);
        Assert.Equal(0, await stand.Database.ScalarAsync<long>(
            $"SELECT count(*) FROM pg_class WHERE relname IN ('view_{first}', 'view_{first}_parts', 'view_{second}', 'view_{second}_parts')"));
    }

    /// <summary>A table that changes rows as they come, from the start and later; a load that leaves a column to its default.</summary>
    [Fact]
    public async Task Rows_that_cannot_be_followed_are_never_told_wrong()
    {
        await stand.DeclareAsync("changed", Definition());
        await stand.Api.LoadAsync("changed", Csv);
        await stand.Database.ExecuteAsync("ALTER TABLE changed ALTER city SET DEFAULT 'Zug'");
        await stand.Api.LoadAsync("changed", "at,price\n2026-01-01T00:00:00Z,1\n");
        await AssertAsync("/v1/datasets/changed/views/v", HttpStatusCode.ServiceUnavailable, "view_not_ready");

        await ViewStand.KeepAsync(stand.Service);

        const string Query = "SELECT date_trunc('minute', at), city, count(*), sum(price) FROM changed GROUP BY 1, 2";
        Assert.Equal(0, await stand.DifferencesAsync("changed", "v", Query));
        await stand.Api.LoadAsync("changed", Csv);
        Assert.Equal(0, await stand.DifferencesAsync("changed", "v", Query));
        await stand.Database.ExecuteAsync("""
            CREATE FUNCTION upper_city() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.city := upper(NEW.city); RETURN NEW; END $$;
            CREATE TRIGGER upper_city BEFORE INSERT ON changed FOR EACH ROW EXECUTE FUNCTION upper_city()
            """);
        Assert.Equal(JobState.Succeeded, (await stand.Api.LoadAsync("changed", Csv)).State);
        await AssertAsync("/v1/datasets/changed/views/v", HttpStatusCode.ServiceUnavailable, "view_not_ready");
        await ViewStand.KeepAsync(stand.Service);
        await AssertAsync("/v1/datasets/changed/views/v", HttpStatusCode.Conflict, "view_refused");
    }

    [Fact]
    public async Task Another_table_of_the_same_name_is_another_table()
    {
        await stand.DeclareAsync("dropped", Definition());
        await stand.Api.LoadAsync("dropped", Csv);
        await stand.Database.ExecuteAsync("DROP TABLE dropped");
        await stand.Api.DeclareAsync("dropped", Definition());
        await stand.Api.LoadAsync("dropped", Csv);

        await ViewStand.KeepAsync(stand.Service);

        await stand.Api.LoadAsync("dropped", Csv);
        Assert.Equal(0, await stand.DifferencesAsync(
            "dropped", "v", "SELECT date_trunc('minute', at), city, count(*), sum(price) FROM dropped GROUP BY 1, 2"));
    }

    /// <summary>Made of numbers of another kind, it would take for such what later loads add to it.</summary>
    [Fact]
    public async Task A_column_of_another_type_is_waited_for()
    {
        await stand.DeclareAsync("retyped", """
            { "schema": { "fields": [ { "name": "id", "type": "integer" } ] },
              "views": [ { "name": "v", "groupBy": ["id"], "measures": { "n": "count" } } ] }
            """);
        await stand.Database.ExecuteAsync("""
            DROP TABLE retyped;
            CREATE TABLE retyped (id double precision, _job_id uuid NOT NULL, _record bigint NOT NULL)
            """);

        await ViewStand.KeepAsync(stand.Service);

        await AssertAsync("/v1/datasets/retyped/views/v", HttpStatusCode.ServiceUnavailable, "view_not_ready");
        JsonElement state = (await stand.Api.GetAsync("/v1/datasets/retyped/views")).Json.GetProperty("items")[0];
        Assert.Contains("is double precision, and bigint is declared", state.GetProperty("reason").GetString(), StringComparison.Ordinal);
        await stand.Database.ExecuteAsync("ALTER TABLE retyped ALTER id TYPE bigint");
        await ViewStand.KeepAsync(stand.Service);
        Assert.Equal(JobState.Succeeded, (await stand.Api.LoadAsync("retyped", "id\n1\n1\n2\n")).State);
        Assert.Equal(0, await stand.DifferencesAsync("retyped", "v", "SELECT id, count(*) FROM retyped GROUP BY 1"));
    }

    /// <summary>That the tests would see it.</summary>
    [Fact]
    public async Task A_part_that_is_missing_is_a_difference()
    {
        await stand.DeclareAsync("missing", Definition());
        await stand.Api.LoadAsync("missing", Csv);
        const string Query = "SELECT date_trunc('minute', at), city, count(*), sum(price) FROM missing GROUP BY 1, 2";
        Assert.Equal(0, await stand.DifferencesAsync("missing", "v", Query));

        await stand.Database.ExecuteAsync($"DELETE FROM pipeline.view_{await stand.IdOfAsync("missing", "v")}_parts WHERE f0_sum = 8");

        Assert.Equal(1, await stand.DifferencesAsync("missing", "v", Query));
    }

    [Fact]
    public async Task More_groups_than_may_be_are_refused()
    {
        await stand.Api.DeclareAsync("crowded", """{ "schema": { "fields": [ { "name": "id", "type": "integer" } ] } }""");
        await stand.Database.ExecuteAsync("INSERT INTO crowded SELECT i, gen_random_uuid(), i FROM generate_series(1, 200001) i");

        await stand.DeclareAsync("crowded", """
            { "schema": { "fields": [ { "name": "id", "type": "integer" } ] }, "views": [ { "name": "v", "groupBy": ["id"], "measures": { "n": "count" } } ] }
            """);

        await AssertAsync("/v1/datasets/crowded/views/v", HttpStatusCode.Conflict, "view_refused");
    }

    /// <summary>A load that holds the table keeps the view from being built, and nobody else from anything.</summary>
    [Fact]
    public async Task Is_built_while_loads_go_on()
    {
        await stand.Api.DeclareAsync("busy", Definition().Replace("\"views\"", "\"x-views\"", StringComparison.Ordinal));
        await using (NpgsqlConnection load = await stand.Database.DataSource.OpenConnectionAsync(Token))
        {
            await using NpgsqlCommand insert = new("BEGIN; INSERT INTO busy VALUES (now(), 'Bern', 1, gen_random_uuid(), 1)", load);
            await insert.ExecuteNonQueryAsync(Token);

            await stand.Api.DeclareAsync("busy", Definition());

            Assert.NotEqual(0, await stand.Service.Services.GetRequiredService<ViewKeeper>().RunOnceAsync(Token));
            await AssertAsync("/v1/datasets/busy/views/v", HttpStatusCode.ServiceUnavailable, "view_not_ready");
            Assert.Equal(JobState.Succeeded, (await stand.Api.LoadAsync("busy", Csv)).State);
            await using NpgsqlCommand commit = new("COMMIT", load);
            await commit.ExecuteNonQueryAsync(Token);
        }

        await ViewStand.KeepAsync(stand.Service);

        Assert.Equal(0, await stand.DifferencesAsync(
            "busy", "v", "SELECT date_trunc('minute', at), city, count(*), sum(price) FROM busy GROUP BY 1, 2"));
    }

    [Fact]
    public async Task Streams_the_groups_that_change_and_those_that_go()
    {
        await stand.DeclareAsync("streamed", Definition());
        JobView first = await stand.Api.LoadAsync("streamed", Csv);
        using SseClient stream = await SseClient.OpenAsync(stand.Service.Client, "/v1/datasets/streamed/views/v");
        SseEvent begin = (await stream.NextAsync())!;
        Assert.Equal(("reset", """{"reason":"begin"}"""), (begin.Type, begin.Data));

        await stand.Api.LoadAsync("streamed", "at,city,price\n2026-01-01T00:00:30Z,Bern,0.25\n");

        JsonElement added = await NextAsync();
        Assert.Equal(
            """[{"at":"2026-01-01T00:00:00+00:00","city":"Bern","n":3,"total":4.00}]""", added.GetProperty("groups").GetRawText());
        await stand.Api.RevertAsync(first.Id);
        JsonElement reverted = await NextAsync();
        Assert.Equal(
            """[{"at":"2026-01-01T00:00:00+00:00","city":"Bern","n":1,"total":0.25}]""", reverted.GetProperty("groups").GetRawText());
        Assert.Equal(3, reverted.GetProperty("gone").GetArrayLength());
        Assert.Equal("""{"at":null,"city":"Bern"}""", reverted.GetProperty("gone")[2].GetRawText());
        await stand.DeclareAsync("streamed", Definition("""{ "name": "w", "groupBy": ["city"], "measures": { "n": "count" } }"""));
        Assert.Equal("""{"reason":"gone"}""", (await stream.NextAsync())!.Data);
        Assert.Null(await stream.NextAsync());

        async Task<JsonElement> NextAsync()
        {
            SseEvent next = (await stream.NextAsync())!;
            Assert.Equal("groups", next.Type);
            return JsonElement.Parse(next.Data);
        }
    }

    private async Task AssertAsync(string path, HttpStatusCode status, string code)
    {
        ApiAnswer answer = await stand.Api.GetAsync(path);
        Assert.True(answer.Status == status, answer.Body);
        Assert.Equal(code, answer.Problem.Code);
    }
}
