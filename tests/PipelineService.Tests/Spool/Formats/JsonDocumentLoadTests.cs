using System.Globalization;
using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Formats;

/// <summary>Records in one JSON document, or in a sequence of them, from the upload to the row and the dead letter.</summary>
public sealed class JsonDocumentLoadTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Json = "application/json";
    private const string Sequence = "application/json-seq";

    private static int _datasets;

    [Theory]
    [InlineData("", "[]", "")]
    [InlineData("", " \r\n[ ] \n", "")]
    [InlineData("", "[{\"id\":1,\"note\":\"a\"}]", "1:a:1")]
    [InlineData("", "\uFEFF[\r\n  {\r\n    \"id\": 1,\r\n    \"note\": \"a, b\"\r\n  },\r\n  { \"id\": \"2\" }\r\n]\r\n", "1:a, b:1 2:~:2")]
    [InlineData("", "[{\"id\":9007199254740993},{\"id\":-9223372036854775808}]", "-9223372036854775808:~:2 9007199254740993:~:1")]
    [InlineData("'property': 'rows'", "{\"count\":[1],\"rows\":[{\"id\":1}],\"next\":null}", "1:~:1")]
    [InlineData("'property': '/data/items'", "{\"items\":[],\"data\":{\"more\":{\"items\":[]},\n\"items\": [\n{\"id\":1},{\"id\":2}]},\"z\":1}", "1:~:1 2:~:2")]
    [InlineData("'property': '/a~1b'", "{\"a/b\":[{\"id\":1}]}", "1:~:1")]
    [InlineData("'property': ''", "{\"id\":1,\n\"note\":\"x\"}\n", "1:x:1")]
    [InlineData("'property': ''", "[{\"id\":1},{\"id\":2}]", "1:~:1 2:~:2")]
    [InlineData("'itemType': 'array'", "[[\"id\",\"note\"],\n[1,\"a\"],[2,null]]", "1:a:1 2:~:2")]
    [InlineData("'itemType': 'array', 'header': false", "[[1,\"a\"]]", "1:a:1")]
    [InlineData("'itemType': 'array', 'itemKeys': ['note', 'id']", "[[\"a\",1]]", "1:a:1")]
    [InlineData("'itemType': 'array', 'property': 'rows'", "{\"rows\":[[\"note\",\"id\"],[\"a\",1]],\"x\":0}", "1:a:1")]
    public async Task A_document_is_loaded_as_what_it_says(string dialect, string data, string rows)
    {
        string dataset = await DeclareAsync(dialect);

        JobView job = await LoadAsync(dataset, data, Json);

        Assert.True(job.State == JobState.Succeeded, job.Error?.Detail);
        Assert.Equal(rows, string.Join(' ', await RowsAsync(dataset)));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("\u001E{\"id\":1}\n", "1:~:1")]
    [InlineData("\u001E{\n\"id\":1}\n\u001E\n\u001E\u001E{\"id\":2,\"note\":\"x\"}", "1:~:1 2:x:2")]
    public async Task A_sequence_is_loaded_as_what_it_says(string data, string rows)
    {
        string dataset = await DeclareAsync("");

        JobView job = await LoadAsync(dataset, data, Sequence);

        Assert.True(job.State == JobState.Succeeded, job.Error?.Detail);
        Assert.Equal(rows, string.Join(' ', await RowsAsync(dataset)));
    }

    [Theory]
    [InlineData("", "[{\"id\":1},\n{\"id\":2}", "malformed_document", "The document ends at byte 19 (line 2), behind 1 record,")]
    [InlineData("", "[{\"id\":1} {\"id\":2}]", "malformed_document", "at byte 10 (line 1), behind 0 records, and \"{\" stands there")]
    [InlineData("", "[{\"id\":1},{\"id\":2},]", "malformed_document", "A record is expected at byte 19")]
    [InlineData("", "[{\"id\":1},{\"id\":[2}]", "malformed_document", "The bracket \"}\" at byte 18")]
    [InlineData("", "[{\"id\":1}]\n[{\"id\":2}]", "malformed_document", "not well-formed at byte 11 (line 2), behind 1 record")]
    [InlineData("", "[{\"id\":1}]x", "malformed_document", "at byte 10")]
    [InlineData("", "", "malformed_document", "The document ends at byte 0")]
    [InlineData("", "{\"x\":1,\"rows\":[{\"id\":1}]}", "document_mismatch", "Set dialect.property to the name of the array in it (it has arrays under \"rows\")")]
    [InlineData("", "id,note\n1,a\n", "document_mismatch", "CSV as text/csv")]
    [InlineData("", "\u001E{\"id\":1}\n", "document_mismatch", "application/json-seq")]
    [InlineData("'property': 'rows'", "{\"Rows\":[],\"x\":1}", "document_mismatch", "no \"rows\". It has \"Rows\", \"x\".")]
    [InlineData("'property': '/a/rows'", "{\"a\":{\"b\":1}}", "document_mismatch", "no \"rows\" of dialect.property (\"/a/rows\"). It has \"b\".")]
    [InlineData("'property': 'rows'", "{\"rows\":{}}", "document_mismatch", "\"rows\" is no array")]
    [InlineData("'property': 'rows'", "[{\"id\":1}]", "document_mismatch", "leave dialect.property out")]
    [InlineData("'property': 'rows'", "{\"rows\":[{\"id\":1}],\"rows\":[{\"id\":2}]}", "malformed_document", "comes once more at byte 19")]
    [InlineData("'property': 'rows'", "{\"rows\":[{\"id\":1}]", "malformed_document", "ends at byte 18")]
    [InlineData("'property': 'rows'", "{\"a\":nul,\"rows\":[{\"id\":1}]", "malformed_document", "What comes before the records is not well-formed at byte 5")]
    [InlineData("'property': ''", "{\"id\":1} {\"id\":2}", "malformed_document", "at byte 9")]
    [InlineData("'itemType': 'array'", "[{\"id\":1}]", "header_mismatch", "by dialect.itemType records are arrays")]
    public async Task A_document_that_cannot_be_read_fails_with_the_place(string dialect, string data, string code, string detail)
    {
        string dataset = await DeclareAsync(dialect);

        JobView job = await LoadAsync(dataset, data, Json);

        Assert.Equal((JobState.Failed, code), (job.State, job.Error?.Code));
        Assert.Contains(detail, job.Error!.Detail, StringComparison.Ordinal);
        Assert.Empty(await RowsAsync(dataset));
    }

    /// <summary>What stands around the records may be longer than a chunk, and a name or a value in it as long as a record.</summary>
    [Fact]
    public async Task What_encloses_the_records_may_be_long()
    {
        string dataset = await DeclareAsync("'property': 'rows'");
        string text = new('x', 50_000);
        string many = string.Join(",\n", Enumerable.Repeat("[{\"rows\":[]}]", 5_000));

        JobView job = await LoadAsync(
            dataset, $"{{\"a\":\"{text}\",\"b\":[{many}],\n\"rows\":[{{\"id\":1}}],\"c\":[{many}],\"d\":\"{text}\"}}", Json);
        JobView tooLong = await LoadAsync(dataset, $"{{\"rows\":[{{\"id\":2}}],\n\"d\":\"{new string('x', 1_100_000)}\"}}", Json);

        Assert.True(job.State == JobState.Succeeded, job.Error?.Detail);
        Assert.Equal("malformed_document", tooLong.Error?.Code);
        Assert.Contains("A name or a value at byte", tooLong.Error!.Detail, StringComparison.Ordinal);
        Assert.Equal(["1:~:1"], await RowsAsync(dataset));
    }

    [Fact]
    public async Task A_sequence_begins_with_a_separator() =>
        Assert.Contains(
            "record separator",
            (await LoadAsync(await DeclareAsync(""), "{\"id\":1}\n", Sequence)).Error!.Detail,
            StringComparison.Ordinal);

    /// <summary>What comes before a place where the document is broken stays, if that was asked for, and the job says so.</summary>
    [Fact]
    public async Task Chunk_by_chunk_the_records_before_a_fault_stay()
    {
        const int Records = 2_000;
        string dataset = await DeclareAsync("", "chunk");
        string data = $"[{string.Join(",\n", Enumerable.Range(1, Records).Select(id => $"{{\"id\":{id},\"note\":\"n\"}}"))}\n {{}}]";

        JobView job = await LoadAsync(dataset, data, Json);

        Assert.Equal((JobState.Failed, "malformed_document"), (job.State, job.Error?.Code));
        Assert.Equal(Records - 1, job.Records.Loaded);
        Assert.Contains(
            "Records that come before it are loaded and stay (load.commit is \"chunk\")", job.Error!.Detail, StringComparison.Ordinal);
        Assert.Equal(
            job.Records.Loaded, await service.Database.ScalarAsync<long>($"SELECT count(*) FROM public.{dataset} WHERE _record = id"));
    }

    /// <summary>Wherever it is cut: a document that is not all there fails, and nothing of it is loaded.</summary>
    [Fact]
    public async Task Cut_at_any_byte_nothing_is_loaded()
    {
        const string Data = "{\"a\":1,\"rows\":[ {\"id\":1,\"note\":\"]\"} ,{\"id\":2}],\"b\":[2]}";
        string dataset = await DeclareAsync("'property': 'rows'");
        foreach (JobView job in await Task.WhenAll(
            Enumerable.Range(0, Data.Length).Select(length => LoadAsync(dataset, Data[..length], Json))))
        {
            Assert.Equal((JobState.Failed, "malformed_document"), (job.State, job.Error?.Code));
        }

        Assert.Empty(await RowsAsync(dataset));
    }

    [Theory]
    [InlineData("7", "malformed_json The record is no object")]
    [InlineData("{\"id\":1,}", "malformed_json The record is not well-formed JSON")]
    [InlineData("{\"id\":\n\"x\"}", "type_mismatch Not an integer")]
    [InlineData("{\"id\":1,\"id\":2}", "duplicate_field")]
    [InlineData("{\"id\":1,\"note\":\"\\u0000\"}", "nul_character")]
    [InlineData("{\"id\":1,\"note\":\"\\udc00\"}", "invalid_utf8")]
    [InlineData("{\"id\":1,\"x\":2}", "too_many_fields")]
    public async Task A_record_that_is_wrong_costs_itself(string record, string reason)
    {
        string dataset = await DeclareAsync("");

        JobView job = await LoadAsync(dataset, $"[\n{{\"id\":1}}\n,\n\n{record},\n{{\"id\":3}}]", Json);

        Assert.Equal(new RecordsView(3, 2, 1, 0), job.Records);
        string letter = Assert.Single(await service.RowsAsync($"""
            SELECT concat(record, ':', line, ':', byte_offset, ' ', convert_from(raw, 'UTF8'), ' ', errors->0->>'code', ' ', errors->0->>'message')
            FROM pipeline.dead_letters WHERE job_id = '{job.Id}'
            """));
        Assert.StartsWith($"2:5:14 {record} {reason}", letter, StringComparison.Ordinal);
        Assert.Equal(["1:~:1", "3:~:3"], await RowsAsync(dataset));
    }

    [Fact]
    public async Task What_the_database_refuses_is_shown_with_its_value()
    {
        string dataset = await DeclareAsync("");
        await service.Database.ExecuteAsync($"ALTER TABLE public.{dataset} ADD CHECK (id < 5)");

        JobView job = await LoadAsync(dataset, "[{\"id\":1},\n {\n\"id\": 7}, {\"id\":3}]", Json);

        Assert.Equal(new RecordsView(3, 2, 1, 0), job.Records);
        Assert.Equal(["2:2 check id {\n\"id\": 7}"], await service.DeadLettersAsync(job));
    }

    /// <summary>Longer than a chunk, and longer than a record may be: it is set apart where it stands in the document.</summary>
    [Fact]
    public async Task A_record_over_the_limit_costs_itself()
    {
        string dataset = await DeclareAsync("");
        string wide = new('x', 40_000);
        string data = $"[{{\"id\":1,\"note\":\"{wide}\"}},\n{{\"id\":2,\"note\":\"\n{new string(']', 1_100_000)}\"}}, {{\"id\":3}}\n]";

        JobView job = await LoadAsync(dataset, data, Json);

        Assert.Equal(new RecordsView(3, 2, 1, 0), job.Records);
        string letter = Assert.Single(await service.DeadLettersAsync(job));
        Assert.StartsWith("2:2 record_too_long * {\"id\":2,\"note\":\"\n]]]", letter, StringComparison.Ordinal);
        Assert.Equal(["1:~:1", "3:~:3"], [.. (await RowsAsync(dataset)).Select(row => row.Replace(wide, "~", StringComparison.Ordinal))]);
    }

    /// <summary>Chunks are as small as they can be, and end where records do.</summary>
    [Theory]
    [InlineData("", "[\n", ",\n", "]", Json)]
    [InlineData("'property': 'rows'", "{\"x\":\"[\",\n\"rows\":[", " , ", "], \"y\": {\"z\":[\"]\"]}}\n", Json)]
    [InlineData("", "\u001E", "\n\u001E", "\n", Sequence)]
    public async Task However_it_is_cut_every_record_is_loaded_once(string dialect, string first, string between, string last, string type)
    {
        const int Records = 20_000;
        StringBuilder data = new(first);
        for (int id = 1; id <= Records; id++)
        {
            data.Append(id == 1 ? "" : between).Append(CultureInfo.InvariantCulture, $"{{\"note\":\"n\\u00e9{id}\",\n\"id\":{id} }}");
        }

        string dataset = await DeclareAsync(dialect);
        JobView job = await LoadAsync(dataset, data.Append(last).ToString(), type);

        Assert.Equal((JobState.Succeeded, new RecordsView(Records, Records, 0, 0)), (job.State, job.Records));
        Assert.Equal(
            Records, await service.Database.ScalarAsync<long>($"SELECT count(*) FROM public.{dataset} WHERE note = 'né' || id AND _record = id"));
    }

    /// <summary>In an array with one bad record, wherever and however, every other one is loaded and it is told of.</summary>
    [Fact]
    public async Task A_bad_record_at_any_place_costs_itself()
    {
        string[] bad = ["{\"id\" 7}", "{\"id\":07}", "nul", "\"\\x\"", "{\"id\":1.5}", "{'id':1}", "{\"id\":1 \"note\":\"\"}", "[}"[..1] + "]"];
        string dataset = await DeclareAsync("");
        JobView[] jobs = await Task.WhenAll(bad.SelectMany((record, i) => Enumerable.Range(0, 3).Select(part => 40 * part).Select(place =>
        {
            string[] records = [.. Enumerable.Range(1, 80).Select(id => $"{{\"id\":{id + (100 * ((3 * i) + (place / 40)))},\"note\":\"{new string('x', 90)}\"}}")];
            return LoadAsync(dataset, $"[{string.Join(",\n", records.Take(place).Append(record).Concat(records.Skip(place)))}]", Json);
        })));

        Assert.All(jobs, job => Assert.Equal(new RecordsView(81, 80, 1, 0), job.Records));
        Assert.Equal(
            (80L * jobs.Length, 80L * jobs.Length),
            (await service.Database.ScalarAsync<long>($"SELECT count(*) FROM public.{dataset}"),
                await service.Database.ScalarAsync<long>($"SELECT count(DISTINCT id) FROM public.{dataset}")));
    }

    [Fact]
    public async Task Rejects_are_mended_as_those_of_other_formats()
    {
        string dataset = await DeclareAsync("");
        JobView job = await LoadAsync(dataset, "[{\n\"id\":\"#1\",\"note\":\"two\\nlines\"},{\"note\":\"b\",\n\"id\":\"#2\"}]", Json);
        Assert.Equal(new RecordsView(2, 0, 2, 0), job.Records);

        JobView mended = await service.MendAsync(job, ("#", ""));

        Assert.Equal((JobState.Succeeded, new RecordsView(2, 2, 0, 0)), (mended.State, mended.Records));
        Assert.Equal(["1:two\nlines:1", "2:b:2"], await RowsAsync(dataset));
    }

    private async Task<string> DeclareAsync(string dialect, string commit = "job")
    {
        string dataset = $"documents_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(
            dataset,
            """{ "name": "id", "type": "integer" }, { "name": "note", "type": "string" }""",
            commit,
            rest: $", \"format\": \"json\", \"dialect\": {{ {dialect.Replace('\'', '"')} }}");
        return dataset;
    }

    private Task<JobView> LoadAsync(string dataset, string data, string contentType) =>
        service.LoadAsync(dataset, Encoding.UTF8.GetBytes(data), contentType);

    private Task<string[]> RowsAsync(string dataset) =>
        service.RowsAsync($"SELECT concat_ws(':', id, coalesce(note, '~'), _record) FROM public.{dataset} ORDER BY id");
}
