using System.Text;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Conversion;

/// <summary>Arrow IPC, from the upload to the row and the dead letter.</summary>
public sealed class ArrowLoadTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Ids = """{ "name": "id", "type": "integer" }, { "name": "note" }""";

    /// <summary>Each type by a value of it, and by null: what the row has is what the file says.</summary>
    [Theory]
    [InlineData("stream")]
    [InlineData("file")]
    public async Task Every_type_is_loaded_as_it_is(string form)
    {
        Int128 cents = Int128.Parse("-1234567890123456789012345678", null) * 100;
        ArrayData texts = ArrowSample.OfTexts(StringType.Default, "a", "");
        ArrayData numbers = ArrowSample.AllThere(ArrowSample.Of<long>(Int64Type.Default, 1, 2, 3));
        ArrayData two = ArrowSample.AllThere(ArrowSample.Of<long>(Int64Type.Default, 1, 2));
        StructType entry = new([new Field("key", Int64Type.Default, nullable: false), new Field("value", StringType.Default, nullable: true)]);
        ArrayData entries = new(entry, 2, 0, 0, [ArrowBuffer.Empty], [two, texts]);
        (string Field, ArrayData Values, string Row)[] types =
        [
            ("'type': 'boolean'", ArrowSample.Of<byte>(BooleanType.Default, 1, 0), "true"),
            ("'type': 'integer'", ArrowSample.Of<sbyte>(Int8Type.Default, -128, 0), "-128"),
            ("'type': 'integer'", ArrowSample.Of<ushort>(UInt16Type.Default, 65535, 0), "65535"),
            ("'type': 'integer'", ArrowSample.Of(Int64Type.Default, long.MinValue, 0), "-9223372036854775808"),
            ("'type': 'number'", ArrowSample.Of(UInt64Type.Default, ulong.MaxValue, 0u), "18446744073709551615"),
            ("'type': 'number', 'sqlType': 'float4'", ArrowSample.Of(HalfFloatType.Default, (Half)1.5, (Half)0), "1.5"),
            ("'type': 'number', 'sqlType': 'float4'", ArrowSample.Of(FloatType.Default, 0.1f, 0), "0.1"),
            ("'type': 'number', 'sqlType': 'float8'", ArrowSample.Of(DoubleType.Default, double.MaxValue, 0), "1.7976931348623157e+308"),
            ("'type': 'number', 'sqlType': 'float8'", ArrowSample.Of(DoubleType.Default, double.NaN, 0), "NaN"),
            ("'type': 'number'", ArrowSample.Of(new Decimal32Type(4, 2), -5, 0), "-0.05"),
            ("'type': 'number'", ArrowSample.Of(new Decimal64Type(18, 0), 123456789012345678L, 0), "123456789012345678"),
            ("'type': 'number', 'sqlType': 'numeric(38,10)'", ArrowSample.Of<Int128>(new Decimal128Type(38, 10), cents, 0), "-12345678901234567890.1234567800"),
            ("'type': 'number', 'sqlType': 'numeric(76,2)'", ArrowSample.Of<(Int128, Int128)>(new Decimal256Type(76, 2), (cents, -1), (0, 0)), "-1234567890123456789012345678.00"),
            ("'type': 'string'", ArrowSample.OfTexts(StringType.Default, "Zürich \"x\"\\\n\u0001\U0001F600", ""), "Zürich \"x\"\\\n\u0001\U0001F600"),
            ("'type': 'string'", ArrowSample.Of(new Decimal64Type(4, 2), 1250L, 0), "12.50"),
            ("'type': 'string'", ArrowSample.OfTexts(BinaryType.Default, "text of bytes", ""), "text of bytes"),
            ("'type': 'string', 'format': 'binary'", ArrowSample.OfTexts(BinaryType.Default, "\0x", ""), "\\x0078"),
            ("'type': 'string', 'format': 'binary'", ArrowSample.Of(new FixedSizeBinaryType(2), (ushort)0xFF00, (ushort)0), "\\x00ff"),
            ("'type': 'date'", ArrowSample.Of(Date32Type.Default, -719_162, 0), "0001-01-01"),
            ("'type': 'date'", ArrowSample.Of(Date64Type.Default, 253_402_214_400_000, 0), "9999-12-31"),
            ("'type': 'time'", ArrowSample.Of(new Time32Type(TimeUnit.Millisecond), 86_399_001, 0), "23:59:59.001"),
            ("'type': 'time'", ArrowSample.Of(new Time64Type(TimeUnit.Nanosecond), 86_399_000_001_000, 0), "23:59:59.000001"),
            ("'type': 'datetime'", ArrowSample.Of(new TimestampType(TimeUnit.Microsecond, (string?)null), -1L, 0), "1969-12-31 23:59:59.999999+00"),
            ("'type': 'datetime'", ArrowSample.Of(new TimestampType(TimeUnit.Second, "Europe/Zurich"), 1_772_337_600L, 0), "2026-03-01 04:00:00+00"),
            ("'type': 'datetime'", ArrowSample.Of(new TimestampType(TimeUnit.Nanosecond, "+02:00"), 1_772_337_600_123_456_000L, 0), "2026-03-01 04:00:00.123456+00"),
            ("'type': 'duration'", ArrowSample.Of(DurationType.Millisecond, 3_500L, 0), "00:00:03.5"),
            ("'type': 'duration'", ArrowSample.Of(IntervalType.YearMonth, 14, 0), "1 year 2 mons"),
            ("'type': 'duration'", ArrowSample.Of<(long, long)>(IntervalType.MonthDayNanosecond, (14 | (3L << 32), 3_500_000_000L), (0, 0)), "1 year 2 mons 3 days 00:00:03.5"),
            ("'type': 'string'", new ArrayData(new DictionaryType(Int8Type.Default, StringType.Default, ordered: false), 2, 0, 0,
                [ArrowBuffer.Empty, ArrowSample.Numbers<sbyte>(0, 1)], null, texts), "a"),
            ("'type': 'array'", ArrowSample.Nested(new ListType(Int64Type.Default), 2, [0, 2, 2], numbers), "[1, 2]"),
            ("'type': 'array'", ArrowSample.Nested(new FixedSizeListType(Int64Type.Default, 1), 2, [], two), "[1]"),
            ("'type': 'object'", ArrowSample.Nested(new StructType([new Field("a", StringType.Default, true), new Field("b \"q\"", Int64Type.Default, true)]), 2, [], texts, two), "{\"a\": \"a\", \"b \\\"q\\\"\": 1}"),
            ("'type': 'object'", ArrowSample.Nested(new MapType(Int64Type.Default, StringType.Default), 2, [0, 2, 2], entries), "{\"1\": \"a\", \"2\": null}"),
            ("'type': 'any'", new ArrayData(new UnionType([new Field("s", StringType.Default, true), new Field("i", Int64Type.Default, true)], [0, 1], UnionMode.Dense), 2, 0, 0,
                [ArrowSample.Numbers<sbyte>(1, 0), ArrowSample.Numbers(2, 1)], [texts, numbers]), "3"),
        ];
        string dataset = $"arrow_{form}_types";
        await service.DeclareAsync(dataset, string.Join(", ", types.Select((type, i) => $"{{ 'name': 'c{i}', {type.Field} }}")).Replace('\'', '"'));

        JobView job = await service.LoadAsync(
            dataset,
            ArrowSample.Write(form == "file" ? ArrowSample.File : ArrowSample.Stream, codec: null, [[.. types.Select((type, i) => ($"c{i}", type.Values))]]),
            ArrowSample.Stream);

        Assert.True(job.State == JobState.Succeeded, job.Error?.Detail ?? string.Join('\n', await service.DeadLettersAsync(job)));
        for (int i = 0; i < types.Length; i++)
        {
            Assert.Equal([types[i].Row, "~"], await service.RowsAsync($"SELECT coalesce(c{i}::text, '~') FROM {dataset} ORDER BY _record"));
        }
    }

    [Theory]
    [InlineData("job", ArrowSample.Stream, null)]
    [InlineData("chunk", ArrowSample.Stream, CompressionCodecType.Lz4Frame)]
    [InlineData("job", ArrowSample.File, CompressionCodecType.Zstd)]
    public async Task Many_batches_are_loaded_compressed_or_not(string commit, string contentType, CompressionCodecType? codec)
    {
        string dataset = $"arrow_{commit}_{(codec is null ? "plain" : "compressed")}";
        await service.DeclareAsync(dataset, Ids, commit);

        JobView job = await service.LoadAsync(dataset, ArrowSample.Ids(contentType, codec, rows: 20_000, rowsOfBatch: 3_000), contentType);

        Assert.True(job.State == JobState.Succeeded, job.Error?.Detail);
        Assert.Equal(20_000, await service.Database.ScalarAsync<long>($"SELECT count(*) FROM {dataset} WHERE _record = id AND note = 'n' || id"));
        Assert.Empty(Converted());
    }

    [Fact]
    public async Task Bad_records_are_dead_letters_that_can_be_sent_again_as_NDJSON()
    {
        await service.DeclareAsync("arrow_rejects", Ids);
        string[] ids = [.. Enumerable.Range(1, 1_000).Select(id => id == 700 ? "seven \"hundred\"" : $"{id}")];

        JobView job = await service.LoadAsync(
            "arrow_rejects",
            ArrowSample.Write(ArrowSample.Stream, null, [[
                ("id", ArrowSample.AllThere(ArrowSample.OfTexts(StringType.Default, ids))),
                ("note", ArrowSample.AllThere(ArrowSample.OfTexts(StringType.Default, [.. ids.Select((_, i) => $"n{i + 1}")]))),
            ]]),
            ArrowSample.Stream);

        Assert.Equal((JobState.PartiallySucceeded, 999L), (job.State, job.Records.Loaded));
        Assert.Equal(
            ["700:700 type_mismatch id {\"id\":\"seven \\\"hundred\\\"\",\"note\":\"n700\"}"], await service.DeadLettersAsync(job));
        JobView mended = await service.LoadAsync("arrow_rejects", "{\"id\":\"700\",\"note\":\"n700\"}"u8.ToArray(), "application/x-ndjson");
        Assert.Equal(JobState.Succeeded, mended.State);
    }

    [Fact]
    public async Task What_is_no_Arrow_or_not_all_of_it_fails_with_the_reason_and_leaves_nothing()
    {
        byte[] stream = ArrowSample.Ids(ArrowSample.Stream, null, rows: 10_000, rowsOfBatch: 1_000);
        byte[] file = ArrowSample.Ids(ArrowSample.File, CompressionCodecType.Lz4Frame, rows: 10_000, rowsOfBatch: 1_000);
        await service.DeclareAsync("arrow_broken", Ids, commit: "chunk");

        foreach ((byte[] data, string reason) in ((byte[], string)[])
        [
            ([], "cut off at byte 0"), ("id,note\n1,a\n"u8.ToArray(), "no Arrow IPC"), (stream[..^8], "without the mark of its end"),
            (stream[..(stream.Length / 2)], "cut off"), ([.. stream, 0], "1 bytes are behind its end"), (file[..^1], "where the end of an Arrow file should be"),
            (Encoding.ASCII.GetBytes("FEA1....FEA1"), "Feather of version 1"),
        ])
        {
            JobView job = await service.LoadAsync("arrow_broken", data, ArrowSample.File);

            Assert.Equal((JobState.Failed, "file_unreadable"), (job.State, job.Error?.Code));
            Assert.Contains(reason, job.Error!.Detail, StringComparison.Ordinal);
        }

        Assert.Equal(0, await service.CountRowsAsync("arrow_broken"));
        Assert.Empty(Converted());
    }

    /// <summary>As <c>curl -T FILE</c> sends it, to a dataset whose format says what it is; and what is something else is told.</summary>
    [Fact]
    public async Task A_dataset_of_Arrow_takes_it_without_a_type_and_others_say_what_it_is()
    {
        byte[] file = ArrowSample.Ids(ArrowSample.File, null, rows: 1, rowsOfBatch: 1);
        await service.DeclareAsync("arrow_untyped", Ids, rest: ", \"format\": \"arrow\"");
        await service.DeclareAsync("no_arrow", Ids);
        using ByteArrayContent other = new("id,note\n1,a\n"u8.ToArray());
        using ByteArrayContent unsaid = new(file);

        JobView job = await service.LoadAsync("arrow_untyped", file, "application/octet-stream");
        ApiAnswer refused = await service.Api.UploadAsync("arrow_untyped", other);
        ApiAnswer told = await service.Api.UploadAsync("no_arrow", unsaid);

        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Contains("The body begins as text/csv does", refused.Body, StringComparison.Ordinal);
        Assert.Contains("Content-Type: application/vnd.apache.arrow.file", told.Body, StringComparison.Ordinal);
    }

    private IEnumerable<string> Converted() => Directory.EnumerateFiles(service.Service.Services.GetRequiredService<SpoolDirectory>().Root, "*.converted*");
}
