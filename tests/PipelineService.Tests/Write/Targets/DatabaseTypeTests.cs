using System.Globalization;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.DeadLetters;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write.Targets;

/// <summary>
/// A column of a type that only the database knows holds what <c>\copy</c> would have stored from the same CSV, and a value
/// that the type refuses costs its record, with PostgreSQL's own reason.
/// </summary>
public sealed class DatabaseTypeTests(DatabaseTypes service) : IClassFixture<DatabaseTypes>
{
    private static int _tables;

    /// <summary>Types, and cells as they stand in CSV.</summary>
    public static TheoryData<string, string> Columns => new()
    {
        { "mood", "sad|ok|\"a,b\"|OK| ok|never" },
        { "\"Other one\".\"Great \"\"mood\"\"\"", "sad|Sad" },
        { "citext", "Ab|aB|x" },
        { "plain", "a|\\N|\\.|\"a\nb\tc\\\"" },
        { "character(3)", "a|abc|ab |abcd|abc  |äöü|äöüx|\"a\n\"" },
        { "bpchar", "a|a  |abcd" },
        { "\"char\"", "a|ab" },
        { "name", $"a|{new string('n', 70)}" },
        { "word", "a|z|azb" },
        { "short_word", "a|abcde|abcdef|abcde  |never" },
        { "shorter_word", "abc|abcd|never" },
        { "some_mood", "ok|sad|never" },
        { "needed", "a" },
        { "text[]", "\"{a,b}\"|{}|\"{NULL,null,\"\"NULL\"\",\"\"a b\"\"}\"|\"{1,2\"|\"[0:1]={a,b}\"|\"{{a},{b}}\"|\"{{a},{b,c}}\"|a" },
        { "integer[]", "\"{1,2}\"|\"{ 1 , -2 }\"|\"{1,x}\"|{99999999999}|[1]" },
        { "numeric(5,2)[]", "\"{1.005,2}\"|{1234}" },
        { "mood[]", "\"{sad,ok}\"|{never}" },
        { "character(2)[]", "{a}|{abc}" },
        { "date[]", "{2024-02-29}|{2024-02-30}" },
        { "jsonb[]", "\"{\"\"{\\\"\"a\\\"\":1}\"\"}\"|{x}" },
        { "odd_numbers", "\"{1,3}\"|\"{1,2}\"|x" },
        { "citext[]", "\"{Ab,aB}\"|{x|{}" },
        { "inet[]", "\"{10.0.0.1,::1/64}\"|{10.0.0}|{}|10.0.0.1" },
        { "\"Other one\".\"Great \"\"mood\"\"\"[]", "\"{sad,ok}\"|{Sad}" },
        { "inet", "10.0.0.1|::1/64|10.0.0|10.0.0.1/33| 10.0.0.1" },
        { "home", "10.0.0.1|::1|x" },
        { "cidr", "10/8|10.1.2.3/8" },
        { "macaddr", "08:00:2b:01:02:03|08002b010203|08:00" },
        { "bytea", "\\x00ff|\\X00FF|\\x0|\\xzz|abc|a\\\\b|a\\b|AP8=|ä" },
        { "money", "12.5|\"$1,000.00\"|-1|x" },
        { "interval", "1 day|P1Y2M|1:2:3.5|-1 mon +2 days|x" },
        { "interval day to second(2)", "1 day 1.005 s|x" },
        { "bit(4)", "1010|101|10101|10x1|xA" },
        { "bit varying(4)", "101|10101" },
        { "time(1) with time zone", "12:00:00.05+02|25:00" },
        { "oid", "12|-1|x|4294967296" },
        { "xml", "<a/>|<a>|\"<?xml version=\"\"1.0\"\" encoding=\"\"latin1\"\"?><a>ä</a>\"|text" },
        { "int4range", "\"[1,5)\"|\"(1,5]\"|empty|\"[5,1)\"|\"[1,99999999999)\"" },
        { "tstzrange", "\"[2024-01-01,2024-02-01)\"|x" },
        { "int4multirange", "\"{[1,2),[3,4)}\"|x" },
        { "point", "\"(1,2)\"|\"1,2\"|x" },
        { "tsvector", "a b c|'a" },
        { "hstore", "a=>1|\"a=>1,b=>NULL\"|a" },
        { "pair", "\"(1,a)\"|\"(1,)\"|\"(x,a)\"|\"(1)\"" },
        { "document", "\"{\"\"id\"\":1}\"|{}|x|\"{\"\"id\"\":1,\"\"id\"\":2}\"" },
    };

    [Theory, MemberData(nameof(Columns))]
    public async Task Holds_what_copy_stores(string type, string cells)
    {
        string[] all = [.. cells.Split('|'), "", "\"\""];
        await CompareAsync(type, all, "job", missing: "\"\"", "FORCE_NULL (v)");
        await CompareAsync(type, all, "chunk", missing: "", "FORCE_NOT_NULL (v)");
    }

