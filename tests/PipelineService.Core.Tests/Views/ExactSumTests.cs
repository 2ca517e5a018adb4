using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Views;
using Xunit;

namespace PipelineService.Core.Tests.Views;

/// <summary>Sums of numbers in binary form are those of the numbers, digit for digit.</summary>
public sealed class ExactSumTests
{
    private static readonly ColumnPlan Column = new(new FieldDefinition { Name = "n", Type = FieldType.Number }, 0, []);

    [Fact]
    public void Adds_as_decimals_do()
    {
        int seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        Random random = new(seed);
        for (int round = 0; round < 200; round++)
        {
            Int128 sum = 0;
            decimal expected = 0;
            int most = 0;
            for (int i = random.Next(40); i >= 0; i--)
            {
                int digits = random.Next(1, 13);
                decimal number = Math.Round((decimal)random.NextInt64(-999_999_999_999, 1_000_000_000_000) / (decimal)Math.Pow(10, random.Next(0, 13)), digits - 1);
                Assert.True(ExactSum.TryRead(BinaryOf(number.ToString(CultureInfo.InvariantCulture)), out Int128 read, out int scale));
                Assert.Equal(number.Scale, scale);
                sum += read;
                expected += number;
                most = Math.Max(most, scale);
            }

            RowBuffer rows = new();
            rows.BeginRow(1);
            ExactSum.Write(sum, isWhole: false, most, rows);
            rows.EndRow(1, 1, 0, 0);
            Assert.True(rows.TryGetField(0, 0, out ReadOnlySpan<byte> written));
            Assert.Equal(BinaryOf(expected.ToString($"F{most}", CultureInfo.InvariantCulture)), written.ToArray());
        }
    }

    [Theory]
    [InlineData("9999999999999999.999999999999", true)]
    [InlineData("-0.000000000001", true)]
    [InlineData("0", true)]
    [InlineData("0.0000", true)]
    [InlineData("10000000000000000", false)]
    [InlineData("0.0000000000001", false)]
    [InlineData("1e40", false)]
    [InlineData("NaN", false)]
    public void Tells_numbers_apart_that_do_not_fit(string number, bool fits) =>
        Assert.Equal(fits, ExactSum.TryRead(BinaryOf(number), out _, out _));

    private static byte[] BinaryOf(string number)
    {
        RowBuffer rows = new();
        rows.BeginRow(1);
        Assert.Equal(Core.Rules.RecordErrorCode.None, Column.Encode(System.Text.Encoding.UTF8.GetBytes(number), rows));
        rows.EndRow(1, 1, 0, 0);
        Assert.True(rows.TryGetField(0, 0, out ReadOnlySpan<byte> value));
        return value.ToArray();
    }
}
