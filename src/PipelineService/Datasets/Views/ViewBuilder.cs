using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;
using PipelineService.Datasets.Tables;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Datasets.Views;

/// <summary>Builds and removes the table of a view, and puts its parts together: each in one transaction.</summary>
/// <remarks>
/// A view becomes ready, and its table goes, only while nobody writes to the dataset's table. So whoever writes has seen for the whole of
/// its transaction whether there is a view to add to. Loads wait as long as the table is read through; uploads are taken meanwhile.
/// </remarks>
public sealed partial class ViewBuilder(
    Database database, IOptions<DatasetsOptions> options, TimeProvider time, ILogger<ViewBuilder> logger)
{
    /// <summary>Parts that are worth being put together, where there are few.</summary>
    private const long FoldMin = 256;

    private const string FindDue = """
        SELECT v.id, v.name, v.dataset, v.table_schema, v.table_name, v.definition::text, v.types::text,
               v.dropped_at IS NOT NULL AS is_dropped,
               v.state = 'building' OR v.relation IS DISTINCT FROM to_regclass(format('%I.%I', v.table_schema, v.table_name))::oid
                   OR (v.state = 'ready' AND EXISTS (
                       SELECT FROM pipeline.view_notes n WHERE n.view_id = v.id AND n.kind = 'doubt')) AS is_to_build,
               v.state = 'refused' AS is_refused
        FROM pipeline.views v
        ORDER BY v.id
        """;

    /// <summary>None where another instance has done it, or is at it.</summary>
    private const string Again = $"SELECT * FROM ({FindDue}) d WHERE id = @Id AND is_dropped = @IsDropped AND is_to_build = @IsToBuild";

    private const string LockRow = "SELECT id FROM pipeline.views WHERE id = @Id FOR UPDATE SKIP LOCKED";

    private const string BoundWaits =
        "SELECT set_config('lock_timeout', '1500ms', true), set_config('statement_timeout', '0', true), set_config('timezone', 'UTC', true)";

    private const string EndBuild = """
        UPDATE pipeline.views SET state = 'ready', reason = NULL, groups = @groups, built_at = @now, relation = to_regclass(@table)::oid
        WHERE id = @id;
        DELETE FROM pipeline.view_notes WHERE view_id = @id;
        INSERT INTO pipeline.view_notes (view_id, kind, reason) VALUES (@id, 'reset', 'It was built anew.')
        """;

    private const string Refuse =
        "UPDATE pipeline.views SET state = 'refused', reason = @reason, relation = to_regclass(@table)::oid WHERE id = @id";

    /// <summary>It is tried again and again, until somebody has mended the table.</summary>
    private const string PutOff = """
        UPDATE pipeline.views SET state = 'building', reason = NULL WHERE id = @id AND state <> 'building';
        DELETE FROM pipeline.view_notes WHERE view_id = @id AND kind = 'doubt' AND reason <> @reason;
        INSERT INTO pipeline.view_notes (view_id, kind, reason) SELECT @id, 'doubt', @reason
        WHERE NOT EXISTS (SELECT FROM pipeline.view_notes WHERE view_id = @id AND kind = 'doubt')
        """;

    private const string Forget = "DELETE FROM pipeline.views WHERE id = @id";

    private const string EndFold = """
        UPDATE pipeline.views SET groups = @groups WHERE id = @id;
        DELETE FROM pipeline.view_notes WHERE view_id = @id AND kind = 'reset' AND at < @before
        """;

    internal async Task<IReadOnlyList<DueView>> FindDueAsync(CancellationToken cancellationToken) => await database.RunAsync(
        async (connection, token) =>
            (await connection.QueryAsync<DueView>(new CommandDefinition(FindDue, cancellationToken: token)))
                .Where(view => view.IsDropped || view.IsToBuild || !view.IsRefused).ToList(),
        cancellationToken);

    /// <summary>Does what a view needs.</summary>
    /// <returns>Whether nothing was in the way.</returns>
    internal async Task<bool> AttendAsync(DueView due, CancellationToken cancellationToken)
    {
        KeptView view = due.ToView();
        try
        {
            await using NpgsqlConnection connection = await database.OpenSessionAsync(cancellationToken);
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
            await ExecuteAsync(connection, BoundWaits, null, cancellationToken);
            if (due.IsDropped || due.IsToBuild)
            {
                await LockTableAsync(connection, view.Table, cancellationToken);
            }

            if (!await IsStillDueAsync(connection, due, cancellationToken))
            {
                return true;
            }

            if (due.IsDropped)
            {
                await RemoveAsync(connection, view, cancellationToken);
            }
            else if (due.IsToBuild)
            {
                await BuildAsync(connection, view, cancellationToken);
            }
            else if (!await FoldAsync(connection, view, cancellationToken))
            {
                return true;
            }

            FaultPoints.Reach(FaultPoint.ViewKept);
            await transaction.CommitAsync(cancellationToken);
            return true;
        }
        catch (PostgresException e) when (SqlFaults.Of(e) == SqlFault.Busy)
        {
            return false; // loads have the table: the next time
        }
        catch (PostgresException e) when (SqlFaults.Of(e) is SqlFault.Row or SqlFault.Statement && due.IsToBuild)
        {
            string reason = ViewObstacles.Of(view.Table, $"PostgreSQL says: {e.MessageText} (SQLSTATE {e.SqlState}).");
            await database.RunAsync(
                (connection, token) => ExecuteAsync(connection, Refuse, new { id = view.Id, reason, table = view.Table.Quoted }, token), cancellationToken);
            Log.Refused(logger, due.Name, view.Table, reason);
            return true;
        }
        catch (Exception e) when (SqlFaults.MayPass(e) && e is not DatabaseUnavailableException)
        {
            await database.ReportFaultAsync(e);
            return false;
        }
    }

    /// <summary>Against all who write; where the table has gone there are none.</summary>
    private static async Task LockTableAsync(NpgsqlConnection connection, TableName table, CancellationToken cancellationToken)
    {
        if (await connection.ExecuteScalarAsync<bool>(new CommandDefinition(
            "SELECT to_regclass(@table) IS NOT NULL", new { table = table.Quoted }, cancellationToken: cancellationToken)))
        {
            await ExecuteAsync(connection, $"LOCK TABLE ONLY {table.Quoted} IN SHARE ROW EXCLUSIVE MODE", null, cancellationToken);
        }
    }

    private static async Task<bool> IsStillDueAsync(NpgsqlConnection connection, DueView due, CancellationToken cancellationToken) =>
        await connection.ExecuteScalarAsync<long?>(new CommandDefinition(LockRow, due, cancellationToken: cancellationToken)) is not null
        && await connection.QueryFirstOrDefaultAsync<DueView>(new CommandDefinition(Again, due, cancellationToken: cancellationToken))
            is not null;

    private async Task RemoveAsync(NpgsqlConnection connection, KeptView view, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, new ViewSql(view).Drop, null, cancellationToken);
        await ExecuteAsync(connection, Forget, new { id = view.Id }, cancellationToken);
        Log.Removed(logger, view.View.Name, view.Table);
    }

    private async Task BuildAsync(NpgsqlConnection connection, KeptView view, CancellationToken cancellationToken)
    {
        ViewSql sql = new(view);
        await ExecuteAsync(connection, sql.Drop, null, cancellationToken);
        TableShape? shape = await TargetTable.LookAsync(connection, view.Table, cancellationToken);
        string? obstacle = shape is null ? "It does not exist." : ViewObstacles.Find(shape, view.Types.Keys);
        if (obstacle is null && ViewObstacles.FindOtherType(shape!, view.Types) is { } other)
        {
            string reason = ViewObstacles.Of(view.Table, other);
            await ExecuteAsync(connection, PutOff, new { id = view.Id, reason }, cancellationToken);
            return;
        }

        long groups = 0;
        if (obstacle is null)
        {
            FaultPoints.Reach(FaultPoint.ViewBuilding);
            bool hasLineage = shape!.Columns.Any(column => column is { Name: LineageColumns.Job, Type: "uuid" });
            await ExecuteAsync(connection, sql.Create(hasLineage), null, cancellationToken);
            groups = await CountAsync(connection, sql, cancellationToken);
            obstacle = groups > options.Value.ViewGroupsMax ? TooMany(groups) : null;
        }

        if (obstacle is not null)
        {
            await ExecuteAsync(connection, sql.Drop, null, cancellationToken);
            await RefuseAsync(connection, view, obstacle, cancellationToken);
            return;
        }

        await ExecuteAsync(
            connection, EndBuild, new { id = view.Id, groups, now = time.GetDatabaseNow().UtcDateTime, table = view.Table.Quoted },
            cancellationToken);
        Log.Built(logger, view.View.Name, view.Table, groups);
    }

    /// <summary>
    /// As many parts as were put together before, so that what is written again and again stays in proportion to what comes.
    /// </summary>
    /// <returns>Whether anything was done.</returns>
    private async Task<bool> FoldAsync(NpgsqlConnection connection, KeptView view, CancellationToken cancellationToken)
    {
        ViewSql sql = new(view);
        DateTime before = (time.GetDatabaseNow() - options.Value.ViewFoldAfter).UtcDateTime;
        (long whole, long old) = await connection.QuerySingleAsync<(long, long)>(
            new CommandDefinition(sql.CountOld, new { before }, commandTimeout: 0, cancellationToken: cancellationToken));
        if (old < Math.Max(FoldMin, whole))
        {
            return false;
        }

        await ExecuteAsync(connection, sql.Fold, new { before }, cancellationToken);
        FaultPoints.Reach(FaultPoint.ViewFolding);
        long groups = await CountAsync(connection, sql, cancellationToken);
        await ExecuteAsync(connection, EndFold, new { id = view.Id, groups, before }, cancellationToken);
        if (groups > options.Value.ViewGroupsMax)
        {
            await RefuseAsync(connection, view, TooMany(groups), cancellationToken);
        }

        return true;
    }

    private async Task RefuseAsync(NpgsqlConnection connection, KeptView view, string obstacle, CancellationToken cancellationToken)
    {
        string reason = ViewObstacles.Of(view.Table, obstacle);
        await ExecuteAsync(connection, Refuse, new { id = view.Id, reason, table = view.Table.Quoted }, cancellationToken);
        Log.Refused(logger, view.View.Name, view.Table, reason);
    }

    private string TooMany(long groups) =>
        $"There are {groups} groups, and {options.Value.ViewGroupsMax} may be kept (Datasets:ViewGroupsMax): take more rows together.";

    private static Task<long> CountAsync(NpgsqlConnection connection, ViewSql sql, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<long>(
            new CommandDefinition(sql.CountGroups, commandTimeout: 0, cancellationToken: cancellationToken));

    private static Task<int> ExecuteAsync(
        NpgsqlConnection connection, string sql, object? values, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(new CommandDefinition(sql, values, commandTimeout: 0, cancellationToken: cancellationToken));

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "View {View} of {Table} is kept from now on: {Groups} groups.")]
        public static partial void Built(ILogger logger, string view, TableName table, long groups);

        [LoggerMessage(Level = LogLevel.Information, Message = "View {View} of {Table} is kept no longer.")]
        public static partial void Removed(ILogger logger, string view, TableName table);

        [LoggerMessage(Level = LogLevel.Warning, Message = "View {View} of {Table} is not kept: {Reason}")]
        public static partial void Refused(ILogger logger, string view, TableName table, string reason);
    }
}

/// <summary>A view that may need something.</summary>
/// <param name="IsDropped">Whether it is declared no longer.</param>
/// <param name="IsToBuild">Whether it was not built yet, is in doubt, or its table is another one.</param>
/// <param name="IsRefused">Whether it cannot be kept.</param>
internal sealed record DueView(
    long Id, string Name, string Dataset, string TableSchema, string TableName, string Definition, string Types, bool IsDropped,
    bool IsToBuild, bool IsRefused = false)
{
    public KeptView ToView()
    {
        using var definition = System.Text.Json.JsonDocument.Parse(Definition);
        return new KeptView(
            Id, ViewsReader.ReadStored(definition.RootElement), new TableName(TableSchema, TableName),
            System.Text.Json.JsonSerializer.Deserialize<Dictionary<string, string>>(Types)!);
    }
}
