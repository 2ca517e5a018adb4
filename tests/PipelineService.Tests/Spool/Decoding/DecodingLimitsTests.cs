using System.IO.Compression;
using PipelineService.Hosting.Http;
using PipelineService.Spool;
using PipelineService.Spool.Decoding;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Decoding;

/// <summary>Little that decodes to much is stopped as soon as it is known to be too much.</summary>
public sealed class DecodingLimitsTests
{
    private const long Floor = 1 << 20;

    private static readonly DecodingLimits Limits = new(BytesMax: 1L << 40, RatioMax: 250, RatioFrom: Floor);

    /// <summary>Ten megabytes that are ten gigabytes: not even a thousandth is decoded.</summary>
    [Fact]
    public async Task A_bomb_is_stopped_by_its_ratio()
    {
        byte[] bomb = [.. Enumerable.Repeat(Compressed.Gzip(new byte[100 << 20]), 100).SelectMany(member => member)];
        Assert.InRange(bomb.Length, 9 << 20, 11 << 20);
        await using SpoolWriter upload = await new MemorySpool().SealedAsync(bomb);
        await using SpoolReader reader = upload.Follow();
        long before = GC.GetAllocatedBytesForCurrentThread();

        using DecodedUpload bytes = new(reader, DecodingRun.Of(ContentCoding.Gzip), Limits);
        (byte[] decoded, Problem? problem) = await DecodingRun.ReadAsync(bytes, 64 << 10);

        Assert.Equal(("decoded_too_large", 413), (problem!.Code, problem.Status));
        Assert.Contains("250 times", problem.Detail, StringComparison.Ordinal);
        Assert.InRange(decoded.Length, Floor, Floor + (256 << 10));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 * Floor); // most of it the test's own copy
    }

    [Theory]
    [InlineData(ContentCoding.Gzip)]
    [InlineData(ContentCoding.Deflate)]
    [InlineData(ContentCoding.Brotli)]
    [InlineData(ContentCoding.Zstd)]
    public async Task More_than_the_limit_of_bytes_is_stopped(ContentCoding coding)
    {
        DecodingLimits limits = new(BytesMax: 3 << 20, RatioMax: int.MaxValue, RatioFrom: long.MaxValue);

        (byte[] decoded, Problem? problem) =
            await DecodingRun.DecodeAsync(Compressed.With(coding, new byte[4 << 20]), DecodingRun.Of(coding), 64 << 10, limits);

        Assert.Equal("decoded_too_large", problem!.Code);
        Assert.Contains($"{3 << 20} bytes", problem.Detail, StringComparison.Ordinal);
        Assert.InRange(decoded.Length, 0, 3 << 20);
        Assert.Null((await DecodingRun.DecodeAsync(Compressed.With(coding, new byte[3 << 20]), DecodingRun.Of(coding), 64 << 10, limits)).Problem);
    }

    /// <summary>What a coding makes is thrown away by the next, and is made all the same: gigabytes of members of nothing.</summary>
    [Fact]
    public async Task What_the_next_coding_makes_little_of_is_counted_too()
    {
        byte[] nothing = Compressed.Gzip("");
        using MemoryStream bomb = new();
        using (GZipStream outer = new(bomb, CompressionLevel.Fastest, leaveOpen: true))
        {
            byte[] members = [.. Enumerable.Repeat(nothing, 1_000).SelectMany(member => member)];
            for (long written = 0; written < 8 << 20; written += members.Length)
            {
                outer.Write(members);
            }
        }

        Problem? problem = (await DecodingRun.DecodeAsync(
            bomb.ToArray(), DecodingRun.Of(ContentCoding.Gzip, ContentCoding.Gzip), 64 << 10, Limits with { RatioMax = 20 })).Problem;

        Assert.Equal("decoded_too_large", problem!.Code);
    }

    [Fact]
    public async Task Little_is_taken_whatever_its_ratio() => Assert.Null((await DecodingRun.DecodeAsync(
        Compressed.Zstd(new byte[Floor]), DecodingRun.Of(ContentCoding.Zstd), 64 << 10, Limits with { RatioMax = 10 })).Problem);

    [Fact]
    public void Defaults_let_a_table_pass_and_stop_what_is_none() => Assert.Equal(
        (1L << 40, 250, 64L << 20),
        (new SpoolOptions().DecodedBytesMax, new SpoolOptions().DecodedRatioMax, SpoolOptions.DecodedRatioFrom));
}
