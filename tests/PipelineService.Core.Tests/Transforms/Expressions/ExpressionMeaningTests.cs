using System.Collections.Immutable;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions;
using PipelineService.Core.Transforms.Expressions.Running;
using PipelineService.Core.Values;
using Xunit;

namespace PipelineService.Core.Tests.Transforms.Expressions;

/// <summary>What expressions mean, where that may surprise: PostgreSQL 15 gives the same, and both twins are asked.</summary>
public sealed class ExpressionMeaningTests
{
    private static readonly ExpressionRecord Record = new(new Dictionary<string, string?>
    {
        ["i1"] = "7",
        ["n1"] = "12.50",
        ["f1"] = "2.5",
        ["t1"] = "Abc",
        ["b1"] = "true",
        ["d1"] = "2024-01-31",
        ["l1"] = "2024-03-31 02:30:00",
        ["z1"] = "2024-03-31 01:30:00.5+00",
        ["j1"] = """{"a": {"b": ["x", 2.50]}, "n": null, "e": 1e2}""",
    });

    [Theory]
    [InlineData("7 / 2", "3")]
    [InlineData("-7 / 2", "-3")]
    [InlineData("-7 % 3", "-1")]
    [InlineData("7 / 0", "error DivisionByZero")]
    [InlineData("9223372036854775807 + i1", "error IntegerOverflow")]
    [InlineData("i1 * 9223372036854775807", "error IntegerOverflow")]
    [InlineData("abs(cast('-9223372036854775808' as integer))", "error IntegerOverflow")]
    [InlineData("cast('-9223372036854775808' as integer) % -1", "0")]
    [InlineData("cast('-9223372036854775808' as integer) / -1", "error IntegerOverflow")]
    [InlineData("2 + 3 * 4 - 1", "13")]
    [InlineData("- 2 :: text", null)]
    [InlineData("1.10 * 2.0", "2.200")]
    [InlineData("1.10 + 2", "3.10")]
    [InlineData("1 / 3.0", "0.33333333333333333333")]
    [InlineData("1000000 / 3.0", "333333.333333333333")]
    [InlineData("0.0001 / 3", "0.000033333333333333333333")]
    [InlineData("2.0 / 3", "0.66666666666666666667")]
    [InlineData("-2.0 / 3", "-0.66666666666666666667")]
    [InlineData("n1 / nullif(i1 - 7, 0)", "null")]
    [InlineData("0.00000000001 / 30000", "error NumberOverflow")]
    [InlineData("(1 / 3.0) * (1 / 3.0)", "error NumberOverflow")]
    [InlineData("round(1 / 3.0, 6) * round(1 / 3.0, 6)", "0.111110888889")]
    [InlineData("9999999999999999999999999999 * 10.0", "error NumberOverflow")]
    [InlineData("round(2.5)", "3")]
    [InlineData("round(-2.5)", "-3")]
    [InlineData("round(f1)", "2")]
    [InlineData("round(12.345, -1)", "10")]
    [InlineData("round(1.5, 3)", "1.500")]
    [InlineData("round(-0.4)", "0")]
    [InlineData("floor(-1.5)", "-2")]
    [InlineData("ceil(-1.5)", "-1")]
    [InlineData("mod(-7.5, 2)", "-1.5")]
    [InlineData("mod(7.5, 0)", "error DivisionByZero")]
    [InlineData("cast(2.5 as integer)", "3")]
    [InlineData("cast(f1 as integer)", "2")]
    [InlineData("1e300", null)]
    [InlineData("f1 / 0", "error DivisionByZero")]
    [InlineData("1.50::text", "1.50")]
    [InlineData("to_number(' 1.50 ')", "1.50")]
    [InlineData("to_number('1,50')", "error NotANumber")]
    [InlineData("to_number('0e1073741822')", "0")]
    [InlineData("to_number('0e1073741823')", "error NumberOverflow")]
    [InlineData("to_number('1e3') / 7", "142.8571428571428571")]
    public void Numbers(string expression, string? expected) => AssertGives(expression, expected);

