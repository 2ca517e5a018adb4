using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Datasets;

/// <summary>Names of fields and tables that would be more than names if somebody put them into SQL, a log or a path as they are.</summary>
public sealed class HostileNamesTests(RunningService running) : IClassFixture<RunningService>
{
    private static readonly string[] Names =
    [
        "\"", "\"\"", "'", "a\"; DROP TABLE pipeline.jobs; --", "'); SELECT pg_sleep(9); --", "\\", "\\\"", "$1", "$$", "%s", "{0}",
        "{{x}}", "--", "/*", "a.b", "select",
        "user", "null", " a ", "\u202Egnp.exe", "а", "a", "ａ", "é", "e\u0301", "💩", "<b>", "=1+1", "../..", "CON", "../../etc/passwd",
        "a\tb", "\u001b[31mred",
        new('x', 63), "é" + new string('x', 61),
    ];

    [Fact]
    public async Task Are_names_and_nothing_else()
    {
        JsonObject definition = new()
        {
            ["dialect"] = new JsonObject { ["delimiter"] = "|" },
            ["schema"] = new JsonObject
            {
                ["fields"] = new JsonArray([.. Names.Select(name => new JsonObject { ["name"] = name, ["type"] = "string" })]),
                ["primaryKey"] = new JsonArray(Names[0], Names[3]),
            },
            ["load"] = new JsonObject { ["table"] = "public.\"hostile\"\"; DROP TABLE pipeline.jobs; --\"" },
        };
        Assert.Equal(HttpStatusCode.Created, (await PutAsync("hostile_names", definition)).Status);
        string header = string.Join('|', Names.Select(name => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\""));
        string row = string.Join('|', Names.Select((_, place) => $"v{place}"));

        JobView job = await running.Api.LoadAsync("hostile_names", $"{header}\n{row}\n{row}\n");

        Assert.Equal((JobState.PartiallySucceeded, 1L, 1L), (job.State, job.Records.Loaded, job.Records.Rejected));
        Assert.Equal(HttpStatusCode.OK, (await running.Api.GetAsync($"/v1/jobs/{job.Id}/dead-letters", ("Accept", "text/csv"))).Status);
        string[] columns = await running.RowsAsync("""
            SELECT attname::text FROM pg_attribute WHERE attrelid = 'public."hostile""; DROP TABLE pipeline.jobs; --"'::regclass AND attnum > 0 ORDER BY attnum
            """);
        Assert.Equal(Names, columns[..Names.Length]);
        Assert.Equal(1, await running.Database.ScalarAsync<long>($"""
            SELECT count(*) FROM public."hostile""; DROP TABLE pipeline.jobs; --" t WHERE to_jsonb(t) ->> '{Names[^1]}' = 'v{Names.Length - 1}'
            """));
        Assert.Equal(HttpStatusCode.OK, (await running.Api.RevertAsync(job.Id)).Status);
    }

    [Theory]
    [InlineData("a\\u0000b")]
    [InlineData("\\uD800")]
    [InlineData("")]
    [InlineData("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")]
    [InlineData("ééééééééééééééééééééééééééééééééé")]
    [InlineData("ctid")]
    [InlineData("xmin")]
    [InlineData("tableoid")]
    [InlineData("_job_id")]
    [InlineData("_record")]
    public async Task Those_that_no_column_can_have_are_refused(string name)
    {
        ApiAnswer answer = await PutAsync("hostile_refused", $$"""{ "schema": { "fields": [{ "name": "{{name}}", "type": "string" }] } }""");

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.False(await running.Database.ScalarAsync<bool>("SELECT to_regclass('public.hostile_refused') IS NOT NULL"));
    }

    /// <summary>PostgreSQL would cut both to the same name.</summary>
    [Fact]
    public async Task No_two_become_one_by_being_cut()
    {
        string same = new('x', 63);

        ApiAnswer answer = await PutAsync(
            "hostile_cut", $$"""{ "schema": { "fields": [{ "name": "{{same}}1", "type": "string" }, { "name": "{{same}}2", "type": "string" }] } }""");

        Assert.Equal(["/schema/fields/0/name", "/schema/fields/1/name"], answer.Problem.Errors!.Keys);
    }

    private Task<ApiAnswer> PutAsync(string dataset, JsonObject definition) => PutAsync(dataset, definition.ToJsonString());

    private async Task<ApiAnswer> PutAsync(string dataset, string definition)
    {
        using StringContent body = new(definition, Encoding.UTF8, "application/json");
        return await running.Api.PutAsync($"/v1/datasets/{dataset}", body);
    }
}
