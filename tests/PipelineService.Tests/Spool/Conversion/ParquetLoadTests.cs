using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>Parquet files, from the upload to the row and the dead letter.</summary>
public sealed class ParquetLoadTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Parquet = "application/vnd.apache.parquet";
    private const string Ids = """{ "name": "id", "type": "integer" }, { "name": "note" }""";

    /// <summary>Each type by a value of it, and by null: what the row has is what the file says.</summary>
    [Fact]
    public async Task Every_type_is_loaded_as_it_is()
    {
        (string Field, string Value, string Row)[] types =
        [
            ("'type': 'boolean'", "true", "true"),
            ("'type': 'integer'", "(-128)::TINYINT", "-128"),
            ("'type': 'integer'", "65535::USMALLINT", "65535"),
            ("'type': 'integer'", "'-9223372036854775808'::BIGINT", "-9223372036854775808"),
            ("'type': 'number'", "18446744073709551615::UBIGINT", "18446744073709551615"),
            ("'type': 'number'", "'-0.05'::DECIMAL(4,2)", "-0.05"),
            ("'type': 'number'", "'123456789012345678.90'::DECIMAL(20,2)", "123456789012345678.90"),
            ("'type': 'number', 'sqlType': 'numeric(38,10)'", "'-1234567890123456789012345678.0123456789'::DECIMAL(38,10)", "-1234567890123456789012345678.0123456789"),
            ("'type': 'number', 'sqlType': 'float8'", "1.7976931348623157e308::DOUBLE", "1.7976931348623157e+308"),
            ("'type': 'number', 'sqlType': 'float8'", "'nan'::DOUBLE", "NaN"),
            ("'type': 'number', 'sqlType': 'float4'", "0.1::FLOAT", "0.1"),
            ("'type': 'string'", "'Zürich \"x\"\\' || chr(10) || chr(1) || chr(128512)", "Zürich \"x\"\\\n\u0001\U0001F600"),
            ("'type': 'string'", "12.50::DECIMAL(4,2)", "12.50"),
            ("'type': 'string'", "'text of bytes'::BLOB", "text of bytes"),
            ("'type': 'string', 'format': 'binary'", "'\\x00\\xFF'::BLOB", "\\x00ff"),
            ("'type': 'string', 'format': 'uuid'", "'0199c0de-0000-7000-8000-0123456789ab'::UUID", "0199c0de-0000-7000-8000-0123456789ab"),
            ("'type': 'string'", "'b'::ENUM ('a', 'b')", "b"),
            ("'type': 'date'", "'0001-01-01'::DATE", "0001-01-01"),
            ("'type': 'date'", "'9999-12-31'::DATE", "9999-12-31"),
            ("'type': 'time'", "'23:59:59.000001'::TIME", "23:59:59.000001"),
            ("'type': 'datetime'", "'1969-12-31 23:59:59.999999'::TIMESTAMP", "1969-12-31 23:59:59.999999+00"),
            ("'type': 'datetime'", "'2026-03-01 06:00:00+02'::TIMESTAMPTZ", "2026-03-01 04:00:00+00"),
            ("'type': 'datetime'", "'2026-03-01 06:00:00.123'::TIMESTAMP_MS", "2026-03-01 06:00:00.123+00"),
            ("'type': 'datetime'", "'2026-03-01 06:00:00.123456'::TIMESTAMP_NS", "2026-03-01 06:00:00.123456+00"),
            ("'type': 'duration'", "INTERVAL '14 months 3 days 3.5 seconds'", "1 year 2 mons 3 days 00:00:03.5"),
            ("'type': 'object'", "{'a': 1.10::DECIMAL(4,2), 'b': [true, NULL], 'c': MAP {'k': DATE '2026-03-01'}}", "{\"a\": 1.10, \"b\": [true, null], \"c\": {\"k\": \"2026-03-01\"}}"),
            ("'type': 'array'", "[[1, 2], []]", "[[1, 2], []]"),
            ("'type': 'object'", "'{\"a\": [1, 2]}'::JSON", "{\"a\": [1, 2]}"),
            ("'type': 'object'", "MAP {1: 'x'}", "{\"1\": \"x\"}"),
            ("'type': 'any'", "7", "7"),
        ];
        string fields = string.Join(", ", types.Select((type, i) => $"{{ 'name': 'c{i}', {type.Field} }}")).Replace('\'', '"');
        string values = string.Join(", ", types.Select((type, i) => $"{type.Value} AS c{i}"));
        string nulls = string.Join(", ", types.Select((_, i) => $"NULL AS c{i}"));
        await service.DeclareAsync("every_type", fields);

        JobView job = await service.LoadAsync("every_type", ParquetSample.Of($"SELECT {values} UNION ALL SELECT {nulls}"), Parquet);

        Assert.True(job.State == JobState.Succeeded, job.Error?.Detail ?? string.Join('\n', await service.DeadLettersAsync(job)));
        for (int i = 0; i < types.Length; i++)
        {
            Assert.Equal(
                [types[i].Row, "~"],
                await service.RowsAsync($"SELECT coalesce(c{i}::text, '~') FROM every_type ORDER BY _record"));
        }
    }

    [Fact]
    public async Task Bad_records_are_dead_letters_that_can_be_sent_again_as_NDJSON()
    {
        await service.DeclareAsync("parquet_rejects", Ids);

        JobView job = await service.LoadAsync(
            "parquet_rejects",
            ParquetSample.Of("SELECT CASE WHEN i = 700 THEN 'seven \"hundred\"' ELSE i::VARCHAR END AS id, 'n' || i AS note FROM range(1, 1001) t(i)"),
            Parquet);

        Assert.Equal((JobState.PartiallySucceeded, 999L), (job.State, job.Records.Loaded));
        Assert.Equal(
            ["700:700 type_mismatch id {\"id\":\"seven \\\"hundred\\\"\",\"note\":\"n700\"}"], await service.DeadLettersAsync(job));
        JobView mended = await service.LoadAsync("parquet_rejects", "{\"id\":\"700\",\"note\":\"n700\"}"u8.ToArray(), "application/x-ndjson");
        Assert.Equal(JobState.Succeeded, mended.State);
    }

    /// <summary>Values that no text was made of are told as text, whoever refuses them: a rule, a type, the table.</summary>
    [Fact]
    public async Task Rejected_values_are_told_as_they_would_be_written()
    {
        await service.DeclareAsync(
            "parquet_told",
            """
            { "name": "id", "type": "integer", "sqlType": "integer", "constraints": { "required": true } },
            { "name": "price", "type": "number", "sqlType": "numeric(8,2)", "constraints": { "minimum": 0 } },
            { "name": "day", "type": "date", "constraints": { "minimum": "2000-01-01" } }, { "name": "at", "type": "datetime" },
            { "name": "rate", "type": "number", "sqlType": "float8", "constraints": { "maximum": 1 } }, { "name": "note" }
            """,
            schema: ", \"primaryKey\": [\"id\"]");

        JobView job = await service.LoadAsync(
            "parquet_told",
            ParquetSample.Of("""
                SELECT CASE i WHEN 2 THEN 3000000000 WHEN 7 THEN NULL WHEN 8 THEN 1 ELSE i END AS id,
                  (CASE i WHEN 3 THEN -1.5 ELSE 2 END)::DECIMAL(12,2) AS price, DATE '2026-03-01' - (CASE i WHEN 4 THEN 10000 ELSE 0 END)::INTEGER AS day,
                  (CASE i WHEN 5 THEN TIMESTAMP '12000-01-01' ELSE TIMESTAMP '2026-03-01 06:00:00.25' END) AS at,
                  (CASE i WHEN 6 THEN 1.5 ELSE 0.25 END)::DOUBLE AS rate, CASE i WHEN 9 THEN 'a\xC3b'::BLOB ELSE 'x'::BLOB END AS note
                FROM range(1, 11) t(i)
                """),
            Parquet);

        const string Rest = ",\"price\":2.00,\"day\":\"2026-03-01\",\"at\":\"2026-03-01T06:00:00.250\",\"rate\":0.25,\"note\":\"x\"}";
        Assert.Equal((JobState.PartiallySucceeded, 2L), (job.State, job.Records.Loaded));
        string[] letters = await service.RowsAsync($"""
            SELECT format('%s %s %s %s', record, errors->0->>'code', errors->0->>'value', coalesce(nullif(record, 9) * 0 || convert_from(raw, 'LATIN1'), errors->0->>'message'))
            FROM pipeline.dead_letters WHERE job_id = '{job.Id}' ORDER BY record
            """);
        Assert.Equal(
            [
                $"2 out_of_range 3000000000 0{{\"id\":3000000000{Rest}",
                $"3 minimum -1.50 0{{\"id\":3{Rest.Replace("2.00", "-1.50", StringComparison.Ordinal)}",
                $"4 minimum 1998-10-14 0{{\"id\":4{Rest.Replace("\"day\":\"2026-03-01\"", "\"day\":\"1998-10-14\"", StringComparison.Ordinal)}",
                $"5 type_mismatch +012000-01-01T00:00:00 0{{\"id\":5{Rest.Replace("2026-03-01T06:00:00.250", "+012000-01-01T00:00:00", StringComparison.Ordinal)}",
                $"6 maximum 1.5 0{{\"id\":6{Rest.Replace("0.25,", "1.5,", StringComparison.Ordinal)}",
                $"7 required null 0{{\"id\":null{Rest}",
                $"8 unique 1 0{{\"id\":1{Rest}",
            ],
            letters[..7]);
        Assert.StartsWith("9 invalid_utf8  ", letters[7], StringComparison.Ordinal);
        Assert.Contains("C3", letters[7], StringComparison.Ordinal);
    }

    /// <summary>A record is on the line of its number, whatever bytes say how long it is, or are in it.</summary>
    [Fact]
    public async Task A_record_over_the_limit_costs_itself()
    {
        const int Length = 0x110A0A; // bytes that are line ends elsewhere
        await service.DeclareAsync("parquet_too_long", Ids);

        JobView job = await service.LoadAsync(
            "parquet_too_long",
            ParquetSample.Of($"""
                SELECT i AS id, CASE WHEN i = 2 THEN repeat(chr(10), {Length - 14}) WHEN i = 4 THEN 'four' ELSE 'n' END AS note
                FROM range(1::BIGINT, 5) t(i)
                """),
            Parquet);

        Assert.Equal((JobState.PartiallySucceeded, 3L), (job.State, job.Records.Loaded));
        Assert.Equal(
            ["2:2 record_too_long [2,\"\\u000a"],
            await service.RowsAsync($"""
                SELECT format('%s:%s %s %s', record, line, errors->0->>'code', left(convert_from(raw, 'UTF8'), 10))
                FROM pipeline.dead_letters WHERE job_id = '{job.Id}'
                """));
        JobView after = await service.LoadAsync(
            "parquet_too_long", ParquetSample.Of($"SELECT i AS id, repeat(chr(10), {Length - 14}) AS note FROM range(1::BIGINT, 4) t(i)"), Parquet);
        Assert.Equal(
            ["1:1", "2:2", "3:3"],
            await service.RowsAsync($"SELECT format('%s:%s', record, line) FROM pipeline.dead_letters WHERE job_id = '{after.Id}' ORDER BY record"));
    }

    [Theory]
    [InlineData("SELECT 1 AS id", "missing \"note\"")]
    [InlineData("SELECT 1 AS id, 'a' AS note, 2 AS extra", "unknown \"extra\"")]
    public async Task Columns_are_matched_by_name_like_those_of_a_header(string select, string detail)
    {
        await service.DeclareAsync("parquet_names", Ids);

        JobView job = await service.LoadAsync("parquet_names", ParquetSample.Of(select), Parquet);

        Assert.Equal((JobState.Failed, "header_mismatch"), (job.State, job.Error?.Code));
        Assert.Contains(detail, job.Error!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_Parquet_file_fails_with_the_reason_and_leaves_nothing()
    {
        byte[] whole = ParquetSample.Of("SELECT i AS id, 'n' AS note FROM range(10000) t(i)");
        await service.DeclareAsync("parquet_broken", Ids);

        foreach (byte[] data in (byte[][])[[], "PAR1"u8.ToArray(), "id,note\n1,a\n"u8.ToArray(), whole[..^1], whole[..(whole.Length / 2)], [.. whole, 0]])
        {
            JobView job = await service.LoadAsync("parquet_broken", data, Parquet);

            Assert.Equal((JobState.Failed, "file_unreadable"), (job.State, job.Error?.Code));
            Assert.DoesNotContain("/", job.Error!.Detail, StringComparison.Ordinal);
        }

        Assert.Equal(0, await service.CountRowsAsync("parquet_broken"));
        Assert.Empty(Converted());
    }

    /// <summary>As <c>curl -T FILE</c> sends it, to a dataset whose format says what it is; and what is something else is told.</summary>
    [Fact]
    public async Task A_dataset_of_Parquet_takes_it_without_a_type()
    {
        await service.DeclareAsync("parquet_untyped", Ids, rest: ", \"format\": \"parquet\"");
        using ByteArrayContent other = new("id,note\n1,a\n"u8.ToArray());

        JobView job = await service.LoadAsync("parquet_untyped", ParquetSample.Of("SELECT 1 AS id, 'a' AS note"), "application/octet-stream");
        ApiAnswer refused = await service.Api.UploadAsync("parquet_untyped", other);

        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Contains("The body begins as text/csv does", refused.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("job")]
    [InlineData("chunk")]
    public async Task No_rows_and_many_row_groups_are_loaded(string commit)
    {
        string dataset = $"parquet_{commit}";
        await service.DeclareAsync(dataset, Ids, commit);

        JobView none = await service.LoadAsync(dataset, ParquetSample.Of("SELECT 1 AS id, 'a' AS note LIMIT 0"), Parquet);
        JobView many = await service.LoadAsync(
            dataset, ParquetSample.Of("SELECT i AS id, 'n' || i AS note FROM range(1, 20001) t(i)", ", ROW_GROUP_SIZE 2048, CODEC zstd"), Parquet);

        Assert.Equal((JobState.Succeeded, JobState.Succeeded, 20_000L), (none.State, many.State, many.Records.Loaded));
        Assert.Equal(20_000, await service.Database.ScalarAsync<long>($"SELECT count(*) FROM {dataset} WHERE _record = id AND note = 'n' || id"));
        Assert.Empty(Converted());
    }

    private IEnumerable<string> Converted() => Directory.EnumerateFiles(service.Service.Services.GetRequiredService<SpoolDirectory>().Root, "*.converted*");
}
