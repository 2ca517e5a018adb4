using System.Globalization;
using System.Numerics;
using PipelineService.Core.Datasets;
using PipelineService.Core.Profiles.Sketches;
using PipelineService.Core.Tests.Encoding;
using Xunit;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Tests.Profiles.Sketches;

/// <summary>
/// What sketches promise, over data by chance (the seed is told): the errors that they state, and that merging the sketches of parts is as
/// good as one sketch of all.
/// </summary>
public sealed class SketchTests
{
    private readonly Random _random;

    public SketchTests()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        _random = new Random(seed);
    }

    /// <summary>Five times the standard error: less than one of a million is beyond.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(256)]
    [InlineData(300)]
    [InlineData(5_000)]
    [InlineData(20_000)]
    [InlineData(300_000)]
    public void Different_values_are_counted_within_the_error(int count)
    {
        DistinctSketch all = new(), first = new(), second = new();
        long start = _random.NextInt64();
        for (int i = 0; i < count; i++)
        {
            ulong hash = ValueHash.Of(start + i);
            all.Add(hash);
            all.Add(hash);
            (i % 3 == 0 ? first : second).Add(hash);
        }

        first.Merge(second);

        double error = count <= 256 ? 0 : 0.041;
        Assert.InRange(all.Estimate(), count * (1 - error), count * (1 + error));
        Assert.Equal(all.Estimate(), first.Estimate());
        DistinctSketch read = Copied(all, (s, w) => s.Write(w), (s, r) => s.Read(r), new DistinctSketch());
        Assert.Equal(all.Estimate(), read.Estimate());
    }

    /// <summary>The mean of many errors says whether the estimate is off; 0.8 % of one, so 0.13 % of 40.</summary>
    [Fact]
    public void The_count_of_different_values_is_not_off_to_one_side()
    {
        double sum = 0;
        for (int round = 0; round < 40; round++)
        {
            DistinctSketch sketch = new();
            int count = 32_000 + _random.Next(32_000); // where the first estimators were worst
            for (int i = 0; i < count; i++)
            {
                sketch.Add(ValueHash.Of(_random.NextInt64()));
            }

            sum += (sketch.Estimate() / count) - 1;
        }

        Assert.InRange(sum / 40, -0.0065, 0.0065);
    }

    [Theory]
    [InlineData(200, true)]
    [InlineData(100_000, false)]
    public void Frequent_values_are_found_and_never_counted_too_high(int rare, bool isComplete)
    {
        Dictionary<string, long> counts = [];
        FrequentValues all = new(256), first = new(256), second = new(256);
        const int Total = 100_000;
        for (int i = 0; i < Total; i++)
        {
            string value = _random.Next(10) == 0 ? $"often {_random.Next(7)}" : $"rare {_random.Next(rare)}";
            counts[value] = counts.GetValueOrDefault(value) + 1;
            byte[] bytes = Text.UTF8.GetBytes(value);
            all.Add(ValueHash.Of(bytes), bytes);
            (i % 2 == 0 ? first : second).Add(ValueHash.Of(bytes), bytes);
        }

        first.Merge(second);

        FrequentValues read = Copied(first, (s, w) => s.Write(w), (s, r) => s.Read(r), new(256));
        foreach (FrequentValues sketch in (FrequentValues[])[all, first, read])
        {
            Assert.Equal(isComplete, sketch.IsComplete);
            Assert.InRange(sketch.TooLowBy, 0, Total / 128);
            var found = sketch.Values.ToDictionary(v => Text.UTF8.GetString(v.Value.Span), v => v.Count);
            Assert.All(found, pair => Assert.InRange(counts[pair.Key] - pair.Value, 0, sketch.TooLowBy));
            Assert.All(counts.Where(pair => pair.Value > Total / 100), pair => Assert.Contains(pair.Key, found));
        }
    }

    [Fact]
    public void Long_values_are_told_apart_and_cut()
    {
        FrequentValues sketch = new(16);
        byte[] one = [.. Enumerable.Repeat((byte)'x', 60)], other = [.. one, (byte)'y'];
        sketch.Add(ValueHash.Of(one), one);
        sketch.Add(ValueHash.Of(other), other);

        Assert.Equal([48, 48], sketch.Values.Select(v => v.Value.Length));
        Assert.All(sketch.Values, v => Assert.True(v.IsCut));
    }

    [Fact]
    public void Quantiles_are_within_their_ranges_whatever_the_order()
    {
        double[] numbers =
            [.. Enumerable.Range(0, 20_000).Select(_ => Math.Exp(_random.NextDouble() * 20) * (_random.Next(4) == 0 ? -1 : 1))];
        QuantileSketch all = new(), backwards = new(), first = new(), second = new();
        for (int i = 0; i < numbers.Length; i++)
        {
            all.Add(numbers[i]);
            backwards.Add(numbers[^(i + 1)]);
            (i % 2 == 0 ? first : second).Add(numbers[i]);
        }

        first.Merge(second);
        Array.Sort(numbers);

        foreach (double part in (double[])[0, 0.01, 0.25, 0.5, 0.9, 1])
        {
            double exact = numbers[(int)(part * (numbers.Length - 1))];
            Assert.InRange(all.At(part) / exact, 0.93, 1.07); // 29 powers of two with either sign: eight ranges for each
            Assert.Equal(all.At(part), backwards.At(part));
            Assert.Equal(all.At(part), first.At(part));
        }

        QuantileSketch read = Copied(all, (s, w) => s.Write(w), (s, r) => s.Read(r), new QuantileSketch());
        Assert.Equal((all.Count, all.At(0.3)), (read.Count, read.At(0.3)));
    }

    [Fact]
    public void Quantiles_of_near_numbers_are_near()
    {
        QuantileSketch sketch = new();
        for (int i = 1_000; i <= 2_000; i++)
        {
            sketch.Add(i);
        }

        Assert.InRange(sketch.At(0.5), 1_494, 1_506);
        Assert.True(double.IsNaN(new QuantileSketch().At(0.5)));
        sketch.Add(0);
        Assert.Equal(0, sketch.At(0));
    }

    [Fact]
    public void A_sum_of_numbers_is_exact()
    {
        FieldDefinition field = new() { Name = "n", Type = FieldType.Number };
        NumericSum sum = new(), other = new();
        BigInteger expected = 0;
        for (int i = 0; i < 2_000; i++)
        {
            BigInteger digits = new(_random.NextInt64(long.MinValue, long.MaxValue));
            expected += digits;
            string text = digits.ToString("D13", CultureInfo.InvariantCulture);
            (i % 2 == 0 ? sum : other).Add(Encoded.Text(field, text.Insert(text.Length - 7, ".")).Bytes);
        }

        sum.Merge(other);

        string whole = sum.ToString();
        int point = whole.IndexOf('.', StringComparison.Ordinal);
        int fraction = point < 0 ? 0 : whole.Length - point - 1;
        Assert.Equal(
            expected,
            BigInteger.Parse(whole.Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) * BigInteger.Pow(10, 7 - fraction));
        Assert.True(sum.IsExact);
        sum.Add(Encoded.Text(field, "1" + new string('0', 90)).Bytes);
        Assert.False(sum.IsExact);
    }

    [Theory]
    [InlineData("AB-1234", "A+-9+")]
    [InlineData("a@b.example", "a@a.a+")]
    [InlineData("Zoë 7", "Aa* 9")]
    [InlineData("", "")]
    [InlineData("  x", " +a")]
    public void A_pattern_says_what_a_text_is_made_of(string text, string pattern)
    {
        Span<byte> written = stackalloc byte[ValuePattern.BytesMax];
        Assert.Equal(pattern, Text.UTF8.GetString(written[..ValuePattern.Write(Text.UTF8.GetBytes(text), written)]));
    }

    [Fact]
    public void A_pattern_has_its_bound()
    {
        Span<byte> written = stackalloc byte[ValuePattern.BytesMax];
        string text = string.Concat(Enumerable.Repeat("ab1", 1_000));
        Assert.Equal(ValuePattern.BytesMax, ValuePattern.Write(Text.UTF8.GetBytes(text), written));
    }

    private static T Copied<T>(T sketch, Action<T, BinaryWriter> write, Action<T, BinaryReader> read, T into)
    {
        using MemoryStream bytes = new();
        using BinaryWriter writer = new(bytes);
        write(sketch, writer);
        writer.Flush();
        bytes.Position = 0;
        using BinaryReader reader = new(bytes);
        read(into, reader);
        return into;
    }
}
