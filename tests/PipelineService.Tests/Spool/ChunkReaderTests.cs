using System.Text;
using CsCheck;
using Microsoft.Extensions.Time.Testing;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Transforms;
using PipelineService.Spool;
using PipelineService.Spool.Decoding;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool;

public sealed class ChunkReaderTests
{
    private static readonly Gen<string> Record = Gen.OneOf(
        Gen.String[Gen.Char["abc,"], 1, 30],
        Gen.String[Gen.Char["abc,\n\r"], 0, 30].Select(text => $"1,\"{text}\",\"\"\"x\""),
        Gen.Const(""),
        Gen.Const("1,\"no end"),
        Gen.Const(new string('y', 900)));

    /// <summary>Text of records with every kind of line end; some are malformed, some blank, some as long as a chunk.</summary>
    private static readonly Gen<string> Data = Gen.Select(Record, Gen.OneOf(Gen.Const("\n"), Gen.Const("\r\n"), Gen.Const("\r")))
        .Select(line => line.Item1 + line.Item2).Array[0, 40].Select(string.Concat);

    [Fact]
    public Task Any_growth_and_any_chunk_size_give_the_records_of_one_piece() =>
        Gen.Select(Data, Gen.Int[16, 300], Gen.Int[1, 200], Gen.Int[1, 20]).SampleAsync(
            async (data, chunkBytes, stepBytes, recordsMax) =>
            {
                byte[] bytes = Encoding.UTF8.GetBytes(data);
                MemorySpool spool = new();
                await using SpoolWriter upload = spool.Create();
                using ChunkReading reading = new(
                    upload, new SpoolOptions { ChunkBytes = chunkBytes, ChunkRecordsMax = recordsMax }, recordBytesMax: 1000);
                Task<IReadOnlyList<ReadChunk>> running = reading.RunAsync();
                foreach (byte[] step in bytes.Chunk(stepBytes))
                {
                    await upload.AppendAsync(step);
                }

                await upload.SealAsync();

                ExpectOnePiece(bytes, await running, recordsMax);
                Assert.Equal(0, reading.Pool.Rented);
            },
            iter: 200);

    /// <summary>Chunks of compressed data are those of what was compressed, and so are the places to go on from.</summary>
    [Fact]
    public Task Any_growth_of_compressed_data_gives_the_records_of_one_piece() =>
        Gen.Select(Data, Gen.Enum<ContentCoding>(), Gen.Int[16, 300], Gen.Int[1, 200], Gen.Int[1, 20]).SampleAsync(
            async (data, coding, chunkBytes, stepBytes, recordsMax) =>
            {
                byte[] bytes = Encoding.UTF8.GetBytes(data);
                MemorySpool spool = new();
                await using SpoolWriter upload = spool.Create();
                using ChunkReading reading = new(
                    upload, new SpoolOptions { ChunkBytes = chunkBytes, ChunkRecordsMax = recordsMax }, recordBytesMax: 1000,
                    decoding: sent => new DecodedUpload(sent, new UploadCodings([coding], null), DecodingRun.NoLimits));
                Task<IReadOnlyList<ReadChunk>> running = reading.RunAsync();
                foreach (byte[] step in Compressed.With(coding, bytes).Chunk(stepBytes))
                {
                    await upload.AppendAsync(step);
                }

                await upload.SealAsync();

                ExpectOnePiece(bytes, await running, recordsMax);
                Assert.Equal(0, reading.Pool.Rented);
            },
            iter: 200);

    [Fact]
    public async Task Ranges_left_by_an_earlier_attempt_are_those_of_the_decoded_data()
    {
        MemorySpool spool = new();
        await using SpoolWriter upload = await spool.SealedAsync(Compressed.Gzip("a\nb\nc\nd\ne\n"));
        using ChunkReading reading = new(
            upload, new SpoolOptions(),
            decoding: sent => new DecodedUpload(sent, new UploadCodings([ContentCoding.Gzip], null), DecodingRun.NoLimits));

        IReadOnlyList<ReadChunk> chunks = await reading.RunAsync(
            new UncoveredRange(2, 6, new ChunkPosition(2, 2)), new UncoveredRange(8, null, new ChunkPosition(5, 5)));

        Assert.Equal(["b\nc\n", "e\n"], chunks.Select(c => Encoding.UTF8.GetString(c.Bytes)));
        Assert.Equal([(2, 6), (8, 10)], chunks.Select(c => ((int)c.Start, (int)c.End)));
    }

