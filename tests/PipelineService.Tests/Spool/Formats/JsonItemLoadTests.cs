using System.Text;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Formats;

/// <summary>Records of JSON that are arrays, or objects of which some names are read, from the upload to the row and the dead letter.</summary>
public sealed class JsonItemLoadTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Rows = "SELECT concat_ws(':', id, coalesce(note, '~'), coalesce(more::text, '~')) FROM public.{0} ORDER BY id";

    private static int _datasets;

    [Theory]
    [InlineData("'itemType': 'array'", "[\"id\",\"more\",\"note\"]\n[1,{\"k\":[1, 2]},\"a\\nb\"]\n[\"2\",null,null]\n", "1:a\nb:{\"k\": [1, 2]} 2:~:~")]
    [InlineData("'itemType': 'array'", "\uFEFF\r\n \n[ \"note\", \"id\", \"more\" ]\r\n\r\n[\"é\",1,{}]", "1:é:{}")]
    [InlineData("'itemType': 'array', 'header': false", "\uFEFF\n[1,\"a\",{}]\n", "1:a:{}")]
    [InlineData("'itemType': 'array', 'headerMatch': 'caseInsensitive'", "[\" Note\",\"ID\",\"more\"]\n[\"a\",1,null]\n", "1:a:~")]
    [InlineData("'itemType': 'array', 'itemKeys': ['more', 'id', 'note']", "[{},1,\"a\"]\n", "1:a:{}")]
    [InlineData("'itemType': 'array', 'raggedRows': 'padAndTrim'", "[\"id\",\"note\",\"more\"]\n[1]\n[2,\"b\",{},4]\n", "1:~:~ 2:b:{}")]
    [InlineData("'itemKeys': ['more', 'id', 'note']", "{\"id\":1,\"x\":2,\"y\":[{}],\"note\":\"a\"}\n", "1:a:~")]
    public async Task Is_loaded_as_what_it_says(string dialect, string data, string rows)
    {
        string dataset = await DeclareAsync(dialect);

        JobView job = await LoadAsync(dataset, data);

        Assert.True(job.State == JobState.Succeeded, job.Error?.Detail);
        Assert.Equal(rows, string.Join(' ', await RowsAsync(dataset)));
    }

    [Theory]
    [InlineData("[\"id\",\"note\"]\n[1,\"a\"]\n", "(fieldsMatch: equal): missing \"more\". Send what is missing, or set schema.fieldsMatch to \"superset\"")]
    [InlineData("[\"id\",\"note\",\"more\",\"id\"]\n", "more than once \"id\"")]
    [InlineData("[\"ID\",\"note\",\"more\"]\n", "dialect.headerMatch \"caseInsensitive\"")]
    [InlineData("[\"1\",\"a\",\"x\"]\n", "set dialect.header to false")]
    [InlineData("[1,\"a\",null]\n", "set dialect.itemKeys to them, or dialect.header to false")]
    [InlineData("{\"id\":1}\n", "by dialect.itemType records are arrays")]
    [InlineData("[\n  [\"id\",\"note\",\"more\"],\n", "jq -c '.[]'")]
    [InlineData("[[\"id\",\"note\",\"more\"],[1,\"a\",null]]", "jq -c '.[]'")]
    [InlineData("\n\n", "The upload is empty")]
    public async Task A_first_line_that_does_not_fit_says_what_to_do(string data, string advice)
    {
        JobView job = await LoadAsync(await DeclareAsync("'itemType': 'array'"), data);

        Assert.Equal("header_mismatch", job.Error?.Code);
        Assert.Contains(advice, job.Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_first_line_over_the_limit_is_no_header()
    {
        JobView job = await LoadAsync(await DeclareAsync("'itemType': 'array'"), $"[\"id\",\"{new string('x', 2 << 20)}\"]\n[1]\n");

        Assert.Equal("header_mismatch", job.Error?.Code);
        Assert.Contains("longer than 1048576 bytes", job.Error!.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[1,\"a\"]", "too_few_fields The record has 2 fields where 3 are expected.")]
    [InlineData("[1,\"a\",{},4]", "too_many_fields The record has 4 fields where 3 are expected.")]
    [InlineData("[1,\"a\",{}", "malformed_json The line has only a part of an array: records are one complete array a line (jq -c '.[]' makes that of an array of arrays).")]
    [InlineData("{\"id\":1}", "malformed_json The line is an object, and by dialect.itemType records are arrays: send one array a line, or set it to \"object\".")]
    [InlineData("[\"x\",\"a\",{}]", "type_mismatch Not an integer: expected digits with an optional sign, such as -12.")]
    public async Task A_dead_letter_has_the_line_and_says_what_is_wrong(string line, string reason)
    {
        JobView job = await LoadAsync(await DeclareAsync("'itemType': 'array'"), $"\n[\"id\",\"note\",\"more\"]\n[1,\"a\",null]\n{line}\r\n");

        Assert.Equal(new RecordsView(2, 1, 1, 0), job.Records);
        Assert.Equal(
            [$"2:4 {reason} {line}"],
            await service.RowsAsync($"""
                SELECT concat(record, ':', line, ' ', errors->0->>'code', ' ', errors->0->>'message', ' ', convert_from(raw, 'UTF8'))
                FROM pipeline.dead_letters WHERE job_id = '{job.Id}'
                """));
    }

    [Fact]
    public async Task Arrays_where_objects_should_be_say_what_to_set()
    {
        string dataset = await DeclareAsync("'itemType': 'object'");

        JobView job = await LoadAsync(dataset, "[1,\"a\",null]\n");

        Assert.Equal(
            ["The line is an array of values: set dialect.itemType to \"array\" if all are. Otherwise records are one object a line."],
            await service.RowsAsync($"SELECT errors->0->>'message' FROM pipeline.dead_letters WHERE job_id = '{job.Id}'"));
    }

    /// <summary>Rejects are a CSV with the names of the items; mended they are loaded, the items that no field reads passed over.</summary>
    [Theory]
    [InlineData("'itemType': 'array'", "[\"x\",\"note\",\"id\",\"more\"]\n", "x,note,id,more,", ", 'fieldsMatch': 'subset'")]
    [InlineData("'itemType': 'array', 'itemKeys': ['x', 'note', 'id', 'more']", "", "x,note,id,more,", ", 'fieldsMatch': 'subset'")]
    [InlineData("'itemType': 'array', 'header': false", null, "id,note,more,", "")]
    public async Task Rejects_are_mended_by_the_names_of_their_items(string dialect, string? first, string header, string schema)
    {
        string dataset = await DeclareAsync(dialect, schema);
        string[] lines = ["\"#1\",\"=a\",{\"k\":1}", "\"#2\",\"two\\nlines\",null"];
        JobView job = await LoadAsync(dataset, first + string.Concat(lines.Select(line => first is null
            ? $"[{line}]\n"
            : $"[[7],{line.Split(',')[1]},{line.Split(',')[0]},{line.Split(',')[2]}]\n")));
        Assert.Equal(new RecordsView(2, 0, 2, 0), job.Records);
        Assert.StartsWith("\uFEFF" + header, await service.DownloadAsync(job), StringComparison.Ordinal);

        JobView mended = await service.MendAsync(job, ("#", ""));

        Assert.Equal((JobState.Succeeded, new RecordsView(2, 2, 0, 0)), (mended.State, mended.Records));
        Assert.Equal(["1:=a:{\"k\": 1}", "2:two\nlines:~"], await RowsAsync(dataset));
    }

    /// <summary>A column that no upload can have is left to the table, as one that a header does not have.</summary>
    [Theory]
    [InlineData("'itemType': 'array'", "[\"a\"]\n[\"x\"]\n")]
    [InlineData("'itemType': 'array', 'itemKeys': ['a']", "[\"x\"]\n")]
    [InlineData("'itemKeys': ['a']", "{\"b\":\"passed over\",\"a\":\"x\"}\n")]
    public async Task A_column_that_is_not_named_takes_its_default(string dialect, string data)
    {
        string dataset = $"items_{Interlocked.Increment(ref _datasets)}";
        await service.Database.ExecuteAsync($"CREATE TABLE public.{dataset} (a text, b text DEFAULT 'new', _job_id uuid, _record bigint)");
        await service.DeclareAsync(
            dataset,
            """{ "name": "a", "type": "string" }, { "name": "b", "type": "string" }""",
            schema: """, "fieldsMatch": "superset" """,
            rest: Format(dialect));

        JobView job = await LoadAsync(dataset, data);

        Assert.True(job.State == JobState.Succeeded, job.Error?.Detail);
        Assert.Equal(["x new"], await service.RowsAsync($"SELECT a || ' ' || b FROM public.{dataset}"));
    }

    /// <summary>Chunks are as small as they can be: each is read by the names that the first line has.</summary>
    [Fact]
    public async Task However_it_is_cut_every_array_is_loaded_once()
    {
        const int Records = 20_000;
        StringBuilder data = new("[\"note\",\"more\",\"id\"]\n");
        for (int id = 1; id <= Records; id++)
        {
            data.Append("[\"n\\u00e9").Append(id).Append("\",{\"k\":[\"]\\n\"]},").Append(id).Append(id % 7 == 0 ? "]\r\n \n" : "]\n");
        }

        string dataset = await DeclareAsync("'itemType': 'array'");
        JobView job = await LoadAsync(dataset, data.ToString());

        Assert.Equal(new RecordsView(Records, Records, 0, 0), job.Records);
        Assert.Equal(
            Records, await service.Database.ScalarAsync<long>($"SELECT count(*) FROM public.{dataset} WHERE note = 'né' || id AND _record = id"));
    }

    /// <summary>Tests of a definition have their records by name, and of objects pass over what is not read.</summary>
    [Fact]
    public async Task Tests_of_a_definition_go_by_the_names()
    {
        const string Fields = """{ "name": "id", "type": "integer" }""";
        const string Passed = """, "tests": [ { "record": { "id": 1, "x": 2 }, "row": { "id": 1 } } ]""";
        const string Refused = """, "tests": [ { "record": { "id": 1, "x": 2 }, "rejected": "too_many_fields" } ]""";

        await service.DeclareAsync("items_tested", Fields, rest: Format("'itemKeys': ['id']") + Passed);
        await service.DeclareAsync("items_tested", Fields, rest: Format("'itemType': 'array', 'itemKeys': ['id']") + Refused);
    }

    private static string Format(string dialect) =>
        $", \"format\": \"ndjson\", \"dialect\": {{ {dialect.Replace('\'', '"')} }}";

    private async Task<string> DeclareAsync(string dialect, string schema = "")
    {
        string dataset = $"items_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(
            dataset,
            """{ "name": "id", "type": "integer" }, { "name": "note", "type": "string" }, { "name": "more", "type": "object" }""",
            schema: schema.Replace('\'', '"'),
            rest: Format(dialect));
        return dataset;
    }

    private Task<JobView> LoadAsync(string dataset, string data) =>
        service.LoadAsync(dataset, Encoding.UTF8.GetBytes(data), "application/x-ndjson");

    private Task<string[]> RowsAsync(string dataset) => service.RowsAsync(Rows.Replace("{0}", dataset, StringComparison.Ordinal));
}
