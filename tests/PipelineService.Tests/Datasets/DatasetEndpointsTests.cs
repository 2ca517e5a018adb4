using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Datasets;

public sealed class DatasetEndpointsTests(TestDatabase database) : IClassFixture<TestDatabase>, IAsyncLifetime
{
    private const string Definition = "{ 'schema': { 'fields': [ { 'name': 'a', 'type': 'integer' } ] } }";
    private const string Changed = "{ 'schema': { 'fields': [ { 'name': 'a', 'type': 'integer', 'title': 'A' } ] } }";

    private ServiceUnderTest _service = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _service = await ServiceUnderTest.StartAsync(database.ConnectionString);

    public ValueTask DisposeAsync() => _service.DisposeAsync();

    [Fact]
    public async Task Declares_changes_and_deletes_a_dataset()
    {
        using HttpResponseMessage created = await PutAsync("journey", Definition);
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal("/v1/datasets/journey", created.Headers.Location?.OriginalString);
        Assert.Equal("\"1\"", created.Headers.ETag?.Tag);

        using HttpResponseMessage unchanged = await PutAsync("journey", Definition);
        Assert.Equal((HttpStatusCode.OK, "\"1\""), (unchanged.StatusCode, unchanged.Headers.ETag?.Tag));

        using HttpResponseMessage changed = await PutAsync("journey", Changed);
        Assert.Equal((HttpStatusCode.OK, "\"2\""), (changed.StatusCode, changed.Headers.ETag?.Tag));

        JsonNode body = await GetJsonAsync("/v1/datasets/journey");
        Assert.Equal((2, "bigint"), ((int)body["version"]!, (string)body["definition"]!["schema"]!["fields"]![0]!["sqlType"]!));
        Assert.EndsWith("Z", (string)body["updatedAt"]!, StringComparison.Ordinal);

        JsonNode first = await GetJsonAsync("/v1/datasets/journey/versions/1");
        Assert.Null(first["definition"]!["schema"]!["fields"]![0]!["title"]);
        JsonNode versions = await GetJsonAsync("/v1/datasets/journey/versions?limit=1");
        Assert.Equal((2, "2"), ((int)versions["items"]![0]!["version"]!, (string)versions["nextCursor"]!));
        JsonNode all = await GetJsonAsync("/v1/datasets");
        Assert.Contains("journey", all["items"]!.AsArray().Select(d => (string)d!["name"]!));

        using HttpResponseMessage deleted = await SendAsync(HttpMethod.Delete, "journey");
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        await AssertProblemAsync(await SendAsync(HttpMethod.Get, "journey"), 404, "dataset_not_found");
        Assert.Equal("journey", await database.ScalarAsync<string>("SELECT relname::text FROM pg_class WHERE relname = 'journey'"));

        using HttpResponseMessage revived = await PutAsync("journey", Changed);
        Assert.Equal((HttpStatusCode.Created, "\"3\""), (revived.StatusCode, revived.Headers.ETag?.Tag));
    }

    [Fact]
    public async Task Refuses_a_definition_of_which_a_test_fails()
    {
        string tested = Definition.Replace(" } ] } }", " } ] }, 'tests': [ { 'record': { 'a': '1' }, 'row': { 'a': 2 } } ] }", StringComparison.Ordinal);

        JsonNode problem = await AssertProblemAsync(await PutAsync("tested", tested), 400, "invalid_definition");

        Assert.Equal("2 was expected, but the row has 1.", (string?)problem["errors"]!["/tests/0/row/a"]![0]);
        await AssertProblemAsync(await SendAsync(HttpMethod.Get, "tested"), 404, "dataset_not_found");
        using HttpResponseMessage created = await PutAsync("tested", tested.Replace("'a': 2", "'a': 1", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        Assert.Equal(1, (int)(await GetJsonAsync("/v1/datasets/tested"))["definition"]!["tests"]![0]!["row"]!["a"]!);
    }

    [Fact]
    public async Task Honours_preconditions()
    {
        await AssertProblemAsync(await PutAsync("guarded", Definition, ("If-Match", "*")), 412, "precondition_failed");
        using HttpResponseMessage created = await PutAsync("guarded", Definition, ("If-None-Match", "*"));
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);

        await AssertProblemAsync(await PutAsync("guarded", Definition, ("If-None-Match", "*")), 412, "precondition_failed");
        await AssertProblemAsync(await PutAsync("guarded", Changed, ("If-Match", "\"7\"")), 412, "precondition_failed");
        await AssertProblemAsync(await PutAsync("guarded", Changed, ("If-Match", "W/\"1\"")), 412, "precondition_failed");
        await AssertProblemAsync(await PutAsync("guarded", Changed, ("If-Match", "1")), 412, "precondition_failed");
        using HttpResponseMessage changed = await PutAsync("guarded", Changed, ("If-Match", "\"7\", \"1\""));
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);

        using HttpResponseMessage notModified = await SendAsync(HttpMethod.Get, "guarded", null, ("If-None-Match", "\"2\""));
        Assert.Equal(HttpStatusCode.NotModified, notModified.StatusCode);
        await AssertProblemAsync(
            await SendAsync(HttpMethod.Delete, "guarded", null, ("If-Match", "\"1\"")), 412, "precondition_failed");
    }

