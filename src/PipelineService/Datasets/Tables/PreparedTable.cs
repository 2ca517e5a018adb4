using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;
using PipelineService.Datasets.Tables.Keys;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Tables;

/// <summary>What became of a table that a declaration asks for.</summary>
/// <param name="Problem">Why it cannot take such rows; then nothing was changed.</param>
/// <param name="Warnings">
/// JSON pointer into the definition → what the table does not do of what stands there; null when it does all.
/// </param>
internal sealed record PreparedTable(Problem? Problem, IReadOnlyDictionary<string, string[]>? Warnings)
{
    public static PreparedTable Ready { get; } = new(null, null);

    public static PreparedTable Refused(Problem problem) => new(problem, null);

    /// <summary>A table that may have been altered.</summary>
    /// <param name="hasRows">Whether rows kept columns from becoming NOT NULL.</param>
    public static PreparedTable With(
        DatasetDefinition definition, TableComparison comparison, KeyComparison keys, bool hasRows)
    {
        HashSet<string> lax = hasRows
            ? [.. comparison.LaxColumns, .. comparison.ColumnsToAdd.Where(c => c.IsNotNull).Select(c => c.Name)]
            : [];
        OrderedDictionary<string, string[]> warnings = [];
        for (int index = 0; index < definition.Schema.Fields.Length; index++)
        {
            string name = definition.Schema.Fields[index].Name;
            if (lax.Contains(name))
            {
                warnings.Add(
                    $"{JsonPointer.Append("/schema/fields", index)}/constraints/required",
                    [
                        $"Column \"{name}\" takes NULL all the same, because the table has rows: new records must have a value, and rows"
                        + $" from before may have none. ALTER TABLE {definition.Load.Table.Quoted} {TableSql.SetNotNull(name)} makes it"
                        + " NOT NULL once every row has one.",
                    ]);
            }
        }

        foreach ((string pointer, string[] leftovers) in keys.Leftovers)
        {
            warnings.Add(pointer, leftovers);
        }

        return new PreparedTable(null, warnings.Count == 0 ? null : warnings);
    }
}
