using System.IO.Compression;
using CsCheck;
using PipelineService.Core.Compression;
using Xunit;

namespace PipelineService.Core.Tests.Compression;

/// <summary>The inflater takes what the framework's does, byte for byte, and nothing else.</summary>
public sealed class InflaterTests
{
    /// <summary>Text, noise, runs and repeats, from nothing to more than the window.</summary>
    private static readonly Gen<byte[]> Data = Gen.OneOf(
        Gen.Byte.Array[0, 2_000],
        Gen.Byte[97, 100].Array[0, 5_000],
        Gen.Select(Gen.Byte.Array[1, 40], Gen.Int[1, 5_000]).Select((part, times) => Repeat(part, times)),
        Gen.Select(Gen.Byte.Array[33_000, 34_000], Gen.Byte.Array[0, 300]).Select((far, near) => (byte[])[.. far, .. near, .. far]));

    private static readonly Gen<CompressionLevel> Level = Gen.Enum<CompressionLevel>();

    [Fact]
    public void Any_pieces_of_the_source_and_of_the_result_give_the_same() =>
        Gen.Select(Data, Level, Gen.Int[1, 5_000], Gen.Int[1, 5_000]).Sample(
            (data, level, sourceStep, resultStep) =>
            {
                byte[] compressed = Deflate(data, level);
                Outcome outcome = Run([.. compressed, 1, 2, 3], sourceStep, resultStep);

                Assert.Equal((InflateFault.None, true, compressed.Length), (outcome.Fault, outcome.IsDone, outcome.Consumed));
                Assert.Equal(data, outcome.Result);
            },
            iter: 500);

    [Fact]
    public void One_byte_at_a_time_is_enough()
    {
        byte[] data = System.Text.Encoding.UTF8.GetBytes(
            string.Concat(Enumerable.Range(0, 3_000).Select(i => $"{i},name {i * 7919 % 1000}\n")));

        Outcome outcome = Run(Deflate(data, CompressionLevel.Optimal), sourceStep: 1, resultStep: 1);

        Assert.True(outcome.IsDone);
        Assert.Equal(data, outcome.Result);
    }

    /// <summary>Damage that the framework sees is seen, and what it takes is taken with the same result.</summary>
    [Fact]
    public void Damaged_data_is_judged_as_the_framework_does() =>
        Gen.Select(
            Gen.OneOf(
                Gen.Select(Data, Level).Select(Deflate),
                Gen.Select(Gen.Byte[0, 7], Gen.Byte.Array[0, 300]).Select((start, rest) => (byte[])[start, .. rest])),
            Gen.Select(Gen.Double[0, 1], Gen.Int[0, 7]).Array[0, 3], Gen.Double[0.5, 1.2], Gen.Int[1, 300]).Sample(
            (compressed, flips, part, step) =>
            {
                byte[] damaged = [.. compressed.Take((int)(compressed.Length * Math.Min(1, part)))];
                foreach ((double place, int bit) in damaged.Length == 0 ? [] : flips)
                {
                    // Half of them at the start, where the codes of the first block are.
                    int at = (int)(place * (bit % 2 == 0 ? Math.Min(100, damaged.Length) : damaged.Length));
                    damaged[Math.Min(at, damaged.Length - 1)] ^= (byte)(1 << bit);
                }

                byte[]? expected = damaged.Length == 0 ? null : Inflate(damaged);
                Outcome outcome = Run(damaged, step, 1_000);

                Assert.Equal(expected is not null, outcome.IsDone && outcome.Fault == InflateFault.None);
                Assert.Equal(expected ?? outcome.Result, outcome.Result);
            },
            iter: 1_000);

    [Theory]
    [InlineData("07", InflateFault.UnknownBlock)]
    [InlineData("010100FFFF", InflateFault.StoredLength)]
    [InlineData("FDFFFFFFFFFFFFFFFFFFFF", InflateFault.TooManySymbols)]
    [InlineData("0500000000000000000000000000", InflateFault.CodeLengths)]
    [InlineData("4B044200", InflateFault.TooFarBack)]
    [InlineData("1B0700", InflateFault.UnknownSymbol)]
    public void Says_what_is_wrong(string data, InflateFault fault) =>
        Assert.Equal(fault, Run(Convert.FromHexString(data), 100, 100).Fault);

    [Fact]
    public void Nothing_is_allocated_however_much_is_decoded()
    {
        byte[] compressed = Deflate(new byte[10_000_000], CompressionLevel.Fastest);
        byte[] result = new byte[64 << 10];
        using Inflater inflater = new();

        long allocated = Allocations.Of(() =>
        {
            inflater.Reset();
            for (int position = 0; !inflater.IsDone;)
            {
                inflater.Decode(compressed.AsSpan(position), result, out int consumed);
                position += consumed;
            }
        });

        Assert.Equal(0, allocated);
    }

    private static byte[] Repeat(byte[] part, int times)
    {
        byte[] data = new byte[part.Length * times];
        for (int i = 0; i < data.Length; i++)
        {
            data[i] = part[i % part.Length];
        }

        return data;
    }

    /// <summary>The framework's stream writes nothing of nothing.</summary>
    private static byte[] Deflate(byte[] data, CompressionLevel level)
    {
        if (data.Length == 0)
        {
            return [3, 0];
        }

        using MemoryStream compressed = new();
        using (DeflateStream stream = new(compressed, level, leaveOpen: true))
        {
            stream.Write(data);
        }

        return compressed.ToArray();
    }

    /// <returns>Null when the framework does not take it.</returns>
    private static byte[]? Inflate(byte[] compressed)
    {
        using MemoryStream result = new();
        try
        {
            using DeflateStream stream = new(new MemoryStream(compressed), CompressionMode.Decompress);
            stream.CopyTo(result);
        }
        catch (InvalidDataException)
        {
            return null;
        }

        return result.ToArray();
    }

    private sealed record Outcome(byte[] Result, InflateFault Fault, bool IsDone, int Consumed);

    private static Outcome Run(byte[] source, int sourceStep, int resultStep)
    {
        using Inflater inflater = new();
        using MemoryStream result = new();
        byte[] room = new byte[resultStep];
        int position = 0, given = 0;
        while (!inflater.IsDone && inflater.Fault == InflateFault.None)
        {
            int written = inflater.Decode(source.AsSpan(position, given - position), room, out int consumed);
            position += consumed;
            result.Write(room, 0, written);
            if (written == 0 && given == source.Length)
            {
                break;
            }

            given = written == 0 ? Math.Min(source.Length, given + sourceStep) : given;
        }

        return new Outcome(result.ToArray(), inflater.Fault, inflater.IsDone, position);
    }
}
