using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Tables.Keys;

namespace PipelineService.Datasets.Tables;

/// <summary>What has to be so with a table whose rows are replaced as a whole by each upload.</summary>
internal static class ReplacedTable
{
    /// <summary>Another dataset that loads into the table (@table, as definitions write it).</summary>
    private const string FindOther = """
        SELECT d.name, coalesce(v.definition #>> '{load,mode}', 'append') AS mode
        FROM pipeline.datasets d
        JOIN pipeline.dataset_versions v ON v.dataset = d.name AND v.version = d.current_version
        WHERE d.deleted_at IS NULL AND d.name <> @dataset AND v.definition #>> '{load,table}' = @table
        ORDER BY coalesce(v.definition #>> '{load,mode}', 'append') = 'replace' DESC, d.name
        LIMIT 1
        """;

    /// <summary>
    /// What stands in the way of a dataset, as JSON pointer → sentences: rows of others must not go with those of a dataset, whichever of
    /// them replaces them.
    /// </summary>
    /// <param name="shape">The table.</param>
    public static async Task<Dictionary<string, string[]>> FaultsOfAsync(
        NpgsqlConnection connection, string dataset, DatasetDefinition definition, TableShape shape, CancellationToken cancellationToken)
    {
        Dictionary<string, string[]> faults = [];
        bool replaces = definition.Load.Mode == LoadMode.Replace;
        if (await connection.QuerySingleOrDefaultAsync<(string Name, string Mode)?>(new CommandDefinition(
                FindOther,
                new { dataset, table = Definitions.TableNameText.Format(definition.Load.Table) },
                cancellationToken: cancellationToken)) is { } other
            && (replaces || other.Mode == "replace"))
        {
            faults.Add("/load/table",
            [
                replaces
                    ? $"Dataset \"{other.Name}\" loads into it as well, and its rows would go with each upload: give one of "
                        + "them another table."
                    : $"Each upload of dataset \"{other.Name}\" replaces all rows of it: give one of them another table.",
            ]);
        }

        if (replaces && shape.Relation.IsView)
        {
            faults.Add("/load/mode", ["Rows cannot be replaced through a view, behind which there may be others: name the "
                + "table behind it."]);
        }

        return faults;
    }

    /// <summary>What will be in the way of the uploads, though the definition is right: JSON pointer → sentences.</summary>
    /// <param name="shape">The table as it was before.</param>
    public static async Task<Dictionary<string, string[]>> WarningsOfAsync(
        NpgsqlConnection connection, DatasetDefinition definition, TableShape? shape, CancellationToken cancellationToken)
    {
        List<string> sentences = [.. await ReferringKeys.FaultsOfAsync(connection, definition.Load.Table, cancellationToken)];
        if (shape is { IsMadeByService: false } && await connection.ExecuteScalarAsync<bool>(
            new CommandDefinition(TableSql.HasRows(definition.Load.Table), cancellationToken: cancellationToken)))
        {
            sentences.Add("The table has rows, and the service did not make it: the first upload removes all of them.");
        }

        return sentences.Count == 0 ? [] : new() { ["/load/mode"] = [.. sentences] };
    }
}
