using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using PipelineService.Core.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Spool.Decoding;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Spool.Decoding;

/// <summary>Data that is not whole is never taken for data that is, and what is wrong with it is said with the place.</summary>
public sealed partial class DamagedDataTests
{
    private const string DamagedCode = "compressed_data_damaged";

    private static readonly byte[] Table = Encoding.UTF8.GetBytes(Readings.Csv(150));

    public static TheoryData<ContentCoding> Codings => [.. Compressed.Codings];

    [Theory, MemberData(nameof(Codings))]
    public async Task Cut_at_every_byte_it_is_not_whole(ContentCoding coding)
    {
        byte[] sent = Compressed.With(coding, Table);
        for (int length = 0; length < sent.Length; length++)
        {
            Problem problem = await FaultOfAsync(sent[..length], DecodingRun.Of(coding));

            Assert.Equal(DamagedCode, problem.Code);
            Assert.Equal(length, PlaceIn(problem));
            Assert.Contains(length == 0 ? "there is nothing" : "it breaks off there", problem.Detail, StringComparison.Ordinal);
        }
    }

    /// <summary>A coding inside another is cut, and the other is whole.</summary>
    [Theory, MemberData(nameof(Codings))]
    public async Task Cut_inside_another_coding_it_is_not_whole(ContentCoding coding)
    {
        byte[] inner = Compressed.With(coding, Table);
        for (int length = 0; length < inner.Length; length += 37)
        {
            Problem problem = await FaultOfAsync(Compressed.Gzip(inner[..length]), DecodingRun.Of(coding, ContentCoding.Gzip));

            Assert.Equal((DamagedCode, length), (problem.Code, PlaceIn(problem)));
            Assert.Contains($"of the {ContentCodings.TokenOf(coding)} data", problem.Detail, StringComparison.Ordinal);
        }
    }

    /// <summary>Where there is a checksum no bit can turn unseen, but for those of the header that say nothing of the data.</summary>
    [Theory]
    [InlineData(ContentCoding.Gzip)]
    [InlineData(ContentCoding.Deflate)]
    [InlineData(ContentCoding.Zstd)]
    public async Task With_any_bit_turned_it_is_damaged_or_the_same(ContentCoding coding)
    {
        byte[] sent = Compressed.With(coding, Table);
        int same = 0;
        for (int bit = 0; bit < sent.Length * 8; bit += bit < 200 ? 1 : 3)
        {
            byte[] turned = [.. sent];
            turned[bit / 8] ^= (byte)(1 << (bit % 8));
            (byte[] decoded, Problem? problem) = await DecodingRun.DecodeAsync(turned, DecodingRun.Of(coding));

            same += problem is null ? 1 : 0;
            Assert.True(problem is not null || decoded.AsSpan().SequenceEqual(Table), $"Bit {bit} was turned, and nobody saw it.");
            Assert.True(problem is null || PlaceIn(problem) <= sent.Length, problem?.Detail);
        }

        Assert.InRange(same, 0, 70); // gzip's time, operating system and hints
    }

    /// <summary>Brotli has no checksum: what is taken may be wrong, but nothing else happens.</summary>
    [Fact]
    public Task Whatever_is_sent_ends_with_data_or_a_fault() =>
        Gen.Select(
            Gen.Enum<ContentCoding>(), Gen.Byte.Array[0, 40], Gen.Select(Gen.Double[0, 1], Gen.Byte).Array[0, 5], Gen.Int[1, 500],
            Gen.Bool).SampleAsync(
            async (coding, noise, turns, step, isNoise) =>
            {
                byte[] sent = Compressed.With(coding, Table);
                foreach ((double place, byte value) in turns)
                {
                    sent[(int)(place * (sent.Length - 1))] = value;
                }

                (byte[] decoded, Problem? problem) = await DecodingRun.DecodeAsync(
                    isNoise ? noise : [.. sent, .. noise], DecodingRun.Of(coding), readBytes: step, Limited);

                Assert.True(problem is null || problem.Status is 413 or 422);
                Assert.InRange(decoded.Length, 0, 11 << 20);
            },
            iter: 1_500);

    [Theory]
    [InlineData(ContentCoding.Gzip, "no gzip", 0)]
    [InlineData(ContentCoding.Deflate, "something else", 0)]
    [InlineData(ContentCoding.Brotli, "something else", 0)]
    [InlineData(ContentCoding.Zstd, "no Zstandard", 0)]
    [InlineData(ContentCoding.Gzip, "no gzip", 1)]
    public async Task What_follows_its_end_is_a_fault(ContentCoding coding, string says, byte junk)
    {
        byte[] sent = Compressed.With(coding, Table);
        foreach (byte[] more in (byte[][])[[junk], [junk, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], .. OtherEnds(coding)])
        {
            Problem problem = await FaultOfAsync([.. sent, .. more], DecodingRun.Of(coding));

            Assert.Equal((DamagedCode, sent.Length), (problem.Code, PlaceIn(problem)));
            Assert.Contains(says, problem.Detail, StringComparison.Ordinal);
        }
    }

