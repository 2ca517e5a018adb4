using System.Text;
using System.Text.Json;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Journeys;

/// <summary>
/// Rejects are downloaded as CSV, mended and uploaded as they are: what is loaded is what was sent, but for what was mended.
/// </summary>
public sealed class MendTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields =
        """
        { "name": "id", "type": "integer" }, { "name": "phone", "type": "string" },
        { "name": "handle", "type": "string" }, { "name": "bio", "type": "string" }
        """;

    /// <summary>Telephone numbers, handles, formulas, quotes, line ends, long texts: what a report of rejects tends to change.</summary>
    private static readonly string[][] People =
    [
        ["+49 170 1234567", "@bob", "- likes tea"],
        ["+491701234567", "=1+1", "'=x"],
        ["-3", "''-", "'"],
        ["say \"hi\"", "two\nlines\r\n", "a;b,c\td"],
        ["", " ", "Müller"],
        ["\t=1", "\r=1", "5\" disk"],
        ["007", "\"", "1e5"],
        ["long", new string('x', 20_000), "END"],
    ];

    private static int _datasets;

    [Theory]
    [InlineData("text/csv", ",", "\"", true)]
    [InlineData("text/csv", ";", "\"", true)]
    [InlineData("text/csv", "|", "'", true)]
    [InlineData("text/csv", "'", "~", true)]
    [InlineData("text/csv", ",", "\"", false)]
    [InlineData("text/csv", ";", "\"", false)]
    [InlineData("text/tab-separated-values", ";", "\"", true)]
    public async Task What_was_sent_is_loaded_once_the_fault_is_mended(string contentType, string delimiter, string quote, bool header)
    {
        string dialect = JsonSerializer.Serialize(new { delimiter, quoteChar = quote, header }); // with apostrophes as \u0027
        string sentDelimiter = contentType == "text/csv" ? delimiter : "\t";
        StringBuilder data = new(header ? $"bio{sentDelimiter}id{sentDelimiter}phone{sentDelimiter}handle\n" : "");
        for (int i = 0; i < People.Length; i++)
        {
            string[] person = People[i];
            string[] values = header ? [person[2], $"#{i}", person[0], person[1]] : [$"#{i}", .. person];
            data.AppendJoin(sentDelimiter, values.Select(v => Quoted(v, quote))).Append('\n');
        }

        string dataset = await DeclareAsync(rest: $", \"dialect\": {dialect}");
        JobView first = await service.LoadAsync(dataset, Encoding.UTF8.GetBytes(data.ToString()), contentType);
        Assert.Equal(new RecordsView(People.Length, 0, People.Length, 0), first.Records);

        JobView second = await service.MendAsync(first, ("#", ""));

        Assert.Equal((JobState.Succeeded, People.Length), (second.State, (int)second.Records.Loaded));
        await AssertHasAsync(dataset, People);
    }

    /// <summary>
    /// In dialects that write values otherwise: the CSV of rejects is written as the data was, and with quotes where the data could not
    /// say everything.
    /// </summary>
    [Theory]
    [InlineData("""{ "delimiter": "||" }""", "||", "\n", "\"$\"")]
    [InlineData("""{ "delimiter": "\t", "quoteChar": "", "escapeChar": "\\", "nullSequence": "\\N" }""", "\t", "\n", "\\")]
    [InlineData("""{ "delimiter": ";", "doubleQuote": false, "escapeChar": "^", "skipInitialSpace": true }""", "; ", "\n", "\"^\"")]
    [InlineData("""{ "delimiter": "␞", "quoteChar": "", "lineTerminator": "␟␟", "commentChar": "##" }""", "␞", "␟␟", "$")]
    [InlineData("""{ "quoteChar": "“", "lineTerminator": "\n", "headerRows": [2], "commentRows": [1, 3] }""", ",", "\n", "“$“")]
    public async Task What_was_sent_in_any_dialect_is_loaded_once_the_fault_is_mended(
        string dialect, string delimiter, string lineEnd, string form)
    {
        string[][] rows = [.. People.Select((person, i) => (string[])[person[2], $"#{i}", person[0], person[1]])];
        bool isLate = dialect.Contains("headerRows", StringComparison.Ordinal);
        StringBuilder data = new(isLate ? "A report\n" : "");
        data.AppendJoin(delimiter, "bio", "id", "phone", "handle").Append(lineEnd).Append(isLate ? "text,number,text,text\n" : "");
        foreach (string[] row in rows)
        {
            data.AppendJoin(delimiter, row.Select(value => Written(value, form))).Append(lineEnd);
        }

        string dataset = await DeclareAsync(rest: $", \"dialect\": {dialect}");
        JobView first = await service.LoadAsync(dataset, data.ToString());
        Assert.Equal(new RecordsView(People.Length, 0, People.Length, 0), first.Records);

        JobView second = await service.MendAsync(first, ("#", ""));

        Assert.Equal((JobState.Succeeded, People.Length), (second.State, (int)second.Records.Loaded));
        await AssertHasAsync(dataset, People, dialect);
    }

    [Fact]
    public async Task Random_values_come_back_as_they_were()
    {
        int seed = Random.Shared.Next();
        Random random = new(seed);
        string[] pieces = ["'", "=", "+", "-", "@", "\t", "\r", "\n", "\"", ",", ";", " ", "a", "1", "é", "😀", "\uFEFF", "\\N"];
        string[][] people =
        [
            .. Enumerable.Range(0, 400).Select(_ => (string[])
                [.. Enumerable.Range(0, 3).Select(_ => string.Concat(random.GetItems(pieces, random.Next(7))))]),
        ];
        string dataset = await DeclareAsync();
        JobView first = await service.LoadAsync(dataset, "id,phone,handle,bio\n" + string.Concat(
            people.Select((p, i) => $"#{i},{string.Join(',', p.Select(v => Quoted(v, "\"")))}\n")));

        // Mended in part: what is still wrong comes back from the second file as it came from the first.
        JobView second = await service.MendAsync(first, ("#1", "1"));
        JobView third = await service.MendAsync(second, ("#", ""));

        Assert.True(third.State == JobState.Succeeded && second.Records.Rejected > 0, $"{third.State}, seed {seed}");
        await AssertHasAsync(dataset, people, $"seed {seed}");
    }

    [Fact]
    public async Task Json_comes_back_as_the_csv_of_its_dataset()
    {
        string dataset = await DeclareAsync("", """, "format": "ndjson", "dialect": { "delimiter": ";" }""");
        JobView first = await service.LoadAsync(
            dataset,
            Encoding.UTF8.GetBytes("""
                {"id":"#1","phone":"+49 30 1","bio":"say \"hi\"; bye\n"}
                {"id":"#2","phone":5,"handle":"@bob"}
                """),
            "application/x-ndjson");

        JobView second = await service.MendAsync(first, ("#", ""));

        // A number is not taken for a text, so that its cell is not all that was sent.
        Assert.Equal(new RecordsView(2, 1, 1, 0), second.Records);
        Assert.Equal(["1|+49 30 1||say \"hi\"; bye\n"], await RowsAsync(dataset));
        Assert.Equal("unmended", await service.Database.ScalarAsync<string>(
            $"SELECT errors->0->>'code' FROM pipeline.dead_letters WHERE job_id = '{second.Id}'"));
        JobView third = await service.MendAsync(second, ("\"{\"\"id\"\":\"\"2\"\",\"\"phone\"\":5,\"\"handle\"\":\"\"@bob\"\"}\"", ""));
        Assert.Equal((JobState.Succeeded, 1), (third.State, (int)third.Records.Loaded));
    }

    [Theory]
    [InlineData("subset", "x,id,phone,handle,bio", "=x,#1,'+1,h,b", "1|'+1|h|b")]
    [InlineData("superset", "phone,id", "+1,#1", "1|+1||")]
    [InlineData("partial", "x,phone,id", "y,+1,#1", "1|+1||")]
    [InlineData("exact", "id,phone,handle,bio", "#1,+1,h,b", "1|+1|h|b")]
    public async Task The_columns_are_those_of_the_upload_whatever_fields_match(string match, string header, string record, string row)
    {
        string dataset = await DeclareAsync($", \"fieldsMatch\": \"{match}\"");
        JobView first = await service.LoadAsync(dataset, $"{header}\n{record}\n");
        Assert.StartsWith(
            $"\uFEFF{header},_raw,_record,_line,_field,_code,_message\r\n", await service.DownloadAsync(first), StringComparison.Ordinal);

        JobView second = await service.MendAsync(first, ("#", ""));

        Assert.Equal(JobState.Succeeded, second.State);
        Assert.Equal([row], await RowsAsync(dataset));
    }

    [Fact]
    public async Task A_field_of_the_data_may_have_a_name_of_ours()
    {
        string dataset = $"mended_{Interlocked.Increment(ref _datasets)}";
        await service.Api.DeclareAsync(dataset, """
            { "schema": { "fields": [{ "name": "_record", "type": "integer" }, { "name": "bio", "type": "string" }] },
              "load": { "lineage": false } }
            """);
        JobView plain = await service.LoadAsync(dataset, "_record,bio\n#1,'=1\n2,'=2\n");

        JobView mended = await service.MendAsync(plain, ("#", ""));

        Assert.Equal(JobState.Succeeded, mended.State);
        Assert.Equal(
            ["1 '=1", "2 '=2"], await service.RowsAsync($"SELECT _record || ' ' || bio FROM public.{dataset} ORDER BY 1"));
    }

    [Fact]
    public async Task An_apostrophe_is_data_where_the_columns_of_ours_are_not_all_there()
    {
        string dataset = await DeclareAsync(", \"fieldsMatch\": \"subset\"");

        await service.LoadAsync(dataset, "id,phone,handle,bio,_record,_line,_field,_code,_message\n1,'+1,'=h,b,,,,,\n");

        Assert.Equal(["1|'+1|'=h|b"], await RowsAsync(dataset));
    }

    [Fact]
    public async Task A_record_that_cells_cannot_say_is_rejected_until_it_is_mended()
    {
        string dataset = await DeclareAsync();
        JobView first = await service.LoadAsync(dataset, "id,phone,handle,bio\n1,a\n2,a,b,c,d\n3,a,\"b,c\n4,a,b,c\n");
        Assert.Equal(new RecordsView(4, 1, 3, 0), first.Records);

        JobView second = await service.MendAsync(first);

        Assert.Equal(new RecordsView(3, 0, 3, 0), second.Records);
        string[] codes = await service.RowsAsync(
            $"SELECT errors->0->>'code' FROM pipeline.dead_letters WHERE job_id = '{second.Id}'");
        Assert.Equal(["unmended", "unmended", "unmended"], codes);

        // Nothing is lost on the way, and a mended record is one whose `_raw` is empty.
        JobView third = await service.MendAsync(
            second, ("1,a,,,\"1,a\"", "1,a,x,y,"), ("2,a,b,c,\"2,a,b,c,d\"", "2,a,b,c,"), (",,,,\"3,a,\"\"b,c\"", "3,a,b,c,"));
        Assert.Equal((JobState.Succeeded, 3), (third.State, (int)third.Records.Loaded));
        Assert.Equal(["1|a|x|y", "2|a|b|c", "3|a|b|c", "4|a|b|c"], await RowsAsync(dataset));
    }

    [Fact]
    public async Task A_record_of_the_longest_kind_comes_back_whole()
    {
        string dataset = await DeclareAsync();
        string bio = string.Concat(Enumerable.Repeat("\"x", ((1 << 20) - "#1,,,y".Length) / 2));
        JobView first = await service.LoadAsync(dataset, $"id,phone,handle,bio\n#1,,,y{bio}\n");
        Assert.Equal(1, first.Records.Rejected);

        JobView second = await service.MendAsync(first, ("#1,", "1,"));

        Assert.Equal(JobState.Succeeded, second.State);
        Assert.Equal(1 + bio.Length, await service.Database.ScalarAsync<int>($"SELECT length(bio) FROM public.{dataset}"));
        Assert.True(await service.Database.ScalarAsync<bool>($"SELECT bio = 'y' || repeat('\"x', {bio.Length / 2}) FROM public.{dataset}"));
    }

    [Fact]
    public async Task The_widest_schema_leaves_room_for_our_columns()
    {
        string dataset = $"mended_{Interlocked.Increment(ref _datasets)}";
        string[] names = [.. Enumerable.Range(0, 1_598).Select(i => $"c{i}")];
        await service.DeclareAsync(dataset, string.Join(',', names.Select(name => $$"""{ "name": "{{name}}", "type": "integer" }""")));
        JobView first = await service.LoadAsync(dataset, $"{string.Join(',', names)}\n#1{new string(',', names.Length - 1)}\n");

        JobView second = await service.MendAsync(first, ("#1", "1"));

        Assert.Equal(JobState.Succeeded, second.State);
    }

    /// <param name="schema">More of the schema; unless it is named, empty texts are texts.</param>
    private async Task<string> DeclareAsync(string schema = ", \"missingValues\": []", string rest = "")
    {
        string dataset = $"mended_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(dataset, Fields, schema: schema, rest: rest);
        return dataset;
    }

    private Task<string[]> RowsAsync(string dataset) => service.RowsAsync(
        $"SELECT concat(id, '|', phone, '|', handle, '|', bio) FROM public.{dataset} ORDER BY id");

    private async Task AssertHasAsync(string dataset, string[][] people, string? what = null)
    {
        string[] rows = await service.RowsAsync(
            $"SELECT jsonb_build_array(id, phone, handle, bio)::text FROM public.{dataset} ORDER BY id");
        Assert.True(rows.Length == people.Length, $"{rows.Length} rows, {what}");
        for (int i = 0; i < people.Length; i++)
        {
            IEnumerable<string> values = JsonSerializer.Deserialize<JsonElement[]>(rows[i])!.Select(value => value.ToString());
            Assert.True(
                values.SequenceEqual([$"{i}", .. people[i]]), $"Row {i} is {rows[i]}, not {string.Join('|', people[i])}, {what}");
        }
    }

    /// <param name="form">A value as <c>$</c>, in quotes or not; before that what quotes or other marks are escaped with.</param>
    private static string Written(string value, string form) => form switch
    {
        "\\" => string.Concat(value.Select(c => "\t\r\n\\".Contains(c, StringComparison.Ordinal) ? $"\\{c}" : $"{c}")),
        "\"^\"" => $"\"{value.Replace("\"", "^\"", StringComparison.Ordinal)}\"",
        ['$'] => value,
        _ => Quoted(value, form[..1]),
    };

    private static string Quoted(string value, string quote) =>
        quote + value.Replace(quote, quote + quote, StringComparison.Ordinal) + quote;
}
