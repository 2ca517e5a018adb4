using System.Data;
using Dapper;
using Npgsql;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Datasets.Views;

/// <summary>Reads views: which there are, and their groups.</summary>
internal sealed class StoredViews(Database database)
{
    /// <summary>How long a page may take; what reads all groups may take longer.</summary>
    private const string BoundTime =
        "SELECT set_config('statement_timeout', @time, true), set_config('timezone', 'UTC', true)";

    private const string Find = """
        SELECT v.id, v.name, v.dataset, v.table_schema, v.table_name, v.definition::text, v.types::text, v.groups, v.declared_at, v.built_at,
               CASE WHEN v.state = 'ready'
                         AND (d.reason IS NOT NULL OR v.relation IS DISTINCT FROM to_regclass(format('%I.%I', v.table_schema, v.table_name))::oid)
                    THEN 'building' ELSE v.state END AS state,
               coalesce(v.reason, d.reason) AS reason
        FROM pipeline.views v
        LEFT JOIN LATERAL (
            SELECT n.reason FROM pipeline.view_notes n WHERE n.view_id = v.id AND n.kind = 'doubt' ORDER BY n.at LIMIT 1) d ON true
        WHERE v.dataset = @dataset AND v.dropped_at IS NULL AND (@name::text IS NULL OR v.name = @name)
        ORDER BY v.name
        """;

    private const string Resets = """
        SELECT EXISTS (
            SELECT FROM pipeline.view_notes p WHERE p.view_id = @id
            AND p.xid >= pg_snapshot_xmin(@since::pg_snapshot) AND NOT pg_visible_in_snapshot(p.xid, @since::pg_snapshot))
        """;

    private const string Snapshot = "SELECT pg_current_snapshot()::text";

    /// <param name="name">The only one; null: all of the dataset.</param>
    public Task<List<StoredView>> FindAsync(string dataset, string? name, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => FindAsync(connection, dataset, name, token), cancellationToken);

    /// <summary>Groups in the order of their keys.</summary>
    /// <param name="after">The key behind which to begin; null: from the first.</param>
    /// <returns>As many as are asked for; null when the view is not ready any more.</returns>
    /// <exception cref="PostgresException">The key is none of the view.</exception>
    public Task<ViewGroups?> ReadAsync(ViewQuestion question, IReadOnlyList<string?>? after, int limit, CancellationToken cancellationToken) =>
        RunAsync(question.View, "2s", async (connection, view, token) =>
        {
            string sql = new ViewReadSql(view).Page(question.From is not null, question.To is not null, after?.Select(key => key is null).ToList());
            DynamicParameters values = question.Values(after);
            values.Add("limit", limit + 1);
            List<(string Json, string?[] Key)> rows =
                [.. await connection.QueryAsync<(string, string?[])>(new CommandDefinition(sql, values, cancellationToken: token))];
            return new ViewGroups([.. rows.Take(limit).Select(row => row.Json)], rows.Count > limit ? rows[limit - 1].Key : null);
        }, cancellationToken);

    /// <summary>All groups, each as texts.</summary>
    /// <returns>False when the view is not ready any more.</returns>
    public async Task<bool> ReadAllAsync(ViewQuestion question, Func<string?[], Task> take, CancellationToken cancellationToken) =>
        await RunAsync(question.View, "0", async (connection, view, token) =>
        {
            string sql = new ViewReadSql(view).Cells(question.From is not null, question.To is not null);
            await using NpgsqlCommand command = new(sql, connection) { CommandTimeout = 0 };
            question.AddTo(command);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(token);
            while (await reader.ReadAsync(token))
            {
                await take(await reader.GetFieldValueAsync<string?[]>(0, token));
            }

            return (bool?)true;
        }, cancellationToken) == true;