    [Fact]
    public async Task Ranges_left_by_an_earlier_attempt_are_read_and_nothing_else()
    {
        MemorySpool spool = new();
        await using SpoolWriter upload = await spool.SealedAsync("a\nb\nc\nd\ne\n"u8.ToArray());
        using ChunkReading reading = new(upload, new SpoolOptions());

        IReadOnlyList<ReadChunk> chunks = await reading.RunAsync(
            new UncoveredRange(2, 6, new ChunkPosition(2, 2)), new UncoveredRange(8, null, new ChunkPosition(5, 5)));

        Assert.Equal(["b\nc\n", "e\n"], chunks.Select(c => Encoding.UTF8.GetString(c.Bytes)));
        Assert.Equal([new ChunkPosition(2, 2), new ChunkPosition(5, 5)], chunks.Select(c => c.Position));
        Assert.Equal([(2, 6), (8, 10)], chunks.Select(c => ((int)c.Start, (int)c.End)));
    }

    [Theory]
    [InlineData(1_500, false)]
    [InlineData(16 << 10, false)]
    [InlineData((16 << 10) + 1, true)]
    public async Task A_last_record_over_the_limit_is_marked_only_when_bytes_of_it_are_missing(int length, bool isCut)
    {
        MemorySpool spool = new();
        await using SpoolWriter upload = await spool.SealedAsync(Encoding.UTF8.GetBytes(new string('x', length)));
        using ChunkReading reading = new(upload, new SpoolOptions { ChunkBytes = 32 << 10 }, recordBytesMax: 1024);

        ReadChunk chunk = Assert.Single(await reading.RunAsync());

        Assert.True(chunk.IsOversized);
        Assert.Equal((isCut, Math.Min(length, 16 << 10)), (chunk.IsCut, chunk.Bytes.Length));
    }

