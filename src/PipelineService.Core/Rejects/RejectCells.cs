using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Csv;

namespace PipelineService.Core.Rejects;

/// <summary>
/// Gives rejected records back as cells, to be mended and sent again. For the records of one upload, by one thread at a
/// time.
/// </summary>
public abstract class RejectCells
{
    /// <summary>The names of the columns, in their order.</summary>
    public abstract ImmutableArray<string> Columns { get; }

    /// <summary>Appends a cell for each column.</summary>
    /// <param name="raw">The record as it was sent.</param>
    /// <param name="isCut">Whether that is only its beginning.</param>
    /// <param name="line">Takes the cells.</param>
    /// <returns>Nothing when the cells say all that was sent: loading them is loading the record. Else the record, or
    /// what stands for it, to be shown beside them.</returns>
    public abstract ReadOnlySpan<byte> Write(ReadOnlySpan<byte> raw, bool isCut, CsvLine line);

    /// <summary>Appends a cell that has no value, in the best way that there is.</summary>
    protected static void AppendMissing(byte[]? missing, CsvLine line)
    {
        if (line.CanSayNull)
        {
            line.AppendNull();
        }
        else
        {
            line.Append(missing);
        }
    }

    /// <summary>
    /// The cell for a field that a record does not have: what means that there is no value to all that read it. Null where there
    /// is no such text.
    /// </summary>
    /// <param name="name">The field's name in the data; one that the schema does not know is not loaded.</param>
    protected static byte[]? MissingCellOf(TableSchema schema, string name)
    {
        FieldDefinition[] readers = [.. schema.FieldsInData.Where(field => field.NameInData == name)];
        string[] shared = readers.Length == 0
            ? Texts(schema.MissingValues)
            : [.. readers.Select(field => Texts(schema.MissingValuesOf(field))).Aggregate((all, more) => [.. all.Intersect(more)])];
        return shared.Contains("") ? [] : shared is [string first, ..] ? System.Text.Encoding.UTF8.GetBytes(first) : null;

        static string[] Texts(ImmutableArray<LabelledText> values) => [.. values.Select(value => value.Value)];
    }
}
