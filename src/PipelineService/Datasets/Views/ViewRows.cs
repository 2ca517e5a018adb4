using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Datasets.Views;

/// <summary>
/// What becomes of views when rows of their table go, or change: in the transaction in which they do. It has written to the table before,
/// so that no view becomes ready meanwhile.
/// </summary>
public static class ViewRows
{
    /// <summary>
    /// The views of a table whose parts are kept. Nobody puts these together until the transaction ends; those who add to them do not wait.
    /// </summary>
    private const string FindOf = """
        SELECT json_agg(json_build_object('id', v.id, 'definition', v.definition, 'types', v.types) ORDER BY v.id)::text
        FROM (SELECT * FROM pipeline.views
              WHERE table_schema = @Schema AND table_name = @Name AND state = 'ready' AND dropped_at IS NULL
                AND relation = to_regclass(format('%I.%I', table_schema, table_name))::oid
              ORDER BY id FOR SHARE) v
        """;

    /// <summary>One at a time makes anew what was put together of a view.</summary>
    private const string LockBase = "SELECT pg_advisory_xact_lock(hashtextextended('pipeline.view:' || @id, 0))";

    private const string AddNote = "INSERT INTO pipeline.view_notes (view_id, kind, reason) VALUES (@id, @kind, @reason)";

    /// <summary>The rows of a job have gone.</summary>
    /// <param name="removed">How many they were.</param>
    public static async Task RemoveJobAsync(
        NpgsqlConnection connection, TableName table, Guid job, long removed, CancellationToken cancellationToken)
    {
        if (removed == 0)
        {
            return;
        }

        foreach (KeptView view in await FindAsync(connection, table, cancellationToken))
        {
            FaultPoints.Reach(FaultPoint.ViewPartsRemoving);
            ViewSql sql = new(view);
            if (await connection.ExecuteScalarAsync<long>(Command(sql.RemoveJob, new { job }, cancellationToken)) == removed)
            {
                continue;
            }

            // They were put together with those of others, or somebody has removed rows by hand.
            await connection.ExecuteAsync(Command(LockBase, new { id = $"{view.Id}" }, cancellationToken));
            await connection.ExecuteAsync(Command(sql.Rebase, null, cancellationToken));
            await NoteAsync(connection, view, "reset", "The rows of a job that ended long ago were removed.", cancellationToken);
        }
    }

    /// <summary>All rows have gone, and nobody else writes to the table.</summary>
    public static async Task ClearAsync(NpgsqlConnection connection, TableName table, CancellationToken cancellationToken)
    {
        foreach (KeptView view in await FindAsync(connection, table, cancellationToken))
        {
            await connection.ExecuteAsync(Command(new ViewSql(view).Clear, null, cancellationToken));
            await NoteAsync(connection, view, "reset", "All rows were replaced.", cancellationToken);
        }
    }

    /// <summary>There are other rows than before, and nobody else writes to the table.</summary>
    /// <param name="hasLineage">Whether rows tell their job.</param>
    public static async Task RefillAsync(
        NpgsqlConnection connection, TableName table, bool hasLineage, CancellationToken cancellationToken)
    {
        foreach (KeptView view in await FindAsync(connection, table, cancellationToken))
        {
            ViewSql sql = new(view);
            await connection.ExecuteAsync(Command(sql.Clear, null, cancellationToken));
            await connection.ExecuteAsync(Command(sql.Fill(hasLineage), null, cancellationToken));
            await NoteAsync(connection, view, "reset", "All rows were replaced.", cancellationToken);
        }
    }

    /// <summary>Values of rows have changed: views that look at them are built anew.</summary>
    /// <param name="fields">The columns.</param>
    public static async Task DoubtAsync(
        NpgsqlConnection connection, TableName table, IReadOnlyCollection<string> fields, string reason,
        CancellationToken cancellationToken)
    {
        foreach (KeptView view in await FindAsync(connection, table, cancellationToken))
        {
            if (fields.Any(view.Types.ContainsKey))
            {
                await NoteAsync(connection, view, "doubt", reason, cancellationToken);
            }
        }
    }

    /// <summary>Rows are about to be committed that a view cannot follow: it is not told any more until it was built anew, or refused.</summary>
    public static NpgsqlBatchCommand Doubt(long view, string reason) =>
        new("INSERT INTO pipeline.view_notes (view_id, kind, reason) SELECT id, 'doubt', $2 FROM pipeline.views WHERE id = $1")
        {
            Parameters = { new() { Value = view }, new() { Value = reason } },
        };

    private static async Task<IReadOnlyList<KeptView>> FindAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken) => KeptView.Parse(
            await connection.ExecuteScalarAsync<string?>(Command(FindOf, new { table.Schema, table.Name }, cancellationToken)), table);

    private static Task<int> NoteAsync(
        NpgsqlConnection connection, KeptView view, string kind, string reason, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Command(AddNote, new { id = view.Id, kind, reason }, cancellationToken));

    private static CommandDefinition Command(string sql, object? values, CancellationToken cancellationToken) =>
        new(sql, values, commandTimeout: 0, cancellationToken: cancellationToken);
}
