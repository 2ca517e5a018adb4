using System.Globalization;
using PipelineService.Core.Values;

namespace PipelineService.Core.Tests.Transforms.Expressions;

/// <summary>An expression and what it is in PostgreSQL.</summary>
internal sealed record GeneratedExpression(string Ours, string Sql);

/// <summary>
/// Makes expressions of every kind, mostly with sense and not always with brackets, and records to compute them for. In SQL every value is a
/// subquery, which PostgreSQL does not compute before it is asked for, as it would constants.
/// </summary>
internal sealed partial class ExpressionGenerator(Random random)
{
    private static readonly string[] Integers =
        ["0", "1", "-1", "2", "3", "7", "10", "-12", "100", "2147483647", "-2147483648", "9223372036854775807", "-9223372036854775808", "4611686018427387904"];

    private static readonly string[] Numbers =
    [
        "0", "0.0", "1", "-1.5", "0.5", "2.5", "-2.50", "3", "12.345", "0.001", "99.99", "1000000", "0.000000012", "123456789.123456789",
        "7922816251426433759354395033.5", "9999999999999999999999999999", "0.0000000000000000000000000001", "-45000.1", "10000", "9999.9999",
    ];

    private static readonly string[] Floats = ["0", "1", "-1.5", "2.5", "0.1", "1E+300", "-1E+300", "1E-300", "3.5", "NaN", "Infinity", "-Infinity"];

    private static readonly string[] Texts =
        ["", "a", "Abc", " x ", "12", "1.50", "-7", "t", "no", "1e3", "漢字", "😀x€", "a%b_c", "it's", "a-b--c", "2024-02-29", "xyxzzyx", "\\", "aaa", "+5 "];

    private static readonly string[] Booleans = ["true", "false"];

    private static readonly string[] Dates =
        ["2000-01-01", "2000-02-29", "2024-01-31", "2023-12-31", "1969-12-31", "0001-01-01", "9999-12-31", "2021-03-28", "1999-11-07"];

    private static readonly string[] Times =
    [
        "2000-01-01 00:00:00", "2024-02-29 23:59:59.999999", "2024-03-31 02:30:00", "2024-10-27 02:30:00.5", "1999-12-31 12:00:00.000001",
        "1970-01-01 00:00:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", "2024-01-31 10:20:30", "2037-07-01 12:00:00",
    ];

    private static readonly string[] Jsons =
    [
        """{"a": 1, "b": {"c": "x", "d": [1, 2.50, null]}}""", """{"a": [{"b": "one"}, {"c": 2}], "b": null}""", "[1, 2]",
        """{"a": {"b": true}, "b": [{"c": 1e2}, {"c": -0.0}]}""", "{}", """{"a": "q\"\u0041", "b": {"c": [[{"d": 1}]]}}""",
    ];

    private static readonly TypedKind[] Kinds =
    [
        TypedKind.Integer, TypedKind.Number, TypedKind.Float, TypedKind.Text, TypedKind.Boolean, TypedKind.Date, TypedKind.LocalDateTime,
        TypedKind.DateTime,
    ];

    /// <summary>The record that was made last.</summary>
    public ExpressionRecord Record { get; private set; } = new(new Dictionary<string, string?>());

    public ExpressionRecord NextRecord() => Record = new(ExpressionRecord.Columns.ToDictionary(
        column => column.Name, column => random.Next(6) == 0 ? null : Pick(ValuesOf(column.Kind))));

    /// <summary>For the record that was made last.</summary>
    public GeneratedExpression NextExpression() => Make(Pick(Kinds), random.Next(1, 5));

    private GeneratedExpression Make(TypedKind kind, int depth) =>
        depth <= 0 || random.Next(8) == 0 ? Leaf(kind)
        : random.Next(3) == 0 ? AnyKind(kind, depth - 1)
        : kind switch
        {
            TypedKind.Integer => Integer(depth - 1),
            TypedKind.Number => Number(depth - 1),
            TypedKind.Float => Float(depth - 1),
            TypedKind.Text => Text(depth - 1),
            TypedKind.Boolean => Boolean(depth - 1),
            TypedKind.Date => Date(depth - 1),
            TypedKind.LocalDateTime => Local(depth - 1),
            _ => Instant(depth - 1),
        };

