using System.Collections.Immutable;
using System.Globalization;
using System.Text.RegularExpressions;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Definitions;

/// <summary>Column types as people write them: PostgreSQL's names and their aliases, in any case and spacing.</summary>
internal static partial class SqlTypeText
{
    /// <summary>Longer texts are no type, and are not worth a regular expression's time.</summary>
    private const int LengthMax = 100;

    private const int VarcharLengthMax = 10_485_760;
    private const int NumericPrecisionMax = 1_000;

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
    }.ToImmutableDictionary();

    /// <summary>Reads a type, or says what is wrong with its modifiers; neither when the type is unknown.</summary>
    public static (SqlType? Type, string? Fault) Parse(string text)
    {
        Match match = TypeSyntax().Match(text.Length <= LengthMax ? text : "");
        string name = Spaces().Replace(match.Groups["name"].Value, " ").ToLowerInvariant();
        if (!match.Success || !Names.TryGetValue(name, out SqlTypeName known))
        {
            return (null, null);
        }

        int? first = ModifierOf(match.Groups["first"]);
        int? second = ModifierOf(match.Groups["second"]);
        return known switch
        {
            SqlTypeName.Varchar when second is null => Varchar(first),
            SqlTypeName.Numeric => Numeric(first, second),
            _ when first is null => (new SqlType(known), null),
            _ => (null, $"{name} takes no modifier here."),
        };
    }

    private static (SqlType?, string?) Varchar(int? length) => length is null or (>= 1 and <= VarcharLengthMax)
        ? (new SqlType(SqlTypeName.Varchar, Length: length), null)
        : (null, $"The length of varchar goes from 1 to {VarcharLengthMax}.");

    private static (SqlType?, string?) Numeric(int? precision, int? scale) =>
        precision is null or (>= 1 and <= NumericPrecisionMax) && (scale ?? 0) <= (precision ?? 0)
            ? (new SqlType(SqlTypeName.Numeric, Precision: precision, Scale: scale ?? 0), null)
            : (null, $"The precision of numeric goes from 1 to {NumericPrecisionMax}, its scale from 0 to the precision.");

    /// <summary>A modifier too large for an int is as wrong as int.MaxValue, and gets the same sentence.</summary>
    private static int? ModifierOf(Group group) => !group.Success
        ? null
        : int.TryParse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : int.MaxValue;

    [GeneratedRegex(
        @"^\s*(?<name>[A-Za-z][A-Za-z0-9 ]*?)\s*(\(\s*(?<first>[0-9]+)\s*(,\s*(?<second>[0-9]+)\s*)?\))?\s*$",
        RegexOptions.ExplicitCapture)]
    private static partial Regex TypeSyntax();

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();
}
