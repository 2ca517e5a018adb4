using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;

namespace PipelineService.Datasets.Definitions;

/// <summary>
/// Column types as people write them: PostgreSQL's names and their aliases, in any case and spacing. What is none of the
/// types with a name here, but looks like one, is a type that only the database knows.
/// </summary>
internal static class SqlTypeText
{
    /// <summary>
    /// Longer texts are no type, and are not worth a regular expression's time. Two names of 63 bytes in quotes fit, and what
    /// may stand behind them.
    /// </summary>
    private const int LengthMax = 300;

    /// <summary>Texts come from anybody: the time for one is linear in its length, whatever stands in it.</summary>
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant;

    /// <summary>
    /// Names, modifiers and brackets as in <c>public.mood</c>, <c>"My type"(3)</c>, <c>interval day to second(3)</c>,
    /// <c>geometry(Point,4326)[]</c>: no comment, no text in apostrophes, no second statement. What it means PostgreSQL says.
    /// </summary>
    private static readonly Regex OtherSyntax = new(
        @"^(""([^""\0]|"""")+""|[\p{L}_][\p{L}\p{M}\p{Nd}_$]*)(\s*\.\s*(""([^""\0]|"""")+""|[\p{L}_][\p{L}\p{M}\p{Nd}_$]*))*"
        + @"(\s+[A-Za-z]+)*(\s*\(\s*-?\w+(\s*,\s*-?\w+)*\s*\))?(\s+[A-Za-z]+)*(\s*\[\s*[0-9]*\s*\])*$",
        Linear);

    private static readonly Regex Dimensions = new(@"(\s*\[\s*[0-9]*\s*\])+$", Linear);

    private const int VarcharLengthMax = 10_485_760;
    private const int NumericPrecisionMax = 1_000;
    private const int SecondDigitsMax = 6;

    private static readonly ImmutableDictionary<string, SqlTypeName> Names = new Dictionary<string, SqlTypeName>
    {
        ["text"] = SqlTypeName.Text,
        ["varchar"] = SqlTypeName.Varchar,
        ["character varying"] = SqlTypeName.Varchar,
        ["uuid"] = SqlTypeName.Uuid,
        ["smallint"] = SqlTypeName.SmallInt,
        ["int2"] = SqlTypeName.SmallInt,
        ["integer"] = SqlTypeName.Integer,
        ["int"] = SqlTypeName.Integer,
        ["int4"] = SqlTypeName.Integer,
        ["bigint"] = SqlTypeName.BigInt,
        ["int8"] = SqlTypeName.BigInt,
        ["real"] = SqlTypeName.Real,
        ["float4"] = SqlTypeName.Real,
        ["double precision"] = SqlTypeName.DoublePrecision,
        ["float8"] = SqlTypeName.DoublePrecision,
        ["float"] = SqlTypeName.DoublePrecision,
        ["numeric"] = SqlTypeName.Numeric,
        ["decimal"] = SqlTypeName.Numeric,
        ["dec"] = SqlTypeName.Numeric,
        ["boolean"] = SqlTypeName.Boolean,
        ["bool"] = SqlTypeName.Boolean,
        ["date"] = SqlTypeName.Date,
        ["time"] = SqlTypeName.Time,
        ["time without time zone"] = SqlTypeName.Time,
        ["timestamp"] = SqlTypeName.Timestamp,
        ["timestamp without time zone"] = SqlTypeName.Timestamp,
        ["timestamptz"] = SqlTypeName.TimestampTz,
        ["timestamp with time zone"] = SqlTypeName.TimestampTz,
        ["json"] = SqlTypeName.Json,
        ["jsonb"] = SqlTypeName.Jsonb,
        ["bytea"] = SqlTypeName.Bytea,
        ["interval"] = SqlTypeName.Interval,
        ["point"] = SqlTypeName.Point,
    }.ToImmutableDictionary();

    /// <summary>The names of the types that are known here, aliases included.</summary>
    public static IEnumerable<string> KnownNames => Names.Keys.Order(StringComparer.Ordinal);

    /// <summary>Reads a type, or says what is wrong with its modifiers; neither when the text is no type.</summary>
    public static (SqlType? Type, string? Fault) Parse(string text)
    {
        text = text.Length <= LengthMax ? text.Trim() : "";
        (string name, string[] modifiers) = PartsOf(text);
        int? first = ModifierOf(modifiers.ElementAtOrDefault(0));
        int? second = ModifierOf(modifiers.ElementAtOrDefault(1));
        if (!Names.TryGetValue(name, out SqlTypeName known) || (known == SqlTypeName.Interval && first is not null))
        {
            return ArrayOf(text) is SqlType array ? (array, null) : (OtherSyntax.IsMatch(text) ? SqlType.Other(text) : null, null);
        }

        return known switch
        {
            SqlTypeName.Varchar when second is null => Varchar(first),
            SqlTypeName.Numeric => Numeric(first, second),
            SqlTypeName.Time or SqlTypeName.Timestamp or SqlTypeName.TimestampTz when second is null => Time(known, first),
            _ when first is null => (new SqlType(known), null),
            _ => (null, $"{name} takes no modifier here."),
        };
    }

    /// <summary>An array of a type that is known here; how many dimensions it says PostgreSQL does not heed.</summary>
    private static SqlType? ArrayOf(string text)
    {
        Match dimensions = Dimensions.Match(text);
        return dimensions.Success
            && Parse(text[..dimensions.Index]).Type is { Name: not (SqlTypeName.Other or SqlTypeName.Array) } element
            && FieldEncoders.IsElement(element.Name)
            ? SqlType.ArrayOf(element)
            : null;
    }

    private static (SqlType?, string?) Varchar(int? length) => length is null or (>= 1 and <= VarcharLengthMax)
        ? (new SqlType(SqlTypeName.Varchar, Length: length), null)
        : (null, $"The length of varchar goes from 1 to {VarcharLengthMax}.");

    private static (SqlType?, string?) Numeric(int? precision, int? scale) =>
        precision is null or (>= 1 and <= NumericPrecisionMax) && (scale ?? 0) <= (precision ?? 0)
            ? (new SqlType(SqlTypeName.Numeric, Precision: precision, Scale: scale ?? 0), null)
            : (null, $"The precision of numeric goes from 1 to {NumericPrecisionMax}, its scale from 0 to the precision.");

    private static (SqlType?, string?) Time(SqlTypeName name, int? digits) => digits is null or <= SecondDigitsMax
        ? (new SqlType(name, Precision: digits), null)
        : (null, $"The precision of a time goes from 0 to {SecondDigitsMax}.");

    /// <summary>The words of a name, and the numbers in brackets behind them or in their midst; no name when it is anything else.</summary>
    private static (string Name, string[] Modifiers) PartsOf(string text)
    {
        int open = text.IndexOf('(', StringComparison.Ordinal);
        int close = text.IndexOf(')', StringComparison.Ordinal);
        string words = open < 0 ? text : open < close ? $"{text[..open]} {text[(close + 1)..]}" : "";
        string[] modifiers = open < 0 || close < open ? [] : text[(open + 1)..close].Split(',', StringSplitOptions.TrimEntries);
        return modifiers.Length <= 2 && modifiers.All(modifier => modifier.Length > 0 && modifier.All(char.IsAsciiDigit))
            ? (string.Join(' ', words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)).ToLowerInvariant(), modifiers)
            : ("", []);
    }

    /// <summary>A modifier too large for an int is as wrong as int.MaxValue, and gets the same sentence.</summary>
    private static int? ModifierOf(string? digits) => digits is null
        ? null
        : int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : int.MaxValue;
}