    /// <summary>Rounded as PostgreSQL rounds; a field of a time keeps to its own form.</summary>
    [Theory]
    [InlineData("datetime", "timestamp(0) without time zone", "2024-02-29T23:59:59.5", "2024-02-29 23:59:59.499999", "2000-01-01T00:00:00")]
    [InlineData("datetime", "timestamp(3) with time zone", "2024-02-29T23:59:59.9995Z", "1999-12-31T23:59:59.0005+02:00")]
    [InlineData("time", "time(2) without time zone", "12:00:00.005", "12:00:00.004999", "23:59:59.999")]
    public async Task Rounds_times_as_their_column_does(string field, string type, params string[] values)
    {
        string named = type.Contains("without", StringComparison.Ordinal) && field == "datetime" ? $", \"sqlType\": \"{type}\"" : "";
        string table = await CreateAsync(type);
        await DeclareAsync(table, $"\"type\": \"{field}\"{named}");

        JobView job = await service.LoadAsync(table, "id,v\n" + string.Concat(values.Select((v, i) => $"{i},{v}\n")));

        Assert.Equal((JobState.Succeeded, values.Length), (job.State, (int)job.Records.Loaded));
        Assert.Equal(
            await service.RowsAsync(string.Join(" UNION ALL ", values.Select(v => $"SELECT '{v}'::{type}::text"))),
            await service.RowsAsync($"SELECT v::text FROM {table} ORDER BY id"));
    }