    /// <summary>What has changed since a snapshot.</summary>
    /// <param name="since">Null: nothing is known yet.</param>
    public Task<ViewChange> LookAsync(KeptView view, string dataset, string? since, int limit, CancellationToken cancellationToken) =>
        database.RunAsync(
            async (connection, token) =>
            {
                await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, token);
                await connection.ExecuteAsync(new CommandDefinition(BoundTime, new { time = "0" }, cancellationToken: token));
                string now = (await connection.ExecuteScalarAsync<string>(new CommandDefinition(Snapshot, cancellationToken: token)))!;
                StoredView? stored = (await FindAsync(connection, dataset, view.View.Name, token)).FirstOrDefault();
                if (stored?.Id != view.Id || stored.State != "ready")
                {
                    return new ViewChange(now, IsReset: true, IsGone: stored?.Id != view.Id, []);
                }

                ViewReadSql sql = new(view);
                var values = new { id = view.Id, since, limit = limit + 1 };
                if (since is null || await connection.ExecuteScalarAsync<bool>(new CommandDefinition(Resets, values, cancellationToken: token)))
                {
                    return new ViewChange(now, IsReset: true, IsGone: false, []);
                }

                if (!await connection.ExecuteScalarAsync<bool>(new CommandDefinition(sql.HasNew, values, cancellationToken: token)))
                {
                    return new ViewChange(now, IsReset: false, IsGone: false, []);
                }

                IEnumerable<(string Json, string Key, long Rows)> rows = await connection.QueryAsync<(string, string, long)>(
                    new CommandDefinition(sql.Changed, values, cancellationToken: token));
                List<ChangedGroup> groups =
                    [.. rows.Select(row => new ChangedGroup(row.Rows > 0 ? row.Json : row.Key, row.Rows > 0))];
                return groups.Count > limit
                    ? new ViewChange(now, IsReset: true, IsGone: false, [])
                    : new ViewChange(now, IsReset: false, IsGone: false, groups);
            },
            cancellationToken);

    private static async Task<List<StoredView>> FindAsync(
        NpgsqlConnection connection, string dataset, string? name, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<StoredView>(
            new CommandDefinition(Find, new { dataset, name }, cancellationToken: cancellationToken))).AsList();

    /// <summary>Reads a view in one snapshot with what says that it is ready.</summary>
    private Task<T?> RunAsync<T>(
        StoredView known, string time, Func<NpgsqlConnection, KeptView, CancellationToken, Task<T?>> read,
        CancellationToken cancellationToken) => database.RunAsync(
            async (connection, token) =>
            {
                await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, token);
                await connection.ExecuteAsync(new CommandDefinition(BoundTime, new { time }, cancellationToken: token));
                StoredView? now = (await FindAsync(connection, known.Dataset, known.Name, token)).FirstOrDefault();
                try
                {
                    return now is { State: "ready" } ? await read(connection, now.ToView(), token) : default;
                }
                catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UndefinedTable)
                {
                    return default; // it is being built anew
                }
            },
            cancellationToken);
}

/// <summary>A view as it stands.</summary>
/// <param name="State"><c>building</c>, <c>ready</c> or <c>refused</c>.</param>
/// <param name="Reason">Why it is not ready; null where it is, or was not built yet.</param>
internal sealed record StoredView(
    long Id, string Name, string Dataset, string TableSchema, string TableName, string Definition, string Types, long? Groups,
    DateTime DeclaredAt, DateTime? BuiltAt, string State, string? Reason)
{
    public KeptView ToView() =>
        new DueView(Id, Name, Dataset, TableSchema, TableName, Definition, Types, IsDropped: false, IsToBuild: false).ToView();
}

/// <summary>Which groups of a view are asked for.</summary>
/// <param name="From">By the first key that is a time or a date; null: from the first.</param>
/// <param name="To">Up to then.</param>
internal sealed record ViewQuestion(StoredView View, DateTime? From, DateTime? To)
{
    public DynamicParameters Values(IReadOnlyList<string?>? after)
    {
        DynamicParameters values = new(new { from = From, to = To });
        foreach ((int i, string? key) in (after ?? []).Index())
        {
            values.Add($"k{i}", key, DbType.String);
        }

        return values;
    }

    public void AddTo(NpgsqlCommand command)
    {
        foreach ((string name, DateTime? time) in new[] { ("from", From), ("to", To) })
        {
            if (time is { } given)
            {
                command.Parameters.Add(new NpgsqlParameter(name, given));
            }
        }
    }
}

/// <summary>Groups as JSON, each an object.</summary>
/// <param name="Last">The key of the last, where there are more.</param>
internal sealed record ViewGroups(IReadOnlyList<string> Items, string?[]? Last);

/// <summary>What has changed of a view.</summary>
/// <param name="Snapshot">As of when it was looked.</param>
/// <param name="IsReset">Whether more has changed than is told.</param>
/// <param name="IsGone">Whether there is no such view any more, or another one.</param>
internal sealed record ViewChange(string Snapshot, bool IsReset, bool IsGone, IReadOnlyList<ChangedGroup> Groups);

/// <param name="Json">The group, or its key alone.</param>
/// <param name="HasRows">Whether there is such a group still.</param>
internal sealed record ChangedGroup(string Json, bool HasRows);
