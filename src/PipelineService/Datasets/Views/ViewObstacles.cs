using PipelineService.Core.Datasets;
using PipelineService.Datasets.Tables;

namespace PipelineService.Datasets.Views;

/// <summary>
/// Why the rows of a table cannot be followed: parts of a view are made of rows as they are sent, so that these must be what the table
/// stores.
/// </summary>
public static class ViewObstacles
{
    /// <param name="fields">The columns of the view.</param>
    /// <returns>A sentence; null: they can be.</returns>
    public static string? Find(TableShape shape, IEnumerable<string> fields)
    {
        if (shape.Relation.Kind is not ("r" or "p"))
        {
            return "It is not a table itself: behind it there may be rows of others.";
        }

        if (shape.Relation.HasRowSecurity)
        {
            return "It has row security: the service may not see all rows.";
        }

        if (shape.Relation.HasRules)
        {
            return "It has a rule on INSERT: rows may become others.";
        }

        if (shape.Triggers.FirstOrDefault(trigger => trigger.MayChangeRows) is { } change)
        {
            return $"Its trigger \"{change.Name}\" comes before each row, and may change it or let it fall: a trigger AFTER does not.";
        }

        foreach (string field in fields)
        {
            ColumnShape? column = shape.Columns.FirstOrDefault(c => c.Name == field);
            if (column is null or { IsGenerated: true })
            {
                return column is null ? $"It has no column \"{field}\"." : $"Column \"{field}\" is computed by the table.";
            }
        }

        return null;
    }

    /// <summary>The same of the rows of a load, which may lack columns.</summary>
    /// <param name="sent">The columns that are sent.</param>
    public static string? Find(TableShape shape, IReadOnlyCollection<string> fields, IReadOnlySet<string> sent) =>
        Find(shape, fields)
        ?? (fields.FirstOrDefault(field => !sent.Contains(field) && shape.Columns.Any(c => c.Name == field && c.HasDefault)) is { } given
            ? $"An upload without column \"{given}\" was given the default of the table, of which only PostgreSQL knows what it is."
            : null);

    /// <summary>
    /// Which column is of another type than was declared. A load of it fails, so that there is nothing to follow; parts that were made of it would
    /// be of its type, and would take for values of theirs what later loads write, once the column is as it should be.
    /// </summary>
    /// <param name="types">Those that were declared, by the names of the columns.</param>
    /// <returns>A sentence; null: none is.</returns>
    internal static string? FindOtherType(TableShape shape, IReadOnlyDictionary<string, string> types)
    {
        ColumnShape? other = shape.Columns.FirstOrDefault(column => types.TryGetValue(column.Name, out string? declared)
            && column.Type != declared && !ColumnFit.Holds(column.BaseType ?? column.Type, declared));
        return other is null
            ? null
            : $"Its column \"{other.Name}\" is {other.Type}, and {types[other.Name]} is declared. The view is built when that agrees.";
    }

    /// <summary>A view that is refused, or doubted, as its callers are told.</summary>
    public static string Of(TableName table, string sentence) => $"Table {table} cannot be followed. {sentence}";
}
