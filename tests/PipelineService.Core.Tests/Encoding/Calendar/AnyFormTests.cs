using PipelineService.Core.Datasets;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Calendar;

/// <summary>Dates and times of format <c>any</c>: what can mean one thing only.</summary>
public sealed class AnyFormTests
{
    [Theory]
    [InlineData("2024-01-26")]
    [InlineData("2024-1-26")]
    [InlineData("2024/01/26")]
    [InlineData("2024.01.26")]
    [InlineData("20240126")]
    [InlineData("26/01/2024")]
    [InlineData("01/26/2024")]
    [InlineData("26.1.2024")]
    [InlineData("1-26-2024")]
    [InlineData("26 Jan 2024")]
    [InlineData("26 january 2024")]
    [InlineData("26-JAN-2024")]
    [InlineData("26JAN2024")]
    [InlineData("26. Jan. 2024")]
    [InlineData("Jan 26, 2024")]
    [InlineData("January 26 2024")]
    [InlineData("Jan. 26th, 2024")]
    [InlineData("Fri, 26 Jan 2024")]
    [InlineData("Friday 26 Jan 2024")]
    public void Reads_dates(string text)
    {
        Assert.Equal(Encoded.Text(Encoded.Field(FieldType.Date), "2024-01-26").Hex, Encoded.Text(Any(FieldType.Date), text).Hex);
        Assert.Equal(
            Encoded.Text(Encoded.Field(FieldType.DateTime), "2024-01-26T00:00:00").Hex, Encoded.Text(Any(FieldType.DateTime), text).Hex);
        foreach (string time in (string[])[" 15:00", " 3 pm", ", 15:00:00", "T15:00:00.000Z"])
        {
            Assert.Equal(
                Encoded.Text(Encoded.Field(FieldType.DateTime), "2024-01-26T15:00:00").Hex,
                Encoded.Text(Any(FieldType.DateTime), text + time).Hex);
        }
    }

    [Fact]
    public void Never_guesses_which_is_the_month()
    {
        Assert.Equal("Format", Encoded.Text(Any(FieldType.Date), "05/06/2024").Hex);
        Assert.Equal("Format", Encoded.Text(Any(FieldType.Date), "5.6.2024").Hex);
        Assert.Equal("Format", Encoded.Text(Any(FieldType.DateTime), "05/06/2024 12:00").Hex);
        Assert.Equal("TypeMismatch", Encoded.Text(Any(FieldType.DateTime), "05/06/2024 25:00").Hex);
        Assert.Equal(Encoded.Text(Encoded.Field(FieldType.Date), "2024-05-05").Hex, Encoded.Text(Any(FieldType.Date), "05/05/2024").Hex);
    }

    [Theory]
    [InlineData("15:00", "15:00:00")]
    [InlineData("9:05", "09:05:00")]
    [InlineData("15:00:07.25", "15:00:07.25")]
    [InlineData("15:00:07,25", "15:00:07.25")]
    [InlineData("3 am", "03:00:00")]
    [InlineData("3:00PM", "15:00:00")]
    [InlineData("12:30 a.m.", "00:30:00")]
    [InlineData("12:30 p.m.", "12:30:00")]
    public void Reads_times(string text, string time) =>
        Assert.Equal(Encoded.Text(Encoded.Field(FieldType.Time), time).Hex, Encoded.Text(Any(FieldType.Time), text).Hex);

    [Theory]
    [InlineData("Fri, 26 Jan 2024 15:00:00 +0530")]
    [InlineData("2024-01-26T15:00:00+05:30")]
    [InlineData("20240126T150000+0530")]
    [InlineData("2024-01-26 3:00:00 PM +0530")]
    public void Reads_offsets(string text) => Assert.Equal(
        Encoded.Text(Encoded.Field(FieldType.DateTime), "2024-01-26T15:00:00+05:30").Hex, Encoded.Text(Any(FieldType.DateTime), text).Hex);

    [Theory]
    [InlineData("Fri Jan 26 15:00:00 2024")]
    [InlineData("Fri Jan 26 15:00:00 UTC 2024")]
    [InlineData("Fri, 26 Jan 2024 15:00:00 GMT")]
    [InlineData("2024-01-26T1500Z")]
    public void Reads_what_programs_write(string text) => Assert.Equal(
        Encoded.Text(Encoded.Field(FieldType.DateTime), "2024-01-26T15:00:00Z").Hex, Encoded.Text(Any(FieldType.DateTime), text).Hex);

    [Fact]
    public void Refuses_everything_else()
    {
        Assert.All(
            [
                "", " 2024-01-26", "2024-01-26 ", "26/01/24", "26 Jan 24", "2024-01/26", "2024-26-01", "2024-13-13", "13/13/2024",
                "0/5/2024", "32 Jan 2024", "2024-02-30", "Foo 26, 2024", "26,Jan 2024", "26 Jan;2024", "26Jan-2024", "26-Jan 2024", "26-Jan/2024",
                "Jan 26", "Jan26 2024", "Jan 26 15:00", "today", "1706227200",
                "2024", "2024-01", "26/01-2024", "Xyz, 26 Jan 2024", "26 Jan 2024 15:00", "2024-01-26T15:00:00",
            ],
            text => Assert.Equal((text, "TypeMismatch"), (text, Encoded.Text(Any(FieldType.Date), text).Hex)));
        Assert.All(
            ["", "15", "24:00", "15:60", "15:00:60", "15:0", "13 pm", "0 am", "15:00Z", "15:00 +01:00", "noon", "15:00:00.", "1500"],
            text => Assert.Equal((text, "TypeMismatch"), (text, Encoded.Text(Any(FieldType.Time), text).Hex)));
        Assert.All(
            [
                "2024-01-26T", "2024-01-26x15:00", "2024-01-26 15:00 CET", "2024-01-26 15:00 +1", "2024-01-26 15:00+24:00",
                "Fri Jan 26 15:00:00", "Fri Jan 26 15:00:00 24", "2024-01-26 1500",
            ],
            text => Assert.Equal((text, "TypeMismatch"), (text, Encoded.Text(Any(FieldType.DateTime), text).Hex)));
        Assert.Equal("OutOfRange", Encoded.Text(Any(FieldType.Time), "15:00:00.1234567").Hex);
        Assert.Equal("OutOfRange", Encoded.Text(Any(FieldType.Date), "0000-01-26").Hex);
        Assert.Equal(
            "Format",
            Encoded.Text(Any(FieldType.DateTime) with { SqlType = new(SqlTypeName.Timestamp) }, "2024-01-26 15:00 UTC").Hex);
    }

    private static FieldDefinition Any(FieldType type) => Encoded.Field(type) with { Format = FieldFormats.Any };
}