    /// <summary>A typed field is held to its type, and what it means is sent.</summary>
    [Theory]
    [InlineData("number", "money", "1e1", "$10.00", "1,5")]
    [InlineData("integer", "oid", "007", "7", "7.0")]
    [InlineData("integer", "positive", "5", "5", "0")]
    [InlineData("boolean", "plain", "1", "t", "yes")]
    [InlineData("array", "odd_numbers", "[1,3]", "{1,3}", "[1,2]", "integer[]")]
    [InlineData("list", "mood[]", "sad,ok", "{sad,ok}", "sad,never")]
    [InlineData("duration", "interval day to second(2)", "P1DT1.005S", "1 day 00:00:01.01", "1 day")]
    [InlineData("duration", "stay", "P2D", "2 days", "P9D")]
    [InlineData("geopoint", "place", "1.5, 2", "(1.5,2)", "1.5, 91")]
    [InlineData("object", "document", "{\"\"id\"\":1}", "{\"id\": 1}", "[]")]
    public async Task Takes_typed_values(string field, string type, string good, string stored, string bad, string? sqlType = null)
    {
        string table = await CreateAsync(type);
        await DeclareAsync(table, $"\"type\": \"{field}\", \"sqlType\": \"{sqlType ?? type}\"");

        JobView job = await service.LoadAsync(table, $"id,v\n1,\"{good}\"\n2,\"{bad}\"\n3,\n");

        Assert.Equal(new RecordsView(3, 2, 1, 0), job.Records);
        Assert.Equal([stored], await service.RowsAsync($"SELECT v::text FROM {table} WHERE v IS NOT NULL"));
        Assert.StartsWith("2:3 ", Assert.Single(await service.DeadLettersAsync(job)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("array", "text[]", """["a b",null,"{\"x\"}"]""", """{"a b",NULL,"{\"x\"}"}""")]
    [InlineData("any", "integer[]", "[[1,2],[3,4]]", "{{1,2},{3,4}}")]
    [InlineData("array", "jsonb[]", """[{"a":1},"b"]""", """{"{\"a\": 1}","\"b\""}""")]
    [InlineData("string", "integer[]", "\"{1,2}\"", "{1,2}")]
    [InlineData("string", "inet", "\"10.0.0.1\"", "10.0.0.1/32")]
    [InlineData("any", "money", "12.5", "$12.50")]
    [InlineData("list", "citext[]", """["Ab","a,B"]""", """{Ab,"a,B"}""")]
    [InlineData("array", "inet[]", """["10.0.0.1","::1/64"]""", "{10.0.0.1,::1/64}")]
    public async Task Takes_JSON(string field, string type, string json, string stored)
    {
        string table = await CreateAsync(type);
        await DeclareAsync(table, $"\"type\": \"{field}\"");

        JobView job = await service.LoadAsync(
            table, System.Text.Encoding.UTF8.GetBytes($"{{\"id\":1,\"v\":{json}}}\n{{\"id\":2}}\n"), "application/x-ndjson");

        Assert.True(job.State == JobState.Succeeded, string.Join('\n', await service.DeadLettersAsync(job)));
        Assert.Equal([stored, "none"], await service.RowsAsync($"SELECT coalesce(v::text, 'none') FROM {table} ORDER BY id"));
    }

    [Theory]
    [InlineData("mood", "never", "type_mismatch", "invalid input value for enum mood: \"never\"")]
    [InlineData("character(3)", "abcd", "max_length", "value too long for type character(3)")]
    [InlineData("word", "zoo", "check", "value for domain word violates check constraint \"word_check\"")]
    [InlineData("oid", "4294967296", "out_of_range", "value \"4294967296\" is out of range for type oid")]
    [InlineData("needed", "", "required", "domain needed does not allow null values")]
    public async Task Tells_what_the_type_said(string type, string value, string code, string message)
    {
        string table = await CreateAsync(type);
        await DeclareAsync(table, "\"type\": \"string\"");

        JobView job = await service.LoadAsync(table, $"id,v\n1,{value}\n");

        ApiAnswer answer = await service.Api.GetAsync(job.Links.DeadLetters);
        DeadLetterError error = Assert.Single(Assert.Single(answer.Read<DeadLetterPage>().Items).Errors);
        Assert.Equal(new DeadLetterError("v", code, message, value), error);
    }

    /// <summary>What the type raises under a code that is mostly the table's is the record's all the same.</summary>
    [Fact]
    public async Task A_name_of_nothing_costs_its_record()
    {
        string table = await CreateAsync("regclass");
        await DeclareAsync(table, "\"type\": \"string\"");

        JobView job = await service.LoadAsync(table, "id,v\n1,pg_class\n2,no_such_table\n3,pg_type\n");

        Assert.Equal(["2:3 type_mismatch v 2,no_such_table"], await service.DeadLettersAsync(job));
        Assert.Equal(["pg_class", "pg_type"], await service.RowsAsync($"SELECT v::text FROM {table} ORDER BY id"));
    }

    [Fact]
    public async Task Holds_values_to_the_constraints_of_the_field()
    {
        string table = await CreateAsync("inet");
        await DeclareAsync(table, """ "type": "string", "constraints": { "pattern": "10\\..*", "maxLength": 8, "required": true } """);

        JobView job = await service.LoadAsync(table, "id,v\n1,10.0.0.1\n2,11.0.0.1\n3,10.0.0.10\n4,\n");

        Assert.Equal(
            ["2:3 pattern v 2,11.0.0.1", "3:4 max_length v 3,10.0.0.10", "4:5 required v 4,"], await service.DeadLettersAsync(job));
    }

    private async Task CompareAsync(string type, string[] cells, string commit, string missing, string option)
    {
        string table = await CreateAsync(type);
        await service.DeclareAsync(
            table,
            """{ "name": "id", "type": "integer" }, { "name": "v", "type": "string" }""",
            commit,
            $", \"missingValues\": [{missing}]");

        JobView job = await service.LoadAsync(table, "id,v\n" + string.Concat(cells.Select((cell, i) => $"{i},{cell}\n")));

        Dictionary<int, string> refused = await CopyEachAsync($"{table}_twin", cells, option);
        Assert.Equal(
            await service.RowsAsync($"SELECT id || ' ' || coalesce(v::text, 'NULL') FROM {table}_twin ORDER BY id"),
            await service.RowsAsync($"SELECT id || ' ' || coalesce(v::text, 'NULL') FROM {table} ORDER BY id"));
        Assert.Equal(
            refused.OrderBy(row => row.Key).Select(row => string.Create(CultureInfo.InvariantCulture, $"{row.Key} v {row.Value}")),
            await service.RowsAsync($"""
                SELECT record - 1 || ' ' || (errors->0->>'field') || ' ' || (errors->0->>'message')
                FROM pipeline.dead_letters WHERE job_id = '{job.Id}' ORDER BY record
                """));
        Assert.Equal(new RecordsView(cells.Length, cells.Length - refused.Count, refused.Count, 0), job.Records);
    }

    /// <summary>The oracle: each record by itself.</summary>
    /// <returns>The records that COPY refuses, and its words.</returns>
    private async Task<Dictionary<int, string>> CopyEachAsync(string table, string[] cells, string option)
    {
        Dictionary<int, string> refused = [];
        for (int i = 0; i < cells.Length; i++)
        {
            // The driver gives a connection up for the internal errors that some extensions raise.
            await using NpgsqlConnection connection = await service.Database.DataSource.OpenConnectionAsync();
            try
            {
                await using TextWriter copy =
                    await connection.BeginTextImportAsync($"COPY {table} (id, v) FROM STDIN (FORMAT csv, {option})");
                await copy.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{i},{cells[i]}\n"));
            }
            catch (PostgresException e)
            {
                refused.Add(i, e.MessageText);
            }
        }

        return refused;
    }

    private Task DeclareAsync(string table, string field) => service.DeclareAsync(
        table, $$"""{ "name": "id", "type": "integer" }, { "name": "v", {{field}} }""");

    private async Task<string> CreateAsync(string type)
    {
        string table = string.Create(CultureInfo.InvariantCulture, $"typed_{Interlocked.Increment(ref _tables)}");
        await service.Database.ExecuteAsync($"""
            CREATE TABLE public.{table} (id bigint, v {type}, _job_id uuid, _record bigint);
            CREATE TABLE public.{table}_twin (LIKE {table})
            """);
        return table;
    }
}