    [Fact]
    public async Task Records_that_may_leave_columns_out_come_in_smaller_chunks()
    {
        FieldDefinition[] fields = [.. Enumerable.Range(0, 1_000).Select(i => new FieldDefinition { Name = $"c{i}" })];
        RowPlan plan = new(new DatasetDefinition
        {
            Schema = new TableSchema { Fields = [.. fields] },
            Load = new LoadPolicy { Table = new TableName("public", "wide") },
        });
        SpoolOptions options = new() { ChunkBytes = 100_000 };
        MemorySpool spool = new();
        await using SpoolWriter upload = await spool.SealedAsync(
            Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{}\n", 250))));
        using ChunkReading reading = new(
            upload, options, scanner: new LineScanner(1024),
            transform: new ChunkTransform(plan, new NdjsonRecordReader(plan.Definition.Schema), new JobFacts(Guid.Empty)));

        IReadOnlyList<ReadChunk> chunks = await reading.RunAsync();

        Assert.Equal([100, 100, 50], chunks.Select(c => c.Records));
        Assert.Equal((1, 32_768), (options.RecordsMaxOf(1_000_000), options.RecordsMaxOf(1)));
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public async Task A_record_over_the_limit_is_set_apart_and_its_neighbours_are_read(string lineEnd)
    {
        string data = $"before{lineEnd}{new string('x', 1500)}{lineEnd}after{lineEnd}{new string('y', 9000)}{lineEnd}last";
        MemorySpool spool = new();
        await using SpoolWriter upload = await spool.SealedAsync(Encoding.UTF8.GetBytes(data));
        using ChunkReading reading = new(upload, new SpoolOptions { ChunkBytes = 4096 }, recordBytesMax: 1024);

        IReadOnlyList<ReadChunk> chunks = await reading.RunAsync();

        Assert.Equal([false, true, false, true, false], chunks.Select(c => c.IsOversized));
        Assert.Equal([false, false, false, true, false], chunks.Select(c => c.IsCut));
        Assert.Equal(
            Enumerable.Range(1, 5).Select(i => new ChunkPosition(i, i)), chunks.Select(c => c.Position));
        Assert.Equal(new string('x', 1500), Encoding.UTF8.GetString(chunks[1].Bytes));
        Assert.All(chunks[3].Bytes, b => Assert.Equal((byte)'y', b));
        ExpectContiguous(chunks, data.Length);
        Assert.Equal(0, reading.Pool.Rented);
    }

    [Fact]
    public async Task An_oversized_last_record_without_a_line_end_is_read_past_as_it_arrives()
    {
        MemorySpool spool = new();
        await using SpoolWriter upload = spool.Create();
        using ChunkReading reading = new(
            upload, new SpoolOptions { ChunkBytes = 4096 }, recordBytesMax: 1024, new LineScanner(1024));
        Task<IReadOnlyList<ReadChunk>> running = reading.RunAsync();
        for (int i = 0; i < 50; i++)
        {
            await upload.AppendAsync(new byte[1000]);
        }

        await upload.SealAsync();

        ReadChunk only = Assert.Single(await running);
        Assert.Equal((true, 1, 50_000L), (only.IsOversized, only.Records, only.End));
    }

    [Fact]
    public async Task A_chunk_has_no_more_records_than_it_may()
    {
        MemorySpool spool = new();
        await using SpoolWriter upload = await spool.SealedAsync("1\n2\n\n3\n4\n5\n"u8.ToArray());
        using ChunkReading reading = new(upload, new SpoolOptions { ChunkRecordsMax = 2 });

        IReadOnlyList<ReadChunk> chunks = await reading.RunAsync();

        Assert.Equal([2, 2, 1], chunks.Select(c => c.Records));
        Assert.Equal([1L, 3, 6], chunks.Select(c => c.Position.FirstLine));
    }

    [Fact]
    public async Task Records_of_a_slow_upload_do_not_wait_longer_than_the_age_of_a_chunk()
    {
        FakeTimeProvider time = new();
        SpoolOptions options = new() { ChunkAgeMax = TimeSpan.FromSeconds(10) };
        MemorySpool spool = new();
        await using SpoolWriter upload = spool.Create();
        await upload.AppendAsync("1\n2\nhalf"u8.ToArray());
        using ChunkReading reading = new(upload, options, time: time);
        Task running = reading.ReadAsync();
        Task<ReadChunk> first = reading.TakeAsync();
        Assert.False(first.IsCompleted);

        ReadChunk early = await time.AdvanceUntilAsync(first, TimeSpan.FromSeconds(1));

        Assert.Equal("1\n2\n", Encoding.UTF8.GetString(early.Bytes));
        await upload.AppendAsync(" more\n"u8.ToArray());
        await upload.SealAsync();
        ReadChunk rest = await reading.TakeAsync();
        await running;
        Assert.Equal("half more\n", Encoding.UTF8.GetString(rest.Bytes));
        Assert.Equal(0, reading.Pool.Rented);
    }

    /// <summary>After a pause the first record of a burst waits for those that follow it.</summary>
    [Fact]
    public async Task The_age_of_a_chunk_counts_from_its_first_byte()
    {
        CountingTime time = new();
        CountingScanner scanner = new();
        MemorySpool spool = new();
        await using SpoolWriter upload = spool.Create();
        using ChunkReading reading = new(
            upload, new SpoolOptions { ChunkAgeMax = TimeSpan.FromSeconds(10) }, scanner: scanner, time: time);
        Task running = reading.ReadAsync();
        time.Advance(TimeSpan.FromMinutes(1));
        await upload.AppendAsync("1\n"u8.ToArray());
        await BoundedWait.UntilAsync("the reader to wait for more", () => time.TimersMade == 1);
        Assert.Equal(0, scanner.Scans); // not yet looked through, so not cut either
        await upload.AppendAsync("2\n"u8.ToArray());

        ReadChunk chunk = await time.AdvanceUntilAsync(reading.TakeAsync(), TimeSpan.FromSeconds(1));

        Assert.Equal("1\n2\n", Encoding.UTF8.GetString(chunk.Bytes));
        await upload.SealAsync();
        await running;
    }

    [Fact]
    public async Task A_record_that_trickles_in_is_looked_through_once_in_an_age_and_not_for_every_packet()
    {
        CountingTime time = new();
        CountingScanner scanner = new();
        MemorySpool spool = new();
        await using SpoolWriter upload = spool.Create();
        using ChunkReading reading = new(
            upload, new SpoolOptions { ChunkAgeMax = TimeSpan.FromSeconds(10) }, scanner: scanner, time: time);
        Task running = reading.ReadAsync();
        await upload.AppendAsync("x"u8.ToArray());
        await BoundedWait.UntilAsync("the reader to wait for more", () => time.TimersMade == 1);
        time.Advance(TimeSpan.FromSeconds(11)); // too old, and no record in it
        await BoundedWait.UntilAsync("it to have been looked through", () => scanner.Scans == 1);
        for (int i = 0; i < 50; i++)
        {
            int armed = time.TimersMade;
            await upload.AppendAsync("x"u8.ToArray());
            await BoundedWait.UntilAsync(
                "the reader to wait for more", () => time.TimersMade > armed || scanner.Scans > 1);
        }

        Assert.Equal(1, scanner.Scans);
        await upload.AppendAsync("\n"u8.ToArray());
        ReadChunk record = await time.AdvanceUntilAsync(reading.TakeAsync(), TimeSpan.FromSeconds(1));
        Assert.Equal(new string('x', 51) + "\n", Encoding.UTF8.GetString(record.Bytes));
        await upload.SealAsync();
        await running;
    }

    [Fact]
    public async Task A_broken_upload_ends_the_reading_and_every_buffer_comes_back()
    {
        MemorySpool spool = new();
        await using SpoolWriter upload = spool.Create();
        using ChunkReading reading = new(upload, new SpoolOptions());
        Task running = reading.RunAsync();
        await upload.AppendAsync("1\n2\nhalf"u8.ToArray());

        upload.Abandon();

        await Assert.ThrowsAsync<UploadAbandonedException>(() => running);
        Assert.Equal(0, reading.Pool.Rented);
    }

    [Fact]
    public async Task A_cancelled_reading_gives_every_buffer_back_but_those_in_the_channel()
    {
        MemorySpool spool = new();
        await using SpoolWriter upload = await spool.SealedAsync(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("1\n", 50))));
        using ChunkReading reading = new(upload, new SpoolOptions { ChunkRecordsMax = 1 });
        Task running = reading.ReadAsync(); // two sessions: the fourth chunk finds no place

        await reading.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        while (reading.Pool.Rented > 0)
        {
            await reading.TakeAsync();
        }

        Assert.InRange(reading.Chunks.Count, 0, 3);
    }