    [Theory]
    [InlineData("n2 > 1 or b1", "true")]
    [InlineData("n2 > 1 and b1", "null")]
    [InlineData("n2 > 1 and not b1", "false")]
    [InlineData("not (n2 > 1)", "null")]
    [InlineData("i1 in (1, i2, 7)", "true")]
    [InlineData("i1 in (1, i2)", "null")]
    [InlineData("i1 not in (1, i2)", "null")]
    [InlineData("i1 not in (1, 2)", "true")]
    [InlineData("i1 between 8 and i2", "false")]
    [InlineData("n1 = 12.5", "true")]
    [InlineData("n1 is not null and n2 is null", "true")]
    [InlineData("i1 = 7 is null", "false")]
    [InlineData("case when i1 = 7 then 1 else 1 / (i1 - 7) end", "1")]
    [InlineData("case i1 when 1 then 'a' when 7 then 'b' end", "b")]
    [InlineData("case when n2 > 1 then 'a' end", "null")]
    [InlineData("case when b1 then 1 else 2.50 end", "1")]
    [InlineData("b1 or 1 / (i1 - 7) = 1", "true")]
    [InlineData("n2 > 1 or 1 / (i1 - 7) = 1", "error DivisionByZero")]
    [InlineData("coalesce(n2, i1, 1 / (i1 - 7))", "7")]
    [InlineData("greatest(n2, i1, 12.500, n1)", "12.500")]
    [InlineData("least(i2, n2)", "null")]
    [InlineData("nullif(7, 7.0)", "null")]
    [InlineData("false < true", "true")]
    public void Logic(string expression, string expected) => AssertGives(expression, expected);

