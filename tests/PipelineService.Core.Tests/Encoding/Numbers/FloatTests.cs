using System.Buffers.Binary;
using System.Globalization;
using CsCheck;
using PipelineService.Core.Datasets;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Numbers;

/// <remarks>The expected bytes are what PostgreSQL 15 sends for the value that COPY stored from the same text.</remarks>
public sealed class FloatTests
{
    [Theory]
    [InlineData(SqlTypeName.DoublePrecision, "1.5", "3FF8000000000000")]
    [InlineData(SqlTypeName.DoublePrecision, "-0", "8000000000000000")]
    [InlineData(SqlTypeName.DoublePrecision, "0.1", "3FB999999999999A")]
    [InlineData(SqlTypeName.DoublePrecision, "+.5e1", "4014000000000000")]
    [InlineData(SqlTypeName.DoublePrecision, "NaN", "7FF8000000000000")]
    [InlineData(SqlTypeName.DoublePrecision, "INF", "7FF0000000000000")]
    [InlineData(SqlTypeName.DoublePrecision, "-INF", "FFF0000000000000")]
    [InlineData(SqlTypeName.DoublePrecision, "5e-324", "0000000000000001")]
    [InlineData(SqlTypeName.DoublePrecision, "0e400", "0000000000000000")]
    [InlineData(SqlTypeName.DoublePrecision, "1e400", "OutOfRange")]
    [InlineData(SqlTypeName.DoublePrecision, "1e-400", "OutOfRange")]
    [InlineData(SqlTypeName.Real, "0.1", "3DCCCCCD")]
    [InlineData(SqlTypeName.Real, "NaN", "7FC00000")]
    [InlineData(SqlTypeName.Real, "1e39", "OutOfRange")]
    [InlineData(SqlTypeName.Real, "1e-60", "OutOfRange")]
    public void Stores_what_copy_stores(SqlTypeName column, string text, string hex) =>
        Assert.Equal(hex, Encoded.Text(Encoded.Field(FieldType.Number, column), text).Hex);

    [Theory]
    [InlineData(SqlTypeName.DoublePrecision)]
    [InlineData(SqlTypeName.Real)]
    public void Refuses_what_is_no_number(SqlTypeName column) => Assert.All(
        ["", ".", "-", "1e", " 1", "1 ", "1,5", "nan", "Infinity", "∞", "0x1", "1f"],
        text => Assert.Equal("TypeMismatch", Encoded.Text(Encoded.Field(FieldType.Number, column), text).Hex));

    [Fact]
    public void Not_a_number_is_within_no_bounds()
    {
        FieldDefinition low = Encoded.Field(FieldType.Number, SqlTypeName.DoublePrecision, new() { Minimum = "0" });
        FieldDefinition high = Encoded.Field(FieldType.Number, SqlTypeName.DoublePrecision, new() { Maximum = "0" });
        Assert.Equal("Minimum", Encoded.Text(low, "NaN").Hex);
        Assert.Equal("Maximum", Encoded.Text(high, "NaN").Hex);
        Assert.Equal("Minimum", Encoded.Text(low with { SqlType = new(SqlTypeName.Numeric) }, "NaN").Hex);
        Assert.Equal("Maximum", Encoded.Text(high with { SqlType = new(SqlTypeName.Numeric) }, "NaN").Hex);
    }

    /// <summary>By their bits, so that none is rarer than another, and those that are next to zero.</summary>
    [Fact]
    public void Reads_every_finite_double_back() => Gen.OneOf(
        Gen.Double, Gen.ULong.Select(BitConverter.UInt64BitsToDouble), Gen.ULong[1, 1UL << 52].Select(BitConverter.UInt64BitsToDouble))
        .Where(double.IsFinite)
        .Sample(
            value => BinaryPrimitives.ReadDoubleBigEndian(
                Encoded.Text(
                    Encoded.Field(FieldType.Number, SqlTypeName.DoublePrecision),
                    value.ToString("R", CultureInfo.InvariantCulture)).Bytes).Equals(value),
            iter: 1_000);
}
