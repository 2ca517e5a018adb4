using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;

namespace PipelineService.Tests.Transform;

/// <summary>Rows of values as text, null for no value, and the two ways in which they are sent.</summary>
internal static class GeneratedRows
{
    private static readonly string[] Names = ["i", "n", "f", "s", "b", "d", "z", "t"];

    private static readonly Gen<string> Digits = Gen.String[Gen.Char['0', '9'], 1, 40];

    private static readonly Gen<string> Sign = Gen.Bool.Select(negative => negative ? "-" : "");

    private static readonly Gen<string> Integer =
        Gen.OneOf(Gen.Long.Select(Text), Gen.Int[-5, 5].Select(i => Text(i)), Gen.Int[0, 99].Select(i => $"000{i}"));

    private static readonly Gen<string> Number = Gen.OneOf(
        Gen.Select(Sign, Digits, (sign, digits) => sign + digits),
        Gen.Select(Sign, Digits, Digits, (sign, whole, fraction) => $"{sign}{whole}.{fraction}"),
        Gen.Select(Sign, Gen.Char['1', '9'], Digits, Gen.Int[-30, 30], (sign, whole, fraction, exponent) =>
            string.Create(CultureInfo.InvariantCulture, $"{sign}{whole}.{fraction}E{exponent}")));

    private static readonly Gen<string> Float = Gen.Double.Where(double.IsFinite)
        .Select(value => value.ToString("R", CultureInfo.InvariantCulture));

    private static readonly Gen<string> String = Gen.OneOf(
        Gen.String[Gen.Char["ab \"',;|\\\n\r\t0é漢"], 1, 20],
        Gen.Const("NULL"), Gen.Const("\\N"), Gen.Const("\\."), Gen.Const(" "), Gen.Const("👩‍👩‍👧"));

    private static readonly Gen<DateTime> Moment =
        Gen.DateTime[new DateTime(1, 1, 1, 0, 0, 0, DateTimeKind.Utc), new DateTime(9999, 12, 30, 0, 0, 0, DateTimeKind.Utc)];

    private static readonly Gen<string> Instant = Gen.Select(Moment, Gen.OneOf(
        Gen.Const(""), Gen.Const("Z"), Gen.Const("+02:00"), Gen.Const("-11:30")), (moment, offset) =>
        moment.ToString("yyyy-MM-ddTHH:mm:ss.ffffff", CultureInfo.InvariantCulture) + offset);

    private static readonly Gen<string?[]> Row = Gen.Select(
        Gen.Select(Maybe(Integer), Maybe(Number), Maybe(Float), Maybe(String)),
        Gen.Select(
            Maybe(Gen.Bool.Select(b => b ? "true" : "false")),
            Maybe(Moment.Select(m => m.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture))),
            Maybe(Instant),
            Maybe(Moment.Select(m => m.ToString("HH:mm:ss", CultureInfo.InvariantCulture)))),
        (a, b) => new[] { a.Item1, a.Item2, a.Item3, a.Item4, b.Item1, b.Item2, b.Item3, b.Item4 });

    public static Gen<string?[][]> Of(int count) => Row.Array[count];

    public static byte[] ToCsv(string?[][] rows, string lineEnd = "\n") => Encoding.UTF8.GetBytes(
        string.Join(',', Names) + lineEnd + string.Concat(rows.Select(row => string.Join(',', row.Select(CsvField)) + lineEnd)));

    public static byte[] ToNdjson(string?[][] rows) => Encoding.UTF8.GetBytes(string.Concat(rows.Select(row =>
        $"{{{string.Join(',', Names.Zip(row, (name, value) => $"\"{name}\":{JsonValue(name, value)}"))}}}\n")));

    private static Gen<string?> Maybe(Gen<string> value) => Gen.Frequency((1, Gen.Const((string?)null)), (9, value.Select(v => (string?)v)));

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static string CsvField(string? value) => value is null ? ""
        : value.AsSpan().IndexOfAny(",\"\r\n") >= 0 || value == "\\." ? $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\""
        : value;

    // Numbers that JSON cannot write (leading zeros) go as text, which is a number to the schema all the same.
    private static string JsonValue(string name, string? value) => value is null ? "null"
        : name is "b" || (name is "i" or "n" or "f" && IsJsonNumber(value)) ? value
        : JsonSerializer.Serialize(value);

    private static bool IsJsonNumber(string text)
    {
        string digits = text.TrimStart('-');
        return digits is "0" || digits[0] != '0' || digits.StartsWith("0.", StringComparison.Ordinal);
    }
}