    [Fact]
    public async Task Takes_back_what_it_gave()
    {
        using HttpResponseMessage created = await PutAsync("returned", Definition);
        string answer = (await GetJsonAsync("/v1/datasets/returned")).ToJsonString();

        using HttpResponseMessage unchanged = await PutAsync("returned", answer);
        Assert.Equal((HttpStatusCode.OK, "\"1\""), (unchanged.StatusCode, unchanged.Headers.ETag?.Tag));

        using HttpResponseMessage changed = await PutAsync(
            "returned", answer.Replace("\"type\":\"integer\"", "\"type\":\"integer\",\"title\":\"A\"", StringComparison.Ordinal));
        Assert.Equal((HttpStatusCode.OK, "\"2\""), (changed.StatusCode, changed.Headers.ETag?.Tag));

        // What was got before that change would undo it.
        JsonNode problem = await AssertProblemAsync(await PutAsync("returned", answer), 412, "precondition_failed");
        Assert.Contains("version 1", (string)problem["detail"]!, StringComparison.Ordinal);
        string old = (await GetJsonAsync("/v1/datasets/returned/versions/1"))["definition"]!.ToJsonString();
        using HttpResponseMessage restored = await PutAsync("returned", old);
        Assert.Equal((HttpStatusCode.OK, "\"3\""), (restored.StatusCode, restored.Headers.ETag?.Tag));
    }

    [Fact]
    public async Task Takes_what_another_service_gave_for_a_dataset_that_is_new_here()
    {
        using HttpResponseMessage created = await PutAsync(
            "moved", $"{{ 'name': 'moved', 'version': 7, 'definition': {Definition} }}");

        Assert.Equal((HttpStatusCode.Created, "\"1\""), (created.StatusCode, created.Headers.ETag?.Tag));
    }

    [Fact]
    public async Task Refuses_a_name_that_is_not_that_of_the_address()
    {
        JsonNode problem = await AssertProblemAsync(
            await PutAsync("addressed", Definition.Replace("{ 'schema'", "{ 'name': 'other', 'schema'", StringComparison.Ordinal)),
            400, "invalid_definition");

        Assert.Equal(["/name"], problem["errors"]!.AsObject().Select(e => e.Key));
    }

    [Fact]
    public async Task Says_when_a_required_field_that_came_later_is_no_required_column()
    {
        const string Later = "{ 'schema': { 'fields': [ { 'name': 'a', 'type': 'integer' }, "
            + "{ 'name': 'b', 'type': 'integer', 'constraints': { 'required': true } } ] } }";
        using HttpResponseMessage created = await PutAsync("later", Definition);
        await database.ExecuteAsync("INSERT INTO public.later VALUES (1, gen_random_uuid(), 1)");

        using HttpResponseMessage changed = await PutAsync("later", Later);
        using HttpResponseMessage again = await PutAsync("later", $"{{ 'definition': {Later} }}");

        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        JsonObject warnings = JsonNode.Parse(await changed.Content.ReadAsStringAsync(Token))!["warnings"]!.AsObject();
        Assert.Contains(
            "ALTER TABLE", (string)warnings["/schema/fields/1/constraints/required"]![0]!, StringComparison.Ordinal);
        Assert.Equal(
            ["/definition/schema/fields/1/constraints/required"],
            JsonNode.Parse(await again.Content.ReadAsStringAsync(Token))!["warnings"]!.AsObject().Select(w => w.Key));
        Assert.Null((await GetJsonAsync("/v1/datasets/later"))["warnings"]);
    }

