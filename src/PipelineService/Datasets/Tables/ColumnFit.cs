using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;

namespace PipelineService.Datasets.Tables;

/// <summary>
/// Which column types take the values of another one as they are. Binary COPY trusts its sender: a value that has the right
/// number of bytes is stored, whatever it then means, so what is not known to fit does not.
/// </summary>
internal static class ColumnFit
{
    /// <summary>
    /// Whether each value of the one type has the same binary form in the other and is kept there as it is: nothing rounded,
    /// padded or cut. A column that was widened goes on being loaded; one that was narrowed does not, because PostgreSQL
    /// rounds what comes into <c>numeric(p,s)</c> and cuts blanks off what comes into <c>varchar(n)</c>.
    /// </summary>
    /// <param name="actual">The column's type, of a domain what it is made of, in the spelling of <c>format_type</c>.</param>
    public static bool Holds(string actual, string wanted)
    {
        if (actual == wanted)
        {
            return true;
        }

        SqlType? from = SqlTypeText.Parse(wanted).Type;
        SqlType? to = SqlTypeText.Parse(actual).Type;
        return from is not null && to is not null && (from.Name, to.Name) switch
        {
            (SqlTypeName.Text or SqlTypeName.Varchar, SqlTypeName.Text) => true,
            (SqlTypeName.Text or SqlTypeName.Varchar, SqlTypeName.Varchar) => to.Length is null || from.Length <= to.Length,
            (SqlTypeName.Other, SqlTypeName.Text) => true,
            (SqlTypeName.Numeric, SqlTypeName.Numeric) => to.Precision is null
                || (from.Scale <= to.Scale && from.Precision - from.Scale <= to.Precision - to.Scale),
            (SqlTypeName.Time, SqlTypeName.Time) => KeepsSeconds(from, to),
            (SqlTypeName.Timestamp, SqlTypeName.Timestamp) => KeepsSeconds(from, to),
            (SqlTypeName.TimestampTz, SqlTypeName.TimestampTz) => KeepsSeconds(from, to),
            _ => false,
        };
    }

    private static bool KeepsSeconds(SqlType from, SqlType to) => to.Precision is null || from.Precision <= to.Precision;
}
