using System.Globalization;
using System.Text;
using System.Text.Json;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Formats;

/// <summary>Documents of which each has many records, and values that stand deeper, from the upload to the row and the dead letter.</summary>
public sealed class DocumentItemsLoadTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Json = "application/json";
    private const string Ndjson = "application/x-ndjson";

    private static int _datasets;

    [Theory]
    [InlineData(Ndjson, "{\"host\":\"a\",\"events\":[{\"id\":1,\"v\":{\"x\":1.10}},{\"id\":2}]}\n\n{\"events\":[],\"host\":\"b\"}\n{\"events\":[{\"id\":3}]}\n", "a:1:1.10:1 a:2:~:2 ~:3:~:3")]
    [InlineData(Json, "{\n\"events\":[{\"id\":1},\n{\"id\":2}],\n\"host\":\"a\"}", "a:1:~:1 a:2:~:2")]
    [InlineData(Json, "[{\"host\":\"a\",\"events\":[{\"id\":1}]},\n{\"host\":\"b\",\"events\":[{\"id\":2,\"v\":{\"x\":9007199254740993.000000000000000000001}}]}]", "a:1:~:1 b:2:9007199254740993.000000000000000000001:2")]
    [InlineData("application/json-seq", "\u001E{\"host\":\"a\",\"events\":[{\"id\":1}]}\n\u001E{\"events\":[{\"id\":2}]}\n", "a:1:~:1 ~:2:~:2")]
    [InlineData(Json, "[]", "")]
    public async Task Each_item_is_a_record(string type, string data, string rows)
    {
        string dataset = await DeclareAsync();

        JobView job = await LoadAsync(dataset, data, type);

        Assert.True(job.State == JobState.Succeeded, job.Error?.Detail);
        Assert.Equal(rows, string.Join(' ', await RowsAsync(dataset)));
    }

    [Fact]
    public async Task A_document_without_items_is_one_reject()
    {
        string dataset = await DeclareAsync();

        JobView job = await LoadAsync(
            dataset, "{\"events\":[{\"id\":1},{\"id\":2}]}\n{\"host\":\"x\"}\n{\"events\":7}\n{\"events\":[{\"id\":3}\n{\"events\":[{\"id\":4}]}\n", Ndjson);

        Assert.Equal(new RecordsView(6, 3, 3, 0), job.Records);
        Assert.Equal(
            ["3:2 no_items * {\"host\":\"x\"}", "4:3 no_items * {\"events\":7}", "5:4 malformed_json * {\"events\":[{\"id\":3}"],
            await service.DeadLettersAsync(job));
    }

    /// <summary>A dead letter names the document and the item, and is the document with that item: mended it is loaded.</summary>
    [Fact]
    public async Task A_rejected_item_comes_in_its_document_and_can_be_sent_again()
    {
        string dataset = await DeclareAsync();
        JobView job = await LoadAsync(
            dataset, "{\"host\":\"a\",\"events\":[]}\n{\"host\":\"b\",\"events\":[{\"id\":1},{\"id\":\"#2\"},{\"id\":3}],\"n\":[0]}\n{\"events\":[{\"id\":\"#4\"}]}\n", Ndjson);
        Assert.Equal(new RecordsView(4, 2, 2, 0), job.Records);

        using var page = JsonDocument.Parse((await service.Api.GetAsync($"/v1/jobs/{job.Id}/dead-letters")).Body);
        Assert.Equal(
            [
                "2 2 25 2 {\"host\":\"b\",\"events\":[{\"id\":\"#2\"}],\"n\":[0]}",
                "4 3 87 1 {\"events\":[{\"id\":\"#4\"}]}",
            ],
            page.RootElement.GetProperty("items").EnumerateArray().Select(letter =>
                $"{letter.GetProperty("record")} {letter.GetProperty("line")} {letter.GetProperty("byteOffset")} {letter.GetProperty("item")} {letter.GetProperty("raw")}"));

        string raw = string.Join('\n', page.RootElement.GetProperty("items").EnumerateArray().Select(letter => letter.GetProperty("raw").GetString()));
        JobView again = await LoadAsync(dataset, raw.Replace("#", "", StringComparison.Ordinal), Ndjson);
        Assert.Equal((JobState.Succeeded, new RecordsView(2, 2, 0, 0)), (again.State, again.Records));
        JobView mended = await service.MendAsync(job, ("#", "9"));
        Assert.Equal((JobState.Succeeded, new RecordsView(2, 2, 0, 0)), (mended.State, mended.Records));
        Assert.Equal(["b:1:~:1", "b:2:~:1", "b:3:~:3", "~:4:~:2", "b:92:~:1", "~:94:~:2"], await RowsAsync(dataset));
    }

    [Fact]
    public async Task An_item_that_the_database_refuses_is_told_of_as_another()
    {
        string dataset = await DeclareAsync();
        await service.Database.ExecuteAsync($"ALTER TABLE public.{dataset} ADD CHECK (id < 5), ADD UNIQUE (host, id)");

        JobView job = await LoadAsync(dataset, "[{\"host\":\"a\",\n\"events\":[{\"id\":1},{\"id\":7},\n{\"id\":1}]}]", Json);

        Assert.Equal(new RecordsView(3, 1, 2, 0), job.Records);
        Assert.Equal(
            ["2:2:1:2 check 7 {\"host\":\"a\",\n\"events\":[{\"id\":7}]}", "3:3:1:3 unique a, 1 {\"host\":\"a\",\n\"events\":[{\"id\":1}]}"],
            await service.RowsAsync($"""
                SELECT concat(record, ':', line, ':', byte_offset, ':', item, ' ', errors->0->>'code', ' ', errors->0->>'value', ' ', convert_from(raw, 'UTF8'))
                FROM pipeline.dead_letters WHERE job_id = '{job.Id}' ORDER BY record
                """));
    }

    [Fact]
    public async Task A_document_with_much_around_its_items_gives_letters_of_the_items_alone()
    {
        string dataset = await DeclareAsync();

        JobView job = await LoadAsync(dataset, $"{{\"host\":\"a\",\"x\":\"{new string('x', 20_000)}\",\"events\":[{{\"id\":1}},{{\"id\":\"x\"}}]}}", Ndjson);

        Assert.Equal(
            ["{\"id\":\"x\"} true"],
            await service.RowsAsync($"SELECT convert_from(raw, 'UTF8') || ' ' || raw_truncated FROM pipeline.dead_letters WHERE job_id = '{job.Id}'"));
    }

    [Fact]
    public async Task However_documents_are_cut_every_item_is_loaded_once()
    {
        const int Documents = 3_000;
        StringBuilder data = new("[");
        int id = 0;
        for (int document = 0; document < Documents; document++)
        {
            data.Append(document == 0 ? "" : ",\n").Append(CultureInfo.InvariantCulture, $"{{\"host\":\"h{document}\",\"events\":[");
            for (int item = 0; item < document % 12; item++)
            {
                data.Append(item == 0 ? "" : ", ").Append(CultureInfo.InvariantCulture, $"{{\"v\":{{\"x\":{document}}},\"id\":{++id}}}");
            }

            data.Append("]}");
        }

        string dataset = await DeclareAsync();
        JobView job = await LoadAsync(dataset, data.Append(']').ToString(), Json);

        Assert.Equal((JobState.Succeeded, new RecordsView(id, id, 0, 0)), (job.State, job.Records));
        Assert.Equal(
            id, await service.Database.ScalarAsync<long>($"SELECT count(*) FROM public.{dataset} WHERE _record = id AND host = 'h' || x"));
    }

    /// <summary>Personal data of the document and of the item is hidden, in the document that is shown too.</summary>
    [Fact]
    public async Task Personal_data_is_shown_of_no_part_of_a_document()
    {
        string dataset = $"items_of_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(
            dataset,
            """
            { "name": "host", "type": "string", "path": "^/host" }, { "name": "id", "type": "integer" },
            { "name": "mail", "type": "string", "path": "/user/mail" }
            """,
            rest: """
                , "format": "ndjson", "dialect": { "items": "/events" },
                  "transforms": [ { "op": "redact", "fields": ["host", "mail"], "pii": true } ]
                """);

        JobView job = await LoadAsync(dataset, "{\"host\":\"secret\",\"events\":[{\"id\":\"x\",\"user\":{\"mail\":\"hidden\"}}]}", Ndjson);

        string letter = Assert.Single(await service.DeadLettersAsync(job));
        Assert.StartsWith("1:1 type_mismatch id {\"host\":\"", letter, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", letter, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden\"", letter.Replace("[hidden]", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tests_of_a_definition_have_documents_with_one_item() =>
        await service.DeclareAsync(
            "items_of_tests",
            """{ "name": "id", "type": "integer" }, { "name": "host", "type": "string", "path": "^/host" }""",
            rest: """
                , "format": "json", "dialect": { "items": "/events" },
                  "tests": [ { "record": { "host": "a", "events": [ { "id": 1 } ] }, "row": { "id": 1, "host": "a" } },
                             { "record": { "host": "a" }, "rejected": "no_items" } ]
                """);

    private async Task<string> DeclareAsync()
    {
        string dataset = $"items_of_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(
            dataset,
            """
            { "name": "host", "type": "string", "path": "^/host" }, { "name": "id", "type": "integer" },
            { "name": "x", "type": "number", "path": "v.x" }
            """,
            rest: """, "format": "json", "dialect": { "items": "/events" }""");
        return dataset;
    }

    private Task<JobView> LoadAsync(string dataset, string data, string contentType) =>
        service.LoadAsync(dataset, Encoding.UTF8.GetBytes(data), contentType);

    private Task<string[]> RowsAsync(string dataset) => service.RowsAsync(
        $"SELECT concat_ws(':', coalesce(host, '~'), id, coalesce(x::text, '~'), _record) FROM public.{dataset} ORDER BY id");
}
