using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing;

/// <summary>Which field of a record goes to which column: the schema matched with the header of one upload.</summary>
public sealed class HeaderBinding
{
    private const int NamesShownMax = 10;

    private HeaderBinding(
        int fieldCount, ImmutableArray<int> fieldOfColumn, ImmutableArray<RestCell> rest = default, int rawField = -1)
    {
        FieldCount = fieldCount;
        FieldOfColumn = fieldOfColumn;
        Rest = rest.IsDefault ? [] : rest;
        RawField = rawField;
    }

    /// <summary>How many fields each record has; one with fewer or more is rejected.</summary>
    public int FieldCount { get; }

    /// <summary>
    /// For each field of the schema, in its order, the 0-based index of the record's field, or −1 when the data does
    /// not have it. Fields of the data that no entry names are not loaded. <see cref="FieldCount"/> stands for the
    /// <see cref="Rest"/>.
    /// </summary>
    public ImmutableArray<int> FieldOfColumn { get; }

    /// <summary>The fields of the data that go to the field of the schema that takes what no other reads.</summary>
    public ImmutableArray<RestCell> Rest { get; }

    /// <summary>
    /// In a CSV of rejects that comes back: the 0-based index of the field that is filled where the cells do not say all of
    /// the record. Else −1.
    /// </summary>
    public int RawField { get; }

    /// <summary>Whether cells may have a <see cref="FormulaGuard"/> before their values.</summary>
    public bool IsGuarded => RawField >= 0;

    /// <summary>
    /// What scanner and reader are to do with empty lines: where records have one field they are records.
    /// </summary>
    public bool SkipBlankLines => FieldCount > 1;

    /// <summary>
    /// The binding of data that does not name its fields: field by field, in the order of the schema.
    /// </summary>
    public static HeaderBinding ByPosition(TableSchema schema)
    {
        int count = 0;
        return new(schema.FieldsInData.Count(), [.. schema.Fields.Select(field => schema.IsRest(field) ? -1 : count++)]);
    }

    /// <summary>Matches the names in a header with the schema; they must be the same to the byte.</summary>
    /// <param name="names">The header's names in the order of the data.</param>
    /// <param name="schema">What is declared; without <see cref="TableSchema.FieldsMatch"/> fields match in any
    /// order.</param>
    /// <param name="error">What does not match, for the user to read; else null.</param>
    /// <param name="place">What has the names.</param>
    /// <param name="isPersonal">Whether names that the schema does not know are counted and not told: where a file has no header they
    /// are the values of its first record.</param>
    /// <returns>Null with an error.</returns>
    public static HeaderBinding? ByName(
        ImmutableArray<string> names, TableSchema schema, out string? error, string place = "The header", bool isPersonal = false)
    {
        FieldsMatch match = schema.FieldsMatch ?? FieldsMatch.Equal;
        string[] declared = [.. schema.FieldsInData.Select(f => f.NameInData)];
        ImmutableArray<RestCell> rest = schema.Rest is null ? [] : RestCell.Of(names, declared);
        int restField = rest.IsEmpty ? -1 : names.Length;
        ImmutableArray<int> fieldOfColumn =
            [.. schema.Fields.Select(field => schema.IsRest(field) ? restField : names.IndexOf(field.NameInData))];
        string[] faults = [.. FaultsOf(names, declared, match, schema.Rest is not null, isPersonal)];
        error = faults.Length == 0
            ? null
            : $"{place} does not match the schema (fieldsMatch: {WordFor(match)}): {string.Join("; ", faults)}.";
        return error is null ? new HeaderBinding(names.Length, fieldOfColumn, rest) : null;
    }

    /// <summary>This binding of the data's columns, in records that have the service's own columns too.</summary>
    public HeaderBinding Within(RejectHeader header) => new(
        header.FieldCount,
        [.. FieldOfColumn.Select(field => field < 0 ? field : field == FieldCount ? header.FieldCount : header.DataFields[field])],
        [.. Rest.Select(cell => cell with { Field = header.DataFields[cell.Field] })],
        header.RawField);

    private static IEnumerable<string> FaultsOf(
        ImmutableArray<string> names, string[] declared, FieldsMatch match, bool hasRest, bool isPersonal)
    {
        string[] missing = [.. declared.Except(names, StringComparer.Ordinal)];
        string[] unknown = [.. names.Except(declared, StringComparer.Ordinal)];
        string[] repeated =
        [
            .. (hasRest ? names.Distinct(StringComparer.Ordinal) : names.Intersect(declared, StringComparer.Ordinal))
                .Where(name => names.Count(n => n == name) > 1),
        ];
        bool needsAll = match is FieldsMatch.Exact or FieldsMatch.Equal or FieldsMatch.Subset;
        bool allowsMore = hasRest || match is FieldsMatch.Subset or FieldsMatch.Partial;
        if (needsAll && missing.Length > 0)
        {
            yield return $"missing {Quoted(missing)}";
        }

        if (!allowsMore && unknown.Length > 0)
        {
            yield return $"unknown {(isPersonal ? Counted(unknown.Length) : Quoted(unknown))}";
        }

        if (repeated.Length > 0)
        {
            yield return $"more than once {(isPersonal ? Told(repeated, declared) : Quoted(repeated))}";
        }

        if (!needsAll && declared.Length > 0 && missing.Length == declared.Length)
        {
            yield return $"none of the schema's fields {Quoted(declared)}";
        }

        bool sameNames = missing.Length + repeated.Length + (hasRest ? 0 : unknown.Length) == 0;
        if (match == FieldsMatch.Exact && sameNames && !names.Except(unknown).SequenceEqual(declared, StringComparer.Ordinal))
        {
            yield return $"the order must be {Quoted(declared)}";
        }
    }

    /// <summary>Names of which only those of the schema are told.</summary>
    private static string Told(string[] names, string[] declared)
    {
        string[] known = [.. names.Intersect(declared, StringComparer.Ordinal)];
        int unknown = names.Length - known.Length;
        return unknown == 0 ? Quoted(known)
            : known.Length == 0 ? Counted(unknown)
            : $"{Quoted(known)} and {Counted(unknown)}";
    }

    private static string Counted(int names) =>
        names == 1 ? "1 name that is not shown here" : $"{names} names that are not shown here";

    private static string Quoted(string[] names)
    {
        string shown = string.Join(", ", names.Take(NamesShownMax).Select(name => $"\"{Excerpt.Of(name)}\""));
        return names.Length > NamesShownMax ? $"{shown} and {names.Length - NamesShownMax} more" : shown;
    }

    private static string WordFor(FieldsMatch match) => match switch
    {
        FieldsMatch.Exact => "exact",
        FieldsMatch.Equal => "equal",
        FieldsMatch.Subset => "subset",
        FieldsMatch.Superset => "superset",
        _ => "partial",
    };
}