    /// <summary>Only gzip and Zstandard are joined.</summary>
    private static byte[][] OtherEnds(ContentCoding coding) =>
        coding is ContentCoding.Deflate or ContentCoding.Brotli ? [Compressed.With(coding, Table)] : [];

    [Theory]
    [InlineData(ContentCoding.Gzip, "1F8C", "does not begin as gzip does", 0)]
    [InlineData(ContentCoding.Gzip, "69642C6E", "does not begin as gzip does", 0)]
    [InlineData(ContentCoding.Gzip, "1F8B0700000000000003", "a method or flags that nobody knows", 0)]
    [InlineData(ContentCoding.Gzip, "1F8B0820000000000003", "a method or flags that nobody knows", 0)]
    [InlineData(ContentCoding.Gzip, "1F8B0802000000000003FFFF", "the checksum of a header is wrong", 10)]
    [InlineData(ContentCoding.Gzip, "1F8B080000000000000307", "a block is of an unknown kind", 10)]
    [InlineData(ContentCoding.Gzip, "1F8B080000000000000303000000000001000000", "its length is not the one", 16)]
    [InlineData(ContentCoding.Gzip, "1F8B080000000000000303000100000000000000", "its checksum (CRC-32) is wrong", 12)]
    [InlineData(ContentCoding.Deflate, "789C030000000002", "its checksum (Adler-32) is wrong", 4)]
    [InlineData(ContentCoding.Zstd, "69642C6E", "does not begin as Zstandard does", 0)]
    [InlineData(ContentCoding.Brotli, "FFFFFFFF", "no Brotli, or damaged", 0)]
    public async Task Says_what_is_wrong_and_where(ContentCoding coding, string sent, string says, int place)
    {
        Problem problem = await FaultOfAsync(Convert.FromHexString(sent), DecodingRun.Of(coding));

        Assert.Equal((DamagedCode, 422), (problem.Code, problem.Status));
        Assert.Contains(says, problem.Detail, StringComparison.Ordinal);
        Assert.Contains(PlaceIn(problem) == 0 ? "leave the Content-Encoding out" : "Compress it anew", problem.Detail, StringComparison.Ordinal);
        Assert.InRange(PlaceIn(problem), place, place + 4);
    }

    [Fact]
    public async Task Deflate_without_its_checksum_is_refused_with_what_to_send()
    {
        Problem problem = await FaultOfAsync(Compressed.Raw(Table), DecodingRun.Of(ContentCoding.Deflate));

        Assert.Equal((DamagedCode, 0), (problem.Code, PlaceIn(problem)));
        Assert.Contains("send gzip", problem.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ContentCoding.Deflate, "78BB00000000", "needs a dictionary")]
    [InlineData(ContentCoding.Zstd, "28B52FFD010001000000", "needs a dictionary")]
    [InlineData(ContentCoding.Zstd, "28B52FFD007000000000", "a window of more than 8 MiB")]
    public async Task What_asks_for_more_than_is_given_is_refused(ContentCoding coding, string sent, string says)
    {
        Problem problem = await FaultOfAsync(Convert.FromHexString(sent), DecodingRun.Of(coding));

        Assert.Equal("compression_unsupported", problem.Code);
        Assert.Contains(says, problem.Detail, StringComparison.Ordinal);
    }

    /// <summary>The largest that RFC 9659 allows is taken, and the next is not.</summary>
    [Fact]
    public async Task Windows_are_taken_up_to_the_bound()
    {
        Assert.Null((await DecodingRun.DecodeAsync(Compressed.Zstd(Table, windowLog: 23), DecodingRun.Of(ContentCoding.Zstd))).Problem);
        Assert.Equal(
            "compression_unsupported",
            (await FaultOfAsync(Compressed.Zstd(new byte[20 << 20], windowLog: 24), DecodingRun.Of(ContentCoding.Zstd))).Code);
    }

    [Theory]
    [InlineData(FileCompression.Gzip, "of the gzip data: it does not begin as gzip does")]
    [InlineData(FileCompression.Zstd, "of the zstd data: it does not begin as Zstandard does")]
    public async Task A_file_that_is_not_what_the_dataset_says_is_a_fault(FileCompression compression, string says) =>
        Assert.Contains(says, (await FaultOfAsync(Table, DecodingRun.Of(compression))).Detail, StringComparison.Ordinal);

    private static readonly DecodingLimits Limited = new(BytesMax: 10 << 20, RatioMax: 10_000, RatioFrom: 1 << 20);

    private static async Task<Problem> FaultOfAsync(byte[] sent, UploadCodings codings)
    {
        Problem? problem = (await DecodingRun.DecodeAsync(sent, codings)).Problem;
        Assert.NotNull(problem);
        return problem;
    }

    private static int PlaceIn(Problem problem) =>
        int.Parse(Place().Match(problem.Detail).Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^At byte (\d+) of the \w+ data: ")]
    private static partial Regex Place();
}