    private sealed class CountingScanner : RecordScanner
    {
        private readonly LineScanner _scanner = new(1 << 20);
        private int _scans;

        public int Scans => Volatile.Read(ref _scans);

        public override ScanResult Scan(ReadOnlySpan<byte> bytes, bool isFinal, int recordsMax)
        {
            Interlocked.Increment(ref _scans);
            return _scanner.Scan(bytes, isFinal, recordsMax);
        }

        public override int SkipLine(ReadOnlySpan<byte> bytes, bool isFinal) => _scanner.SkipLine(bytes, isFinal);

        public override int PassedBy(ReadOnlySpan<byte> bytes) => _scanner.PassedBy(bytes);

        public override ReadOnlySpan<byte> WithoutLineEnd(ReadOnlySpan<byte> line) => _scanner.WithoutLineEnd(line);
    }

    private static void ExpectOnePiece(byte[] bytes, IReadOnlyList<ReadChunk> chunks, int recordsMax)
    {
        var whole = new CsvRecordScanner(CsvDialect.Default, 1000, skipBlankLines: true)
            .Scan(bytes, isFinal: true, recordsMax: int.MaxValue);
        Assert.Equal(bytes, chunks.SelectMany(c => c.Bytes));
        Assert.Equal(whole.Records, chunks.Sum(c => c.Records));
        Assert.Equal(whole.Lines, chunks.Sum(c => c.Lines));
        Assert.All(chunks, c => Assert.InRange(c.Records, 0, recordsMax));
        ExpectContiguous(chunks, bytes.Length);
    }

    private static void ExpectContiguous(IReadOnlyList<ReadChunk> chunks, long length)
    {
        (long offset, var position) = (0, new ChunkPosition(1, 1));
        for (int i = 0; i < chunks.Count; i++)
        {
            Assert.Equal((offset, position), (chunks[i].Start, chunks[i].Position));
            offset = chunks[i].End;
            position = new ChunkPosition(position.FirstRecord + chunks[i].Records, position.FirstLine + chunks[i].Lines);
        }

        Assert.Equal(length, offset);
    }
}
