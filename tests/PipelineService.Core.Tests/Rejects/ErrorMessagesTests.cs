using PipelineService.Core.Datasets;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using Xunit;

namespace PipelineService.Core.Tests.Rejects;

public sealed class ErrorMessagesTests
{
    [Theory]
    [InlineData(FieldType.Integer, "Not an integer: expected digits with an optional sign, such as -12.")]
    [InlineData(FieldType.Number, "Not a number: expected a decimal number, or NaN, INF, -INF, such as -1.5. If numbers are written as 1.234,5 or 1,234.5, set decimalChar and groupChar.")]
    [InlineData(FieldType.Boolean, "Not a boolean: expected one of true, True, TRUE, 1, false, False, FALSE, 0.")]
    [InlineData(FieldType.Date, "Not a date: expected a day that exists, as YYYY-MM-DD, such as 2024-02-29. If dates are written otherwise, set \"format\", such as %d/%m/%Y.")]
    [InlineData(FieldType.Object, "Not a JSON object: expected well-formed JSON in braces, such as {\"a\": 1}.")]
    [InlineData(FieldType.String, "Not a string: expected text.")]
    [InlineData(FieldType.Array, "Not a JSON array: expected well-formed JSON in brackets, such as [1, 2].")]
    [InlineData(FieldType.Time, "Not a time: expected hh:mm:ss, with an optional fraction and no zone, such as 15:00:00. If times are written otherwise, set \"format\", such as %H.%M.")]
    [InlineData(FieldType.DateTime, "Not a date and time: expected YYYY-MM-DDThh:mm:ss, with an optional fraction and an optional Z or offset, such as 2024-02-29T15:00:00Z. If they are written otherwise, set \"format\", such as %d/%m/%Y %H:%M.")]
    [InlineData(FieldType.Year, "Not a year: expected a year of four digits, such as 2024.")]
    [InlineData(FieldType.YearMonth, "Not a month of a year: expected YYYY-MM, such as 2024-02.")]
    [InlineData(FieldType.Duration, "Not a duration: expected ISO 8601, such as P3DT4H.")]
    [InlineData(FieldType.GeoPoint, "Not a point: expected \"lon, lat\", such as 90.50, 45.50.")]
    [InlineData(FieldType.GeoJson, "Not a JSON object: expected GeoJSON in braces, such as {\"type\": \"Point\", \"coordinates\": [90.5, 45.5]}.")]
    [InlineData(FieldType.List, "Not a list of items of type string: expected items with \",\" between them, such as a,b.")]
    public void A_type_mismatch_says_what_was_expected(FieldType type, string message) =>
        Assert.Equal(message, ErrorMessages.For(new() { Name = "f", Type = type }, RecordErrorCode.TypeMismatch));

    [Fact]
    public void Constraints_are_named_with_their_bounds()
    {
        var field = new FieldDefinition
        {
            Name = "f",
            Type = FieldType.String,
            SqlType = new SqlType(SqlTypeName.Varchar, Length: 40),
            Constraints = new()
            {
                Minimum = "0",
                Maximum = "9.5",
                ExclusiveMinimum = "-1",
                ExclusiveMaximum = "10",
                MinLength = 1,
                MaxLength = 50,
                Pattern = "a+",
                Enum = [.. Enumerable.Range(1, 12).Select(i => $"m{i}")],
            },
        };
        Assert.Equal("A value is required.", ErrorMessages.For(field, RecordErrorCode.Required));
        Assert.Equal("Must be at least 0.", ErrorMessages.For(field, RecordErrorCode.Minimum));
        Assert.Equal("Must be at most 9.5.", ErrorMessages.For(field, RecordErrorCode.Maximum));
        Assert.Equal("Must be greater than -1.", ErrorMessages.For(field, RecordErrorCode.ExclusiveMinimum));
        Assert.Equal("Must be less than 10.", ErrorMessages.For(field, RecordErrorCode.ExclusiveMaximum));
        Assert.Equal("Fewer than 1 character.", ErrorMessages.For(field, RecordErrorCode.MinLength));
        Assert.Equal("More than 40 characters.", ErrorMessages.For(field, RecordErrorCode.MaxLength));
        Assert.Equal("Does not match the pattern a+.", ErrorMessages.For(field, RecordErrorCode.Pattern));
        Assert.Equal(
            "Must be one of m1, m2, m3, m4, m5, m6, m7, m8, m9, m10 and 2 more.", ErrorMessages.For(field, RecordErrorCode.Enum));
    }

