using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;

namespace PipelineService.Write.Rejects;

/// <summary>
/// A temporary table of numbered rows, or of some of their columns. The columns have the types as which the rows carry them,
/// because one in which the table has a type of its own might refuse rows here already; whoever reads the table finds the
/// table's types: there is a view then that reads them.
/// </summary>
internal sealed class StageTable(WriteSession session, JobLoadPlan load, string name)
{
    private readonly string _sent = $"{name}_sent";

    /// <summary>What is to be read: the numbers, and the columns by their names. SQL.</summary>
    public string Name => Quoted(name);

    /// <summary>Puts rows into it, in place of those that were there.</summary>
    /// <param name="piece">0-based indexes of the rows, ascending.</param>
    /// <param name="columns">0-based indexes of the columns, or null for all, those of the lineage included.</param>
    public async Task FillAsync(
        RowBuffer rows, ArraySegment<int> piece, int[]? columns, CancellationToken cancellationToken)
    {
        string number = session.Constraints.NumberColumn;
        ReadColumn[] read = [.. session.Constraints.ReadColumns.Where(c => columns?.Contains(c.Index) ?? true)];
        string table = Quoted(read.Length == 0 ? name : _sent);
        List<NpgsqlBatchCommand> statements =
        [
            new($"DROP TABLE IF EXISTS {table} CASCADE"),
            new($"""
                CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS
                SELECT 0 AS {number}, {WriteSql.StageColumns(load.Rows, columns)} FROM {load.Target.Table.Quoted} WITH NO DATA
                """),
        ];
        if (read.Length > 0)
        {
            statements.Add(new($"""
                CREATE TEMPORARY VIEW {Name} AS
                SELECT _s.ctid, _s.{number}, {WriteSql.ReadStageColumns(load.Rows, read, "_s", columns)} FROM {table} _s
                """));
        }

        await session.ExecuteAsync(statements, cancellationToken);
        string names = columns is null
            ? session.Columns
            : string.Join(", ", columns.Select(c => Identifier.Quote(load.Rows.Columns[c].Field.Name)));
        await session.Copy.SendNumberedAsync(
            WriteSql.Copy(table, $"{number}, {names}"), rows, piece, columns, cancellationToken);
    }

    private static string Quoted(string table) => $"pg_temp.{Identifier.Quote(table)}";
}
