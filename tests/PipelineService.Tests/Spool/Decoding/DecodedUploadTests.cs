using System.Text;
using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Spool;
using PipelineService.Spool.Decoding;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Decoding;

/// <summary>What was sent compressed comes back as it was, however it comes and is read.</summary>
public sealed class DecodedUploadTests
{
    private static readonly byte[] Table = Encoding.UTF8.GetBytes(Readings.Csv(30_000));

    private static readonly Gen<ContentCoding> Coding = Gen.Enum<ContentCoding>();

    private static readonly Gen<byte[]> Data = Gen.OneOf(
        Gen.Byte.Array[0, 3_000], Gen.Byte[97, 99].Array[0, 3_000], Gen.Int[0, 200_000].Select(length => new byte[length]));

    public static TheoryData<ContentCoding> Codings => [.. Compressed.Codings];

    [Fact]
    public Task Any_data_in_any_codings_comes_back_however_it_arrives() =>
        Gen.Select(Data, Coding.Array[1, 4], Gen.Int[1, 4_000], Gen.Int[1, 100_000]).SampleAsync(
            async (data, codings, stepBytes, readBytes) =>
            {
                byte[] sent = Compressed.With(codings, data);

                (byte[] decoded, Problem? problem) =
                    await DecodingRun.DecodeAsItComesAsync(sent, DecodingRun.Of(codings), Math.Max(stepBytes, sent.Length / 500), readBytes);

                Assert.Null(problem);
                Assert.Equal(data, decoded);
            },
            iter: 300);

    [Theory, MemberData(nameof(Codings))]
    public async Task One_byte_at_a_time_is_enough(ContentCoding coding)
    {
        byte[] data = Encoding.UTF8.GetBytes(Readings.Csv(500));

        (byte[] decoded, Problem? problem) =
            await DecodingRun.DecodeAsItComesAsync(Compressed.With(coding, data), DecodingRun.Of(coding), stepBytes: 1, readBytes: 100);

        Assert.Null(problem);
        Assert.Equal(data, decoded);
    }

    [Theory, MemberData(nameof(Codings))]
    public async Task Any_range_is_read_again_in_any_order(ContentCoding coding)
    {
        await using SpoolWriter upload = await new MemorySpool().SealedAsync(Compressed.With(coding, Table));
        await using SpoolReader reader = upload.Follow();
        using UploadContent content = await UploadContent.OpenAsync(
            reader, DecodingRun.Of(coding), new SpoolOptions(), TestContext.Current.CancellationToken);

        await Gen.Select(Gen.Int[0, Table.Length - 1], Gen.Int[0, 100_000]).Array[1, 10].SampleAsync(
            async ranges =>
            {
                foreach ((int start, int length) in ranges)
                {
                    byte[] range = new byte[Math.Min(length, Table.Length - start)];
                    await content.ReadAgainAsync(range, start, CancellationToken.None);
                    Assert.True(Table.AsSpan(start, range.Length).SequenceEqual(range), $"Bytes {start} to {start + range.Length}");
                }
            },
            iter: 20);
    }

