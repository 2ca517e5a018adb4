using System.Buffers.Binary;
using System.Globalization;
using CsCheck;
using PipelineService.Core.Datasets;
using Xunit;

namespace PipelineService.Core.Tests.Encoding.Calendar;

/// <remarks>The expected bytes are what PostgreSQL 15 sends for the value that COPY stored from the same text.</remarks>
public sealed class DateTimeTests
{
    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private static readonly Gen<DateTime> Microseconds =
        Gen.Long[0, DateTime.MaxValue.Ticks / 10].Select(value => new DateTime(value * 10, DateTimeKind.Utc));

    /// <summary>Of every other one it is not the last two digits that tell whether it is a leap year.</summary>
    private static readonly Gen<int> Year = Gen.OneOf(Gen.Int[0, 9999], Gen.Int[0, 99].Select(century => century * 100));

    [Theory]
    [InlineData("2000-01-01", "00000000")]
    [InlineData("1999-12-31", "FFFFFFFF")]
    [InlineData("0001-01-01", "FFF4DBF9")]
    [InlineData("9999-12-31", "002C95D3")]
    [InlineData("2024-02-29", "00002279")]
    [InlineData("1900-03-01", "FFFF718F")]
    [InlineData("0000-01-01", "OutOfRange")]
    public void Dates_are_days(string text, string hex) => Assert.Equal(hex, Encoded.Text(Encoded.Field(FieldType.Date), text).Hex);

    [Fact]
    public void Refuses_what_is_no_day() => Assert.All(
        [
            "", "2024-1-1", "2024-02-30", "2023-02-29", "1900-02-29", "2024-04-31", "2024-13-01", "2024-00-10", "2024-01-00",
            "2024-01-32", "2024/01/01", "20240101", "2024-01-01 ", " 2024-01-01", "12024-01-01", "-001-01-01", "2024-01-0:",
            "2024-01-/1", "202:-01-01", "２024-01", "infinity", "today", "2024-01-01T00:00:00",
        ],
        text => Assert.Equal("TypeMismatch", Encoded.Text(Encoded.Field(FieldType.Date), text).Hex));

