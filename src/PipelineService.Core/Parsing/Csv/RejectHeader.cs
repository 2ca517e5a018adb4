using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using Text = System.Text.Encoding;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>
/// The header of a CSV of rejects, which names columns of the service's own behind those of the data. That they are there
/// is how an upload is known to be such a file: its guards are undone, and the service's columns are no data.
/// </summary>
public sealed class RejectHeader
{
    private static readonly string[] Words = ["raw", "record", "line", "field", "code", "message"];

    private RejectHeader(ImmutableArray<string> names, int[] ownFields)
    {
        FieldCount = names.Length;
        RawField = ownFields[0];
        DataFields = [.. Enumerable.Range(0, names.Length).Except(ownFields)];
        DataNames = [.. DataFields.Select(field => WithoutGuard(names[field]))];
    }

    /// <summary>How many fields a record has, the service's own included.</summary>
    public int FieldCount { get; }

    /// <summary>0-based index of the field that is filled where the cells do not say all that was sent.</summary>
    public int RawField { get; }

    /// <summary>The names of the data's columns, as they were before they were guarded.</summary>
    public ImmutableArray<string> DataNames { get; }

    /// <summary>For each of <see cref="DataNames"/> the 0-based index of its field.</summary>
    public ImmutableArray<int> DataFields { get; }

    /// <summary>
    /// The names of the service's own columns, in their order: <c>_raw</c>, <c>_record</c>, <c>_line</c>, <c>_field</c>,
    /// <c>_code</c>, <c>_message</c>. With more underscores where the schema has one of these names itself.
    /// </summary>
    /// <remarks>
    /// The last is never empty: a spreadsheet that saves rows whose last cells are empty may leave those out.
    /// </remarks>
    public static ImmutableArray<string> OwnNames(TableSchema schema)
    {
        HashSet<string> declared = [.. schema.FieldsInData.Select(f => f.NameInData)];
        for (string prefix = "_"; ; prefix += '_')
        {
            ImmutableArray<string> names = [.. Words.Select(word => prefix + word)];
            if (!names.Any(declared.Contains))
            {
                return names;
            }
        }
    }

    /// <summary>Finds the service's columns in a header; null unless all of them are there.</summary>
    /// <param name="names">The header's names in the order of the data. A name of the data that the schema does not know
    /// may be the same as one of ours: ours stands behind it.</param>
    /// <param name="schema">What is declared.</param>
    public static RejectHeader? Find(ImmutableArray<string> names, TableSchema schema)
    {
        int[] fields = [.. OwnNames(schema).Select(name => names.LastIndexOf(name))];
        return fields.Contains(-1) ? null : new RejectHeader(names, fields);
    }

    /// <summary>
    /// Bytes of a record of such a file at most. It may be longer than the record that was sent: quotes are doubled, or have escapes
    /// before them, and the service's columns come with it.
    /// </summary>
    /// <param name="recordBytesMax">The longest record otherwise.</param>
    /// <param name="dialect">How the file is written.</param>
    public static int RecordBytesMax(int recordBytesMax, CsvDialect dialect) =>
        ((1 + Math.Max(1, Text.UTF8.GetByteCount(dialect.EscapeChar ?? ""))) * recordBytesMax) + (64 << 10);

    private static string WithoutGuard(string name) => Text.UTF8.GetString(FormulaGuard.Undo(Text.UTF8.GetBytes(name)));
}