    /// <summary>Resumption begins at any checkpoint: where that is in the text as it was sent is found by reading up to it.</summary>
    [Theory]
    [InlineData("windows-1252", 1252)]
    [InlineData("utf-16be", 1201)]
    [InlineData("gb18030", 54936)]
    public async Task Of_transcoded_text_any_place_is_known_as_it_was_sent(string name, int codePage)
    {
        Encoding charset = CodePagesEncodingProvider.Instance.GetEncoding(codePage) ?? Encoding.GetEncoding(codePage);
        string text = string.Concat(Enumerable.Range(0, 40_000).Select(i => $"{i},ü€\n"));
        int[] utf8 = new int[40_001], sent = new int[40_001];
        for (int i = 0; i < 40_000; i++)
        {
            string line = $"{i},ü€\n";
            (utf8[i + 1], sent[i + 1]) = (utf8[i] + Encoding.UTF8.GetByteCount(line), sent[i] + charset.GetByteCount(line));
        }

        await using SpoolWriter upload = await new MemorySpool().SealedAsync(Compressed.Gzip(charset.GetBytes(text)));
        await using SpoolReader reader = upload.Follow();
        UploadCodings codings = DecodingRun.Of(ContentCoding.Gzip) with { OfText = TextEncoding.Find(name)! };
        using DecodedUpload decoded = new(reader, codings, DecodingRun.NoLimits);
        byte[] buffer = new byte[100_000];
        foreach (int line in (int[])[0, 17, 20_000, 19_999, 3, 39_999, 40_000])
        {
            Assert.Equal(sent[line], await decoded.FindAsSentAsync(utf8[line], TestContext.Current.CancellationToken));
            int read = await decoded.ReadAsync(buffer, utf8[line], TestContext.Current.CancellationToken);
            Assert.Equal(read, line == 40_000 ? 0 : read);
            Assert.StartsWith(line == 40_000 ? "" : $"{line},ü€", Encoding.UTF8.GetString(buffer, 0, Math.Min(read, 20)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Several_read_again_at_once()
    {
        await using SpoolWriter upload = await new MemorySpool().SealedAsync(Compressed.Gzip(Table));
        await using SpoolReader reader = upload.Follow();
        using UploadContent content = await UploadContent.OpenAsync(
            reader, DecodingRun.Of(ContentCoding.Gzip), new SpoolOptions(), TestContext.Current.CancellationToken);

        await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(async () =>
        {
            byte[] range = new byte[10_000];
            await content.ReadAgainAsync(range, i * 20_000L, CancellationToken.None);
            Assert.Equal(Table[(i * 20_000)..(i * 20_000 + 10_000)], range);
        })));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1_000)]
    public async Task Members_of_gzip_are_one_file(int stepBytes)
    {
        byte[] sent =
        [
            .. Compressed.Gzip("first,"), .. Compressed.Gzip(""),
            .. Compressed.GzipWithFields("second,"u8.ToArray(), new byte[300], "a name", "é"),
            .. Compressed.GzipWithFields([], [], "", ""), .. Compressed.Gzip("third"),
        ];

        (byte[] decoded, Problem? problem) =
            await DecodingRun.DecodeAsItComesAsync(sent, DecodingRun.Of(ContentCoding.Gzip), stepBytes, readBytes: 100);

        Assert.Null(problem);
        Assert.Equal("first,second,third", Encoding.UTF8.GetString(decoded));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1_000)]
    public async Task Frames_of_Zstandard_are_one_file_and_those_to_be_skipped_are(int stepBytes)
    {
        byte[] sent =
        [
            .. Compressed.Skippable(3, new byte[1_000]), .. Compressed.Zstd("first,"u8.ToArray()), .. Compressed.Zstd([]),
            .. Compressed.Skippable(15, []), .. Compressed.Zstd("second"u8.ToArray()), .. Compressed.Skippable(0, [1]),
        ];

        (byte[] decoded, Problem? problem) =
            await DecodingRun.DecodeAsItComesAsync(sent, DecodingRun.Of(ContentCoding.Zstd), stepBytes, readBytes: 100);

        Assert.Null(problem);
        Assert.Equal("first,second", Encoding.UTF8.GetString(decoded));
    }

    [Theory]
    [InlineData(FileCompression.Auto, "gzip")]
    [InlineData(FileCompression.Auto, "zstd")]
    [InlineData(FileCompression.Auto, "")]
    [InlineData(FileCompression.Gzip, "gzip")]
    [InlineData(FileCompression.Zstd, "zstd")]
    [InlineData(FileCompression.Brotli, "br")]
    public async Task A_file_is_decoded_as_the_dataset_says(FileCompression compression, string written)
    {
        byte[] file = Compressed.With(ContentCodings.Parse(written, out _), Table);

        // On its own, and as a request that compresses it once more.
        foreach (ContentCoding[] codings in (ContentCoding[][])[[], [ContentCoding.Brotli, ContentCoding.Gzip]])
        {
            await using SpoolWriter upload = await new MemorySpool().SealedAsync(Compressed.With(codings, file));
            await using SpoolReader reader = upload.Follow();
            using UploadContent content = await UploadContent.OpenAsync(
                reader, DecodingRun.Of(compression, codings), new SpoolOptions(), TestContext.Current.CancellationToken);

            (byte[] decoded, Problem? problem) = await DecodingRun.ReadAsync(content.Bytes, readBytes: 10_000);

            Assert.Null(problem);
            Assert.Equal(Table, decoded);
            Assert.Equal(codings.Length > 0 || written.Length > 0, content.IsCoded);
        }
    }

