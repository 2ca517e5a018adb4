using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Datasets.Tables;

namespace PipelineService.Write.Rejects;

/// <summary>
/// A column whose type has a say of its own in what it takes: a domain, or a type that only the database knows. COPY asks it
/// before any trigger sees the row, and whoever looks at rows before they are there has to ask it too.
/// </summary>
/// <param name="Index">0-based, into the rows' columns.</param>
/// <param name="Field">What is declared for it.</param>
/// <param name="Type">The type in SQL, modifiers included.</param>
/// <param name="BaseType">What a domain is made of; null where the type is none.</param>
/// <param name="IsCopiedAsText">Whether the type has no binary form that is the text which was sent.</param>
public sealed record ReadColumn(int Index, FieldDefinition Field, string Type, string? BaseType, bool IsCopiedAsText)
{
    /// <summary>The columns of rows that the table's types read.</summary>
    public static ReadColumn[] Of(TableShape table, RowPlan rows)
    {
        var shapes = table.Columns.ToDictionary(c => c.Name, StringComparer.Ordinal);
        return
        [
            .. rows.Columns.Select((column, index) => shapes.TryGetValue(column.Field.Name, out ColumnShape? shape)
                ? Of(index, column.Field, shape)
                : null).OfType<ReadColumn>(),
        ];
    }

    /// <summary>
    /// SQL for the value that the column would hold, or the error that COPY would meet. A cast will do from the type that a
    /// domain is made of. It will not from text: to <c>char(3)</c> it cuts what the input function refuses. What is read out
    /// of JSON goes through that function, with the column's modifiers and the checks of its domain; but for what is JSON
    /// itself, which has no modifiers.
    /// </summary>
    /// <param name="sent">SQL for the value as the row carries it.</param>
    public string Read(string sent) =>
        !Field.IsReadByColumn ? $"({sent})::{Type}"
        : BaseType is "json" or "jsonb" ? $"({sent})::{BaseType}::{Type}"
        : $"(SELECT _r.v FROM json_to_record(json_build_object('v', {sent})) AS _r (v {Type}))";

    private static ReadColumn? Of(int index, FieldDefinition field, ColumnShape shape) =>
        field.IsReadByColumn
            ? new(index, field, shape.Type, shape.BaseType, !shape.TakesText || field.SentType.Name != SqlTypeName.Text)
        : shape.BaseType is not null ? new(index, field, shape.Type, shape.BaseType, IsCopiedAsText: false)
        : null;
}