    [Fact]
    public async Task Places_in_a_table_that_contradicts_are_places_in_the_body()
    {
        await database.ExecuteAsync("CREATE TABLE public.contrary (a text, _job_id uuid, _record bigint)");

        JsonNode problem = await AssertProblemAsync(
            await PutAsync("contrary", $"{{ 'definition': {Definition} }}"), 400, "table_mismatch");

        Assert.Equal(["/definition/schema/fields/0/sqlType"], problem["errors"]!.AsObject().Select(e => e.Key));
    }

    [Fact]
    public async Task Names_every_fault_by_its_place()
    {
        JsonNode problem = await AssertProblemAsync(
            await PutAsync("wrong", "{ 'schema': { 'fields': [ { 'name': '' }, { 'typ': 'x' } ] } }"), 400, "invalid_definition");

        Assert.Equal(
            ["/schema/fields/1/name", "/schema/fields/1/typ", "/schema/fields/0/name"],
            problem["errors"]!.AsObject().Select(e => e.Key));
    }

    [Theory]
    [InlineData("Trips")]
    [InlineData("1trips")]
    [InlineData("trips%0A")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    public async Task Refuses_a_name_that_no_dataset_can_have(string name) =>
        await AssertProblemAsync(await PutAsync(name, Definition), 400, "invalid_dataset_name");

    [Fact]
    public async Task Refuses_bodies_that_are_no_definition()
    {
        await AssertProblemAsync(await PutAsync("body", "{ 'a': 1, 'a': 2 }"), 400, "malformed_json");
        await AssertProblemAsync(await PutAsync("body", new string(' ', 1024 * 1024) + Definition), 413, "body_too_large");
        await AssertProblemAsync(
            await PutAsync("body", Definition, ("Content-Encoding", "gzip")), 415, "unsupported_content_encoding");
        using var text = new StringContent(Definition, Encoding.UTF8, "text/csv");
        await AssertProblemAsync(await SendAsync(HttpMethod.Put, "body", text), 415, "unsupported_media_type");
    }

    [Fact]
    public async Task Says_so_when_a_load_holds_the_table()
    {
        using HttpResponseMessage created = await PutAsync("busy", Definition);
        await using Npgsql.NpgsqlConnection load = await database.DataSource.OpenConnectionAsync(Token);
        await using Npgsql.NpgsqlTransaction transaction = await load.BeginTransactionAsync(Token);
        await using var lockTable = new Npgsql.NpgsqlCommand("LOCK TABLE public.busy IN ROW EXCLUSIVE MODE", load);
        await lockTable.ExecuteNonQueryAsync(Token);

        using HttpResponseMessage unchanged = await PutAsync("busy", Definition);
        Assert.Equal(HttpStatusCode.OK, unchanged.StatusCode);
        await AssertProblemAsync(
            await PutAsync("busy", Definition.Replace("] }", ", { 'name': 'b' } ] }", StringComparison.Ordinal)), 409, "table_busy");
    }

    [Theory]
    [InlineData("/v1/datasets?limit=0", 400, "malformed_query")]
    [InlineData("/v1/datasets?cursor=%00", 400, "malformed_query")]
    [InlineData("/v1/datasets/none/versions", 404, "dataset_not_found")]
    [InlineData("/v1/datasets/none/versions/1", 404, "dataset_not_found")]
    public async Task Answers_with_problems(string path, int status, string code) =>
        await AssertProblemAsync(await _service.Client.GetAsync(new Uri(path, UriKind.Relative), Token), status, code);

    private Task<HttpResponseMessage> PutAsync(string name, string definition, params (string, string)[] headers) =>
        SendAsync(
            HttpMethod.Put,
            name,
            new ByteArrayContent(DefinitionText.Bytes(definition))
            {
                Headers = { ContentType = new MediaTypeHeaderValue("application/json") },
            },
            headers);

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string name, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, $"/v1/datasets/{name}") { Content = content };
        foreach ((string header, string value) in headers)
        {
            _ = request.Headers.TryAddWithoutValidation(header, value)
                || content!.Headers.TryAddWithoutValidation(header, value);
        }

        return await _service.Client.SendAsync(request, Token);
    }

    private async Task<JsonNode> GetJsonAsync(string path) =>
        JsonNode.Parse(await _service.Client.GetStringAsync(new Uri(path, UriKind.Relative), Token))!;

    private static async Task<JsonNode> AssertProblemAsync(HttpResponseMessage response, int status, string code)
    {
        using (response)
        {
            JsonNode problem = JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!;
            Assert.Equal((status, code), ((int)response.StatusCode, (string)problem["code"]!));
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            return problem;
        }
    }
}