    /// <summary>Less than a signature is all there is.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("abc")]
    public async Task A_file_that_is_shorter_than_a_signature_is_as_it_is(string text)
    {
        byte[] sent = Compressed.With(ContentCoding.Gzip, text);

        (byte[] decoded, Problem? problem) = await DecodingRun.DecodeAsync(sent, DecodingRun.Of(FileCompression.Auto, ContentCoding.Gzip));

        Assert.Null(problem);
        Assert.Equal(text, Encoding.UTF8.GetString(decoded));
    }

    /// <summary>The reader of a job takes what has come, and is not told of an end before there is one.</summary>
    [Theory, MemberData(nameof(Codings))]
    public async Task Reads_what_has_come_without_waiting_for_more(ContentCoding coding)
    {
        byte[] sent = Compressed.With(coding, Table);
        await using SpoolWriter upload = new MemorySpool().Create();
        await using SpoolReader reader = upload.Follow();
        using DecodedUpload decoded = new(reader, DecodingRun.Of(coding), DecodingRun.NoLimits);
        byte[] buffer = new byte[Table.Length + 1];
        await upload.AppendAsync(sent.AsMemory(0, sent.Length / 2));

        int read = 0;
        for (int more; (more = await decoded.ReadAsync(buffer.AsMemory(read), read, CancellationToken.None)) > 0;)
        {
            read += more;
        }

        Assert.InRange(read, Table.Length / 10, Table.Length - 1);
        Assert.False(decoded.IsEnd(read));
        ValueTask<bool> waiting = decoded.WaitForBytesAsync(read, CancellationToken.None);
        Assert.False(waiting.IsCompleted);
        await upload.AppendAsync(sent.AsMemory(sent.Length / 2));
        Assert.True(await waiting);
    }

    [Fact]
    public async Task An_upload_that_breaks_off_is_not_taken_for_a_damaged_one()
    {
        await using SpoolWriter upload = new MemorySpool().Create();
        await using SpoolReader reader = upload.Follow();
        using DecodedUpload decoded = new(reader, DecodingRun.Of(ContentCoding.Gzip), DecodingRun.NoLimits);
        await upload.AppendAsync(Compressed.Gzip(Table).AsMemory(0, 20));

        upload.Abandon();

        Assert.False(await decoded.WaitForBytesAsync(0, CancellationToken.None));
        Assert.Throws<UploadAbandonedException>(decoded.ThrowIfAbandoned);
    }

    /// <summary>Nothing is allocated for a chunk: 20 MB more cost as much as none.</summary>
    [Theory, MemberData(nameof(Codings))]
    public async Task Memory_does_not_depend_on_the_size(ContentCoding coding)
    {
        byte[] sent = Compressed.With(coding, [.. Enumerable.Repeat(Table, 30).SelectMany(table => table)]);
        await using SpoolWriter upload = await new MemorySpool().SealedAsync(sent);
        await using SpoolReader reader = upload.Follow();
        using DecodedUpload decoded = new(reader, DecodingRun.Of(coding), DecodingRun.NoLimits);
        byte[] buffer = new byte[1 << 20];
        long offset = await decoded.ReadAsync(buffer, 0, CancellationToken.None);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int read; (read = await decoded.ReadAsync(buffer, offset, CancellationToken.None)) > 0;)
        {
            offset += read;
        }

        Assert.Equal(30L * Table.Length, offset);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 10);
    }
}
