using System.Globalization;
using System.Reflection;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Calendar;

/// <summary>Dates and times by a pattern of strptime.</summary>
public sealed class PatternTests
{
    /// <summary>
    /// Patterns, texts and what Python 3.11 made of them ("-": an error): random dates by <c>strftime</c>, some of them damaged. Left out is
    /// what Python takes and this does not: numbers side by side with fewer digits.
    /// </summary>
    private static readonly string Cases = Path.Combine(
        typeof(PatternTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "RepositoryRoot").Value!,
        "tests", "PipelineService.Core.Tests", "Encoding", "Calendar", "strptime.tsv");

    [Fact]
    public void Reads_what_Python_reads() => Assert.All(
        File.ReadAllLines(Cases).Select(line => line.Split('\t')),
        fields =>
        {
            FieldDefinition field = Encoded.Field(FieldType.DateTime) with { Format = fields[0] };
            string expected = fields[2] == "-" ? "TypeMismatch" : HexOf(fields[2]);
            Assert.Equal($"{fields[1]} {expected}", $"{fields[1]} {Encoded.Text(field, fields[1]).Hex}");
        });

    [Theory]
    [InlineData("%d/%m/%Y", "29/02/2024", "2024-02-29")]
    [InlineData("%d/%m/%Y", "9/2/2024", "2024-02-09")]
    [InlineData("%D", "02/29/24", "2024-02-29")]
    [InlineData("%F", "2024-02-29", "2024-02-29")]
    [InlineData("%e %h %Y", "29 FEB 2024", "2024-02-29")]
    [InlineData("%Y", "2024", "2024-01-01")]
    [InlineData("%Y-%j", "2024-366", "2024-12-31")]
    [InlineData("%Y-%j", "2023-366", null)]
    [InlineData("%d/%m/%Y", "31/04/2024", null)]
    [InlineData("%Y%m%d", "20240229", "2024-02-29")]
    [InlineData("%Y%m%d", "2024111", null)]
    [InlineData("%Y%m%d", "202411", null)]
    [InlineData("%m%Y", "12024", null)]
    [InlineData("%y%j", "2460", null)]
    [InlineData("%y%j", "24060", "2024-02-29")]
    [InlineData("%d1%m.%Y", "0110.2024", null)]
    [InlineData("%d/%m/%Y", "29/02/2024 ", null)]
    [InlineData("%d/%m/%Y", "", null)]
    public void Reads_dates(string pattern, string text, string? day) => Assert.Equal(
        day is null ? "TypeMismatch" : Encoded.Text(Encoded.Field(FieldType.Date), day).Hex,
        Encoded.Text(Encoded.Field(FieldType.Date) with { Format = pattern }, text).Hex);

    [Theory]
    [InlineData("%I:%M %p", "3:05 pm", "15:05:00")]
    [InlineData("%I:%M%p", "12:00AM", "00:00:00")]
    [InlineData("%R", "23:59", "23:59:00")]
    [InlineData("%T", "23:59:07", "23:59:07")]
    [InlineData("%H%M%S%f", "2359075", "23:59:07.5")]
    [InlineData("%H%M%S%f", "235907", null)]
    [InlineData("%H.%M.%S,%f", "23.59.07,5", "23:59:07.5")]
    [InlineData("%I:%M %p", "13:05 pm", null)]
    [InlineData("%H:%M:%S", "23:59:60", null)]
    public void Reads_times(string pattern, string text, string? time) => Assert.Equal(
        time is null ? "TypeMismatch" : Encoded.Text(Encoded.Field(FieldType.Time), time).Hex,
        Encoded.Text(Encoded.Field(FieldType.Time) with { Format = pattern }, text).Hex);

    [Fact]
    public void A_column_without_zone_refuses_an_offset()
    {
        FieldDefinition field = Encoded.Field(FieldType.DateTime, SqlTypeName.Timestamp) with { Format = "%Y-%m-%d %H:%M %z" };
        Assert.Equal("Format", Encoded.Text(field, "2024-02-29 15:00 +0000").Hex);
    }

    [Fact]
    public void Bounds_are_written_by_the_pattern()
    {
        FieldConstraints constraints = new() { Minimum = "01/03/2024", Enum = ["02/03/2024", "29/02/2024"] };
        FieldDefinition field = Encoded.Field(FieldType.Date, constraints: constraints) with { Format = "%d/%m/%Y" };
        Assert.Equal("None", Encoded.Text(field, "2/3/2024").Code.ToString());
        Assert.Equal("Minimum", Encoded.Text(field, "29/02/2024").Hex);
        Assert.Equal("Enum", Encoded.Text(field, "01/03/2024").Hex);
    }

    [Theory]
    [InlineData(FieldType.Date, "iso", "\"iso\" is not known here: use default, any, or a pattern such as %d/%m/%Y.")]
    [InlineData(FieldType.Date, "%d/%m", "The pattern has no year: %Y or %y.")]
    [InlineData(FieldType.Date, "%d/%Y", "The pattern has a day and no month: %m, %b or %B.")]
    [InlineData(FieldType.Date, "%F %H:%M", "The pattern reads a time, which a date would lose: declare a datetime.")]
    [InlineData(FieldType.Date, "%F %z", "The pattern reads an offset, which a date would lose: declare a datetime.")]
    [InlineData(FieldType.Date, "%Y %y", "The pattern says the year twice.")]
    [InlineData(FieldType.Date, "%j/%m/%Y", "The pattern has the day of the year beside the month.")]
    [InlineData(FieldType.Time, "%F %T", "The pattern reads a day, which a time would lose: declare a datetime.")]
    [InlineData(FieldType.Time, "%M", "The pattern has no hour: %H, or %I with %p.")]
    [InlineData(FieldType.Time, "%I:%M", "%I and %p belong together: hours of a 12-hour clock mean nothing without AM or PM.")]
    [InlineData(FieldType.DateTime, "%F %H:%S", "The pattern has seconds and no minutes: %M.")]
    [InlineData(FieldType.DateTime, "%F %H:%M.%f", "The pattern has a fraction and no seconds: %S.")]
    [InlineData(FieldType.DateTime, "%F %", "A % at the end is no directive that can be read: use ")]
    [InlineData(FieldType.DateTime, "%c", "\"%c\" is no directive that can be read: use %Y %y %m")]
    [InlineData(FieldType.Integer, "%Y", "\"%Y\" is no format of type integer: use default.")]
    [InlineData(FieldType.String, "ipv4", "\"ipv4\" is no format of type string: use one of default, email, uri, binary, uuid.")]
    [InlineData(FieldType.GeoPoint, "wkt", "\"wkt\" is no format of type geopoint: use one of default, array, object.")]
    public void Faults_of_a_format_are_sentences(FieldType type, string format, string sentence)
    {
        FieldDefinition field = Encoded.Field(type) with { Format = format };
        Assert.StartsWith(sentence, FieldFormatFault.Of(field), StringComparison.Ordinal);
        Assert.False(FieldEncoders.TryValidate(field, out _));
    }

    [Fact]
    public void A_pattern_of_any_length_is_refused() => Assert.Equal(
        "The pattern is longer than 100 characters.",
        FieldFormatFault.Of(Encoded.Field(FieldType.Date) with { Format = "%Y" + new string('x', 99) }));

    private static string HexOf(string instant)
    {
        var time = DateTime.ParseExact(instant, "yyyy-MM-dd'T'HH:mm:ss.ffffff", CultureInfo.InvariantCulture);
        return ((time - new DateTime(2000, 1, 1)).Ticks / 10).ToString("X16", CultureInfo.InvariantCulture);
    }
}