    [Fact]
    public void Categories_are_named_as_the_members_of_an_enum_are()
    {
        var field = new FieldDefinition { Name = "f", Type = FieldType.Integer, Categories = ["1", new("2", "two")] };

        Assert.Equal("Must be one of 1, 2.", ErrorMessages.For(field, RecordErrorCode.Enum));
    }

    [Fact]
    public void Words_of_the_definition_are_cut_where_they_are_long()
    {
        var field = new FieldDefinition { Name = "f", Constraints = new() { Enum = [new string('x', 900_000), "b"] } };

        Assert.Equal(
            $"Must be one of {new string('x', 100)}…, b.", ErrorMessages.For(field, RecordErrorCode.Enum));
    }

    [Theory]
    [InlineData(1, 9, "The record has 1 field where 9 are expected.")]
    [InlineData(6, 9, "The record has 6 fields where 9 are expected.")]
    public void Ragged_records_are_told_with_both_numbers(int found, int expected, string message) =>
        Assert.Equal(message, ErrorMessages.For(new FieldCounts(found, expected)));

    [Fact]
    public void Group_marks_are_told_with_their_place() => Assert.Equal(
        "Not a number: expected a decimal number, or NaN, INF, -INF, group mark \",\" before groups of three digits, such as -1.5.",
        ErrorMessages.For(
            new() { Name = "f", Type = FieldType.Number, GroupChar = "," }, RecordErrorCode.TypeMismatch));

    [Theory]
    [InlineData(FieldType.Date, "%d/%m/%Y", RecordErrorCode.TypeMismatch, "Not a date: expected the form %d/%m/%Y, and a day and a time that exist.")]
    [InlineData(FieldType.Date, "any", RecordErrorCode.Format, "Day and month cannot be told apart: set \"format\" to a pattern, such as %d/%m/%Y or %m/%d/%Y.")]
    [InlineData(FieldType.GeoPoint, "array", RecordErrorCode.TypeMismatch, "Not a point: expected a JSON array of longitude and latitude, such as [90.50, 45.50].")]
    [InlineData(FieldType.String, "email", RecordErrorCode.Format, "Not an email address: expected local@domain, such as ada@example.org.")]
    public void A_format_says_what_was_expected(FieldType type, string format, RecordErrorCode code, string message) =>
        Assert.Equal(message, ErrorMessages.For(new() { Name = "f", Type = type, Format = format }, code));

    [Fact]
    public void A_key_is_named_by_its_fields()
    {
        Assert.Equal(
            "A row with this \"f\" exists already, in the table or earlier in the upload.",
            ErrorMessages.For(new() { Name = "f" }, RecordErrorCode.Unique));
        Assert.Equal(
            "A row with this \"a\" and \"b\" exists already, in the table or earlier in the upload.", ErrorMessages.Unique(["a", "b"]));
        Assert.Contains("unique index \"i\"", ErrorMessages.UniqueIndex("i"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_range_names_the_column_type()
    {
        var field = new FieldDefinition { Name = "f", Type = FieldType.Number };
        Assert.Equal("Out of the range of numeric.", ErrorMessages.For(field, RecordErrorCode.OutOfRange));
        Assert.Equal(
            "Does not fit numeric(10,2) unrounded: at most 8 digits before the point and 2 after it.",
            ErrorMessages.For(
                field with { SqlType = new(SqlTypeName.Numeric, Precision: 10, Scale: 2) }, RecordErrorCode.OutOfRange));
        Assert.Equal(
            "Out of the range of smallint, -32768 to 32767.",
            ErrorMessages.For(
                field with { Type = FieldType.Integer, SqlType = new(SqlTypeName.SmallInt) }, RecordErrorCode.OutOfRange));
    }

    [Fact]
    public void Every_code_has_a_sentence_for_every_type() => Assert.All(
        Enum.GetValues<RecordErrorCode>().Where(code => code != RecordErrorCode.None),
        code =>
        {
            Assert.EndsWith(".", ErrorMessages.For(code), StringComparison.Ordinal);
            Assert.All(
                Enum.GetValues<FieldType>(),
                type => Assert.EndsWith(".", ErrorMessages.For(new() { Name = "f", Type = type }, code), StringComparison.Ordinal));
        });
}