    [Fact]
    public void Knows_every_day_of_the_calendar()
    {
        FieldDefinition field = Encoded.Field(FieldType.Date);
        for (int number = DateOnly.MinValue.DayNumber; number <= DateOnly.MaxValue.DayNumber; number += 97)
        {
            var day = DateOnly.FromDayNumber(number);
            int days = BinaryPrimitives.ReadInt32BigEndian(
                Encoded.Text(field, day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)).Bytes);
            Assert.Equal(number - DateOnly.FromDateTime(Epoch).DayNumber, days);
        }
    }

    [Fact]
    public void Agrees_with_the_framework_on_what_is_a_day() => Gen.OneOf(
        Gen.Select(Year, Gen.Int[0, 13], Gen.Int[0, 32])
            .Select((year, month, day) => string.Create(CultureInfo.InvariantCulture, $"{year:D4}-{month:D2}-{day:D2}")),
        Gen.Select(Year, Gen.Int[27, 32])
            .Select((year, day) => string.Create(CultureInfo.InvariantCulture, $"{year:D4}-02-{day:D2}")),
        Gen.Select(Microseconds, Gen.Int[0, 9], Gen.Char[' ', '~'])
            .Select((day, at, other) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture).Remove(at, 1).Insert(at, $"{other}")))
        .Sample(text => Assert.Equal(
            DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
            Encoded.Text(Encoded.Field(FieldType.Date), text).Bytes.Length == 4),
        iter: 10_000);

    [Theory]
    [InlineData("00:00:00", "0000000000000000")]
    [InlineData("23:59:59.999999", "000000141DD75FFF")]
    [InlineData("12:34:56.5", "0000000A8BE1BD20")]
    [InlineData("12:34:56.5000000000", "0000000A8BE1BD20")]
    [InlineData("12:34:56.1234567", "OutOfRange")]
    public void Times_are_microseconds(string text, string hex) =>
        Assert.Equal(hex, Encoded.Text(Encoded.Field(FieldType.Time), text).Hex);

    [Fact]
    public void Refuses_what_is_no_time() => Assert.All(
        [
            "", "24:00:00", "12:60:00", "12:00:60", "12:00", "12:00:00.", "12:00:00,5", "12:00:00Z", "12:00:00.1234567Z",
            "12:00:00+01", "1:00:00", "12-00-00", "12:00:0:", " 2:00:00", "12:00:00 PM",
        ],
        text => Assert.Equal("TypeMismatch", Encoded.Text(Encoded.Field(FieldType.Time), text).Hex));

    [Theory]
    [InlineData("2000-01-01T00:00:00Z", "0000000000000000")]
    [InlineData("2000-01-01 00:00:00", "0000000000000000")]
    [InlineData("2000-01-01t00:00:00z", "0000000000000000")]
    [InlineData("1999-12-31 23:59:59.999999", "FFFFFFFFFFFFFFFF")]
    [InlineData("0001-01-01 00:00:00", "FF1FE2FFC59C6000")]
    [InlineData("9999-12-31 23:59:59.999999", "0380E70B913B7FFF")]
    [InlineData("2024-02-29T12:34:56.789+05:30", "0002B57EA5468008")]
    [InlineData("2024-02-29 12:34:56-0800", "0002B589F6039C00")]
    [InlineData("2024-02-29 12:34:56+02", "0002B581943F3400")]
    [InlineData("0001-01-01 00:00:00+15:59", "FF1FE2F25FF5A700")]
    [InlineData("0000-01-01 00:00:00", "OutOfRange")]
    [InlineData("2024-01-01 00:00:00.0000001", "OutOfRange")]
    public void Instants_are_microseconds_of_utc(string text, string hex) =>
        Assert.Equal(hex, Encoded.Text(Encoded.Field(FieldType.DateTime), text).Hex);

    [Fact]
    public void Refuses_what_is_no_instant() => Assert.All(
        [
            "", "2024-01-01", "2024-01-01T00:00", "2024-01-01T24:00:00", "2024-01-01T00:00:60", "2024-02-30T00:00:00",
            "2024-01-01_00:00:00", "2024-01-01 00:00:00 +02", "2024-01-01 00:00:00+16:00", "2024-01-01 00:00:00+1",
            "2024-01-01 00:00:00+01:60", "2024-01-01 00:00:00+01:", "2024-01-01 00:00:00+01-00", "2024-01-01 00:00:00Zz",
            "2024-01-01 00:00:00X", "2024-01-01 00:00:00.Z", "2024-01-01 00:00:00.5+", "0000-01-01 00:00:00junk", "infinity",
        ],
        text => Assert.Equal("TypeMismatch", Encoded.Text(Encoded.Field(FieldType.DateTime), text).Hex));

    [Fact]
    public void A_column_without_zone_refuses_an_offset()
    {
        FieldDefinition field = Encoded.Field(FieldType.DateTime, SqlTypeName.Timestamp);
        Assert.Equal("FFFFFFFFFFFFFFFF", Encoded.Text(field, "1999-12-31T23:59:59.999999").Hex);
        Assert.Equal("Format", Encoded.Text(field, "1999-12-31T23:59:59Z").Hex);
        Assert.Equal("Format", Encoded.Text(field, "1999-12-31T23:59:59+01:00").Hex);
    }

    [Fact]
    public void Reads_every_instant_back() => Gen.Select(Microseconds, Gen.Int[-15 * 60, 15 * 60]).Sample(
        (instant, offset) =>
        {
            string sign = offset < 0 ? "-" : "+";
            string text = instant.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff", CultureInfo.InvariantCulture)
                + sign + TimeSpan.FromMinutes(Math.Abs(offset)).ToString(@"hh\:mm", CultureInfo.InvariantCulture);
            long expected = ((instant - Epoch).Ticks / 10) - (offset * 60_000_000L);
            Assert.Equal(expected, BinaryPrimitives.ReadInt64BigEndian(Encoded.Text(Encoded.Field(FieldType.DateTime), text).Bytes));
        },
        iter: 10_000);

    [Fact]
    public void Json_must_be_a_string() => Assert.All(
        [FieldType.Date, FieldType.Time, FieldType.DateTime],
        type => Assert.Equal("TypeMismatch", Encoded.Json(Encoded.Field(type), "20240101").Hex));
}
