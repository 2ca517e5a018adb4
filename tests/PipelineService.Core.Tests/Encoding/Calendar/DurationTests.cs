using PipelineService.Core.Datasets;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Calendar;

/// <remarks>The expected bytes are what PostgreSQL 15 sends for the value that COPY stored from the same text.</remarks>
public sealed class DurationTests
{
    [Theory]
    [InlineData("P1Y2M3DT4H5M6.789S", "000000036C97CA88" + "00000003" + "0000000E")]
    [InlineData("P3DT4H", "000000035A4E9000" + "00000003" + "00000000")]
    [InlineData("P2W", "0000000000000000" + "0000000E" + "00000000")]
    [InlineData("PT0S", "0000000000000000" + "00000000" + "00000000")]
    [InlineData("PT1.5S", "000000000016E360" + "00000000" + "00000000")]
    [InlineData("PT0.0000010S", "0000000000000001" + "00000000" + "00000000")]
    [InlineData("-P1M1DT1S", "FFFFFFFFFFF0BDC0" + "FFFFFFFF" + "FFFFFFFF")]
    [InlineData("P0012M", "0000000000000000" + "00000000" + "0000000C")]
    [InlineData("P2147483647D", "0000000000000000" + "7FFFFFFF" + "00000000")]
    [InlineData("P2147483648D", "OutOfRange")]
    [InlineData("P178956971Y", "OutOfRange")]
    [InlineData("P99999999999999999999Y", "OutOfRange")]
    [InlineData("PT2562047789H", "OutOfRange")]
    [InlineData("PT0.0000001S", "OutOfRange")]
    public void Durations_are_intervals(string text, string hex) =>
        Assert.Equal(hex, Encoded.Text(Encoded.Field(FieldType.Duration), text).Hex);

    [Fact]
    public void Refuses_what_is_no_duration() => Assert.All(
        [
            "", "P", "-P", "PT", "P1DT", "1D", "P1", "P1S", "PT1D", "P1H", "P1D2M", "P1DP1D", "PT1S1M", "P1W1D", "P0W1D", "P1Y1W", "P1.5D",
            "PT1.5H", "PT1.S", "PT.5S", "p1d", "P1d", "+P1D", "P-1D", "P1D ", " P1D", "P1 D", "1 day", "01:00:00", "P0001-02-03T04:05:06",
        ],
        text => Assert.Equal((text, "TypeMismatch"), (text, Encoded.Text(Encoded.Field(FieldType.Duration), text).Hex)));

    /// <summary>Which is longer, with months of 30 days, as PostgreSQL orders intervals.</summary>
    [Fact]
    public void Bounds_are_held_against_the_length()
    {
        FieldDefinition field = Encoded.Field(FieldType.Duration, constraints: new() { Minimum = "P1M", Maximum = "PT1000H" });
        Assert.Equal("Minimum", Encoded.Text(field, "P29D").Hex);
        Assert.Equal("None", Encoded.Text(field, "P30D").Code.ToString());
        Assert.Equal("None", Encoded.Text(field, "P41DT16H").Code.ToString());
        Assert.Equal("Maximum", Encoded.Text(field, "P41DT16H1S").Hex);
        Assert.Equal("Minimum", Encoded.Text(field, "-P1Y").Hex);
    }

    /// <summary>The same duration for certain, as XML Schema has it.</summary>
    [Fact]
    public void Members_are_durations_that_are_the_same()
    {
        FieldDefinition field = Encoded.Field(FieldType.Duration, constraints: new() { Enum = ["P1D", "P1Y"] });
        Assert.Equal("None", Encoded.Text(field, "PT24H").Code.ToString());
        Assert.Equal("None", Encoded.Text(field, "P12M").Code.ToString());
        Assert.Equal("Enum", Encoded.Text(field, "P360D").Hex);
    }

    [Fact]
    public void JSON_numbers_are_no_durations() => Assert.Equal("TypeMismatch", Encoded.Json(Encoded.Field(FieldType.Duration), "5").Hex);
}