    private GeneratedExpression Leaf(TypedKind kind)
    {
        if (random.Next(3) > 0)
        {
            (string name, _, string type) = Pick([.. ExpressionRecord.Columns.Where(column => column.Kind == kind)]);
            string value = Record.Literals[name] is string literal ? Quote(literal) : "null";
            return new(name, $"(select {value}::{type})");
        }

        string text = Pick(ValuesOf(kind));
        string sql = $"(select {Quote(text)}::{SqlTypeOf(kind)})";
        return kind switch
        {
            TypedKind.Integer => text == "-9223372036854775808" ? Leaf(kind) : new(text, sql),
            TypedKind.Number => new(text.Contains('.') ? text : $"{text}.0", text.Contains('.') ? sql : $"(select {Quote($"{text}.0")}::numeric)"),
            TypedKind.Float => new($"cast({NumberFor(text)} as float)", $"(select {NumberFor(text)}::float8)"),
            TypedKind.Text => new(Quote(text), sql),
            TypedKind.Boolean => new(text, sql),
            TypedKind.Date => new($"date {Quote(text)}", sql),
            TypedKind.LocalDateTime => new($"timestamp {Quote(text)}", sql),
            _ => new($"timestamptz {Quote(text)}", sql),
        };
    }

    /// <summary>What any type can be made by.</summary>
    private GeneratedExpression AnyKind(TypedKind kind, int depth)
    {
        GeneratedExpression a = Make(kind, depth);
        GeneratedExpression b = Make(kind, depth);
        GeneratedExpression c = Make(TypedKind.Boolean, depth);
        return random.Next(8) switch
        {
            0 => Both("coalesce({0}, {1})", a, b),
            1 => Both("nullif({0}, {1})", a, b),
            2 => Both("greatest({0}, {1}, {0})", a, b),
            3 => Both("least({0}, {1})", a, b),
            4 => Both("case when {2} then {0} else {1} end", a, b, c),
            5 => Both("case {0} when {1} then {0} when {0} then {1} end", a, b),
            6 => Both("case when {2} then {0} end", a, b, c),
            _ => Both("({0})", a),
        };
    }

    private static GeneratedExpression Both(string format, params GeneratedExpression[] parts) => Pair(format, format, parts);

    private static GeneratedExpression Pair(string ours, string sql, params GeneratedExpression[] parts) => new(
        string.Format(CultureInfo.InvariantCulture, ours, [.. parts.Select(part => part.Ours)]),
        string.Format(CultureInfo.InvariantCulture, sql, [.. parts.Select(part => part.Sql)]));

    private T Pick<T>(IReadOnlyList<T> list) => list[random.Next(list.Count)];

    private string[] ValuesOf(TypedKind kind) => kind switch
    {
        TypedKind.Integer => random.Next(2) == 0 ? Integers : [random.Next(-50, 50).ToString(CultureInfo.InvariantCulture)],
        TypedKind.Number => random.Next(2) == 0 ? Numbers : [RandomNumber()],
        TypedKind.Float => Floats,
        TypedKind.Text => Texts,
        TypedKind.Boolean => Booleans,
        TypedKind.Date => Dates,
        TypedKind.LocalDateTime => Times,
        TypedKind.DateTime => [$"{Pick(Times)}+00"],
        _ => Jsons,
    };

    private string RandomNumber()
    {
        decimal number = random.NextInt64(1_000_000_000_000) / (decimal)Math.Pow(10, random.Next(12));
        return (random.Next(2) == 0 ? number : -number).ToString(CultureInfo.InvariantCulture);
    }

    private static string SqlTypeOf(TypedKind kind) => ExpressionRecord.Columns.First(column => column.Kind == kind).SqlType;

    /// <summary>A float of which a number can be made: the special ones have no literal.</summary>
    private static string NumberFor(string text) => text.Contains('N') || text.Contains('I') || text.Contains('E') ? "0.25" : text;

    private static string Quote(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
