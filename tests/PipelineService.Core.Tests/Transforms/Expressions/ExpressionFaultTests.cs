using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Transforms.Expressions;
using PipelineService.Core.Values;
using Xunit;

namespace PipelineService.Core.Tests.Transforms.Expressions;

/// <summary>Every fault of an expression has its place, and says how to mend it.</summary>
public sealed class ExpressionFaultTests
{
    private static readonly ExpressionScope Scope = new(
        [
            new() { Name = "fare", Type = FieldType.Number },
            new() { Name = "km", Type = FieldType.Number },
            new() { Name = "Country", Type = FieldType.String },
            new() { Name = "note", Type = FieldType.String },
            new() { Name = "trips", Type = FieldType.Integer },
            new() { Name = "pickup", Type = FieldType.DateTime },
            new() { Name = "day", Type = FieldType.Date },
            new() { Name = "at", Type = FieldType.Time },
            new() { Name = "range", Type = FieldType.Any, SqlType = SqlType.Other("int4range") },
            new() { Name = "doc", Type = FieldType.Object },
            new() { Name = "later", Type = FieldType.Number },
        ],
        new HashSet<int> { 10 });

    [Theory]
    [InlineData("fare +", 7, "The expression ends where a value is expected.")]
    [InlineData("fare > 2 km", 10, "Expected an operator or the end of the expression, but found km.")]
    [InlineData("(fare > 2", 10, "The expression ends where a closing bracket is expected.")]
    [InlineData("fare == 2", 6, "Write = instead of ==.")]
    [InlineData("fare > 2 && km > 1", 10, "Write and instead of &&.")]
    [InlineData("'open", 1, "This text has no closing quote '.")]
    [InlineData("12abc", 3, "A number does not go on with a.")]
    [InlineData("1 < fare < 3", 10, "Comparisons do not stand in a row: write a < b and b < c, or brackets.")]
    [InlineData("fare is 2", 9, "Expected null or not null, but found 2.")]
    [InlineData("note in 'a'", 9, "Expected a list in brackets: a in ('x', 'y'), but found the text 'a'.")]
    [InlineData("case fare > 1 then 2 end", 15, "Expected when, but found then.")]
    [InlineData("case when fare > 1 then 2", 26, "The expression ends where when, else or end is expected.")]
    [InlineData("true between not true and true", 14, "Expected a value, or a condition in brackets, but found not.")]
    [InlineData("note ilike 'a%'", 6, "There is no ilike: write lower(a) like 'x%'.")]
    [InlineData("fare -- 2", 6, "Comments are not taken; for a minus behind a minus leave a blank between them.")]
    [InlineData("note ~ 'a'", 6, "There are no regular expressions here: write a like 'x%', or use the op replace or the constraint pattern.")]
    [InlineData("fare;", 5, "An expression ends without a semicolon.")]
    [InlineData("cast(fare as numeric(10,2))", 21, "A type stands here without length or digits: use round(x, 2), or left(x, 10).")]
    [InlineData("", 1, "The expression is empty.")]
    public void Reading(string expression, int column, string sentence) => AssertFault(expression, new ExpressionFault(column, sentence));

    [Theory]
    [InlineData("far > 2", 1, "There is no field far. Did you mean fare?")]
    [InlineData("country = 'DE'", 1, "There is no field country. A name that is not all lower case stands in double quotes: \"Country\".")]
    [InlineData("note = \"x\"", 8, "There is no field x. A text stands in single quotes, a name in double ones: 'x'.")]
    [InlineData("note = abc", 8, "There is no field abc. A text stands in single quotes: 'text'.")]
    [InlineData("later > 1", 1, "The field later is set by a later op: move that one before this.")]
    [InlineData("at is null", 1, "The field at is of type time, with which expressions cannot compute.")]
    [InlineData("range is null", 1, "The field range goes to a column of type int4range, whose values only the database understands.")]
    [InlineData("fare + note", 6, "+ is not defined for number and text. Compare text with text, or use to_number(…).")]
    [InlineData("fare > '5'", 6, "> does not compare number with text. Compare text with text, or use to_number(…).")]
    [InlineData("day > '2024-01-01'", 5, "> does not compare date with text. Write date '2024-01-31', or cast(… as date).")]
    [InlineData("pickup - day", 8, "- is not defined for datetime and date. Use date_diff('day', a, b).")]
    [InlineData("fare = null", 6, "A comparison with null is never true: write is null, or is not null.")]
    [InlineData("not fare", 5, "Expected a condition, but this gives number: compare it with something.")]
    [InlineData("fare and km > 1", 1, "Expected a condition, but this gives number: compare it with something.")]
    [InlineData("case when km > 1 then 'a' else 2 end", 32, "The results of case must be of one type: this is integer, what is before it text. Compare text with text, or use to_number(…).")]
    [InlineData("coalesce(note, fare)", 16, "The arguments of coalesce must be of one type: this is number, what is before it text. Compare text with text, or use to_number(…).")]
    [InlineData("lowr(note)", 1, "There is no function lowr. Did you mean lower?")]
    [InlineData("ifnull(fare, 0)", 1, "There is no function ifnull. Write coalesce(a, b).")]
    [InlineData("lower(note, 1)", 1, "lower takes 1 argument, not 2.")]
    [InlineData("lower(fare)", 1, "lower is not defined for number. A number becomes text by cast(… as text).")]
    [InlineData("round(trips)", 1, "An integer is whole already: leave round out.")]
    [InlineData("to_number(note, '999')", 1, "to_number takes 1 argument, not 2. How numbers are written is part of the field: decimalChar, groupChar, bareNumber.")]
    [InlineData("note like note", 11, "Expected a pattern in single quotes, of at most 1,000 characters: 'x%'.")]
    [InlineData("note like 'a\\'", 11, "The pattern ends with its escape: write it twice for the character itself.")]
    [InlineData("fare like '1%'", 1, "like compares text, but this is number: cast(… as text).")]
    [InlineData("date '2024-02-30' = day", 6, "Expected a day that exists: date '2024-01-31'.")]
    [InlineData("timestamp '2024-01-01 10:00:00Z' < pickup", 11, "Expected timestamp '2024-01-31 10:30:00'; with an offset write timestamptz.")]
    [InlineData("date_trunc('mont', pickup)", 12, "Expected one of year, quarter, month, week, day, hour, minute, second, but found 'mont'.")]
    [InlineData("extract(hour from day)", 9, "Expected one of year, quarter, month, week, day, dow, doy, isodow, isoyear, epoch, but found 'hour'.")]
    [InlineData("at_time_zone(pickup, 'CET')", 22, "Expected a time zone such as 'Europe/Berlin', or 'UTC', but found 'CET'.")]
    [InlineData("at_time_zone(pickup, '../x/y')", 22, "Expected a time zone such as 'Europe/Berlin', or 'UTC', but found '../x/y'.")]
    [InlineData("split_part(note, note, 1)", 18, "split_part takes a text in single quotes here, not what a record has.")]
    [InlineData("json_value(doc, 'a.b')", 17, "Expected a path such as '$.address.city' or '$.tags[0]', but found 'a.b'.")]
    [InlineData("doc = 'x'", 5, "= does not compare json with text. A value of JSON is json_value(field, '$.name').")]
    [InlineData("cast(fare as money)", 1, "There is no type money here: text, integer, number, float, boolean, date, timestamp or datetime.")]
    [InlineData("cast(day as integer)", 1, "There is no cast from date to integer.")]
    [InlineData("99999999999999999999999999999999 > fare", 1, "A number has at most 28 digits.")]
    [InlineData("record(1)", 1, "record takes no arguments.")]
    public void Meaning(string expression, int column, string sentence) => AssertFault(expression, new ExpressionFault(column, sentence));