    [Theory]
    [InlineData("substring('abcdef', -1, 4)", "ab")]
    [InlineData("substring('abcdef' from 3 for 2)", "cd")]
    [InlineData("substring('abc', 1, -1)", "error ArgumentOutOfRange")]
    [InlineData("left('abc', -1)", "ab")]
    [InlineData("right('abc', -1)", "bc")]
    [InlineData("left('漢字', 1)", "漢")]
    [InlineData("length('😀x')", "2")]
    [InlineData("split_part('a-b-c', '-', -1)", "c")]
    [InlineData("split_part('a-b-c', '-', 4)", "")]
    [InlineData("split_part('aaa', 'aa', -1)", "a")]
    [InlineData("split_part('a', '-', 0)", "error ArgumentOutOfRange")]
    [InlineData("split_part('abc', '', 1)", "abc")]
    [InlineData("lpad('7', 3, '0')", "007")]
    [InlineData("lpad('abc', 2, '0')", "ab")]
    [InlineData("rpad('a', 4, 'xy')", "axyx")]
    [InlineData("lpad('a', 100000, 'x')", "error TextTooLong")]
    [InlineData("trim(both 'xy' from 'xyAyx')", "A")]
    [InlineData("ltrim('  a ')", "a ")]
    [InlineData("lower('İ')", "İ")]
    [InlineData("upper('straße ñ')", "STRAßE Ñ")]
    [InlineData("lower('ÀÉ') || upper('ω')", "àéΩ")]
    [InlineData("'B' < 'a'", "true")]
    [InlineData("'a' || i1 || n1", "a712.50")]
    [InlineData("t1 || t2", "null")]
    [InlineData("concat(t1, t2, i1, d1)", "Abc72024-01-31")]
    [InlineData("concat(t2)", "")]
    [InlineData("'it''s'", "it's")]
    [InlineData("'a_c' like 'a\\_c' and 'abc' not like 'a\\_c'", "true")]
    [InlineData("'50%' like '%!%' escape '!'", "true")]
    [InlineData("'漢字' like '_字'", "true")]
    [InlineData("sha256('abc')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData("cast('yes' as boolean) and not cast('f' as boolean)", "true")]
    [InlineData("cast('maybe' as boolean)", "error NotABoolean")]
    public void Texts(string expression, string expected) => AssertGives(expression, expected);

    [Theory]
    [InlineData("date_add('month', 1, d1)", "2024-02-29")]
    [InlineData("date_add('year', 10000, d1)", "error DateOutOfRange")]
    [InlineData("d1 + 1", "2024-02-01")]
    [InlineData("d1 - date '2023-12-31'", "31")]
    [InlineData("date_diff('month', d1, date '2024-02-29')", "0")]
    [InlineData("date_diff('month', date '2024-02-29', d1)", "0")]
    [InlineData("date_diff('year', date '2000-02-29', date '2024-02-28')", "23")]
    [InlineData("date_diff('hour', timestamp '2024-01-01 00:00:00', timestamp '2023-12-31 22:01:00')", "-1")]
    [InlineData("date_trunc('month', d1)", "2024-01-01 00:00:00+00")]
    [InlineData("date_trunc('week', l1)", "2024-03-25 00:00:00")]
    [InlineData("extract(second from z1)", "0.500000")]
    [InlineData("extract(epoch from d1)", "1706659200")]
    [InlineData("extract(isodow from l1)", "7")]
    [InlineData("at_time_zone(z1, 'Europe/Berlin')", "2024-03-31 03:30:00.5")]
    [InlineData("at_time_zone(l1, 'Europe/Berlin')", "2024-03-31 01:30:00+00")]
    [InlineData("at_time_zone(timestamp '2024-10-27 02:30:00', 'Europe/Berlin')", "2024-10-27 01:30:00+00")]
    [InlineData("at_time_zone(timestamp '1950-01-01 00:00:00', 'Europe/Berlin')", "error ZoneUnknown")]
    [InlineData("z1 > d1 and l1 < z1 + 0 is null", null)]
    [InlineData("l1 > z1", "true")]
    [InlineData("cast(z1 as date)", "2024-03-31")]
    [InlineData("z1::text", "2024-03-31 01:30:00.5+00")]
    [InlineData("cast('2024-02-30' as date)", "error NotADate")]
    [InlineData("cast('2024-01-31T10:00:00+02:00' as datetime)", "2024-01-31 08:00:00+00")]
    public void Dates(string expression, string? expected) => AssertGives(expression, expected);

    [Theory]
    [InlineData("json_value(j1, '$.a.b[1]')", "2.50")]
    [InlineData("json_value(j1, '$.a.b')", "null")]
    [InlineData("json_value(j1, '$.a')", "null")]
    [InlineData("json_value(j1, '$.n')", "null")]
    [InlineData("json_value(j1, '$.e')", "100")]
    [InlineData("json_value(j1, '$[0].a[0].b[0]')", "x")]
    [InlineData("j1 is null", "false")]
    [InlineData("record() + 1", "5")]
    [InlineData("job_id() || coalesce(source(), '-')", "job-")]
    public void What_is_beside_fields_and_in_them(string expression, string expected) => AssertGives(expression, expected);

    /// <summary>A null for what is expected: the expression has a fault.</summary>
    private static void AssertGives(string text, string? expected)
    {
        ImmutableArray<ExpressionFault> faults = ExpressionCheck.Check(text, ExpressionRecord.Scope, expected: null, out CheckedExpression expression);
        if (expected is null)
        {
            Assert.NotEmpty(faults);
            return;
        }

        Assert.Empty(faults);
        string interpreted = Show((RecordSlots slots, ref TypedValue result) => Interpreter.Evaluate(expression, slots, ref result));
        Assert.Equal((expected, expected), (interpreted, Show(expression.Compile())));
    }

    private static string Show(Evaluation evaluation)
    {
        RecordSlots slots = new();
        Record.Fill(slots);
        slots.Set(RecordSlots.JobId, TypedValue.Of(TextSlice.Of("job")));
        slots.Set(RecordSlots.Record, TypedValue.Of(4L));
        TypedValue result = default;
        ExpressionError error = evaluation(slots, ref result);
        return error == ExpressionError.None ? ExpressionRecord.Show(result) ?? "null" : $"error {error}";
    }
}