    [Theory]
    [InlineData("now()")]
    [InlineData("current_date")]
    [InlineData("random()")]
    public void There_is_neither_a_clock_nor_chance(string expression) =>
        Assert.StartsWith("The same upload must give the same rows at any time", Assert.Single(FaultsOf(expression)).Sentence, StringComparison.Ordinal);

    [Fact]
    public void All_faults_are_told_at_once() => Assert.Equal(
        [
            new(1, "There is no field far. Did you mean fare?"),
            new(5, "Write = instead of ==."),
            new(18, "Expected a condition, but this gives number: compare it with something."),
            new(23, "Write and instead of &&."),
            new(26, "There is no function lowr. Did you mean lower?"),
        ],
        FaultsOf("far == 2 and not fare && lowr(note) = 'x'"));

    [Fact]
    public void A_result_of_another_type_than_expected_says_how_to_convert_it()
    {
        Assert.Equal(
            new ExpressionFault(6, "The expression gives number where integer is expected. Convert it: cast(… as integer)."),
            Assert.Single(FaultsOf("fare + 1", TypedKind.Integer)));
        Assert.Equal(
            new ExpressionFault(1, "The expression gives integer where boolean is expected. Compare it with something."),
            Assert.Single(FaultsOf("trips", TypedKind.Boolean)));
        Assert.Empty(FaultsOf("trips + 1", TypedKind.Number));
    }

    [Fact]
    public void Size_and_depth_have_bounds()
    {
        Assert.Equal("The expression is longer than 10,000 characters.", FaultsOf(new string(' ', 10_001))[0].Sentence);
        Assert.Equal(
            "The expression has 601 names, literals and operators; 500 are the most.",
            FaultsOf(string.Join(" or ", Enumerable.Repeat("b", 600)))[0].Sentence);
        Assert.Equal("The expression is nested 61 levels deep; 50 are the most.", FaultsOf("fare" + string.Concat(Enumerable.Repeat("+1", 60)))[0].Sentence);
        Assert.Equal("The expression is nested too deeply.", FaultsOf(new string('(', 9_000))[0].Sentence);
        Assert.Equal("The expression is nested too deeply.", FaultsOf(new string('-', 1) + string.Concat(Enumerable.Repeat(" -", 4_000)))[0].Sentence);
        Assert.Empty(FaultsOf(string.Join(" or ", Enumerable.Repeat("km > 1", 160))));
    }

    [Fact]
    public void The_fields_that_an_expression_uses_are_told()
    {
        Assert.Empty(ExpressionCheck.Check("km * 2 + fare > km", Scope, TypedKind.Boolean, out CheckedExpression expression));
        Assert.Equal([0, 1], expression.Fields);
        Assert.Equal((TypedKind.Boolean, "km * 2 + fare > km"), (expression.Kind, expression.Text));
    }

    private static void AssertFault(string expression, ExpressionFault fault) => Assert.Equal(fault, Assert.Single(FaultsOf(expression)));

    private static ImmutableArray<ExpressionFault> FaultsOf(string expression, TypedKind? expected = null) =>
        ExpressionCheck.Check(expression, Scope, expected, out _);
}
