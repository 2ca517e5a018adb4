using System.Globalization;
using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Datasets.Definitions;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Tables.Keys;

/// <summary>
/// Adds keys to a table of the service's own, inside the caller's transaction: all of them, or none and what stands in the way of each.
/// </summary>
internal sealed class KeyWriter(NpgsqlConnection connection, TableName table, CancellationToken cancellationToken)
{
    private readonly DefinitionFaults _obstacles = new();
    private readonly DefinitionFaults _faults = new();

    /// <param name="shape">The table before, with the columns that it has got meanwhile.</param>
    /// <returns>Null, or why nothing was added.</returns>
    public async Task<Problem?> AddAsync(KeyComparison keys, TableShape shape)
    {
        if (keys.KeysToAdd.IsEmpty && keys.ReferencesToAdd.IsEmpty)
        {
            return null;
        }

        // Before the first statement that takes a weaker lock: to ask for more of it later is how two come to wait for each other.
        await ExecuteAsync(TableSql.LockExclusively(table));
        await ExecuteAsync(KeySql.BoundTime);
        bool hasPrimary = shape.UniqueIndexes.Any(index => index.IsPrimary);
        foreach (WantedKey key in keys.KeysToAdd)
        {
            // A key over a column that takes NULL because rows were there before it keeps rows apart all the same.
            bool isPrimary = key.IsPrimary && !hasPrimary
                && key.Columns.All(name => shape.Columns.First(c => c.Name == name).IsNotNull);
            await TryAsync(
                key.Pointer, KeySql.AddKey(table, key, isPrimary), e => e.SqlState == PostgresErrorCodes.UniqueViolation,
                () => SayRepeatsAsync(key),
                $"CREATE UNIQUE INDEX CONCURRENTLY ON {table.Quoted} ({KeySql.Names(key.Columns)})");
        }

        foreach (WantedReference reference in keys.ReferencesToAdd)
        {
            await TryAsync(
                reference.Pointer, KeySql.AddReference(table, reference), e => e.SqlState == PostgresErrorCodes.ForeignKeyViolation,
                () => SayOrphansAsync(reference),
                $"{KeySql.AddReference(table, reference)} NOT VALID, and VALIDATE CONSTRAINT behind it,",
                reference.Parent);
        }

        await ExecuteAsync(KeySql.UnboundTime);
        return _faults.Any ? DatasetProblems.InvalidDefinition(_faults.ToErrors())
            : _obstacles.Any ? DatasetProblems.ConstraintNotAdded(table.ToString(), _obstacles.ToErrors())
            : null;
    }

    /// <summary>
    /// Tries a statement; goes on with the next one where the rows, their number or the columns' types stand in its way.
    /// </summary>
    /// <param name="isViolated">Whether it was the rows.</param>
    /// <param name="say">Says which.</param>
    /// <param name="byHand">What does the same while loads go on.</param>
    /// <param name="parent">A table that is referred to.</param>
    private async Task TryAsync(
        string pointer, string sql, Func<PostgresException, bool> isViolated, Func<Task<string>> say, string byHand,
        TableName? parent = null)
    {
        await ExecuteAsync(KeySql.Begin);
        try
        {
            await ExecuteAsync(sql);
            return;
        }
        catch (PostgresException e) when (isViolated(e))
        {
            await ExecuteAsync(KeySql.Undo);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.QueryCanceled)
        {
            await ExecuteAsync(KeySql.Undo);
            _obstacles.Add(pointer, TooLarge(byHand));
            return;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege && parent is not null)
        {
            await ExecuteAsync(KeySql.Undo);
            _faults.Add(pointer, $"The service's database role may not refer to {parent}: it needs GRANT REFERENCES ON {parent.Quoted}.");
            return;
        }
        catch (PostgresException e) when (e.SqlState[..2] is "42" or "0A" && e.SqlState != PostgresErrorCodes.InsufficientPrivilege)
        {
            await ExecuteAsync(KeySql.Undo);
            _faults.Add(pointer, $"PostgreSQL refuses it: {e.MessageText}.");
            return;
        }

        try
        {
            _obstacles.Add(pointer, await say());
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.QueryCanceled)
        {
            await ExecuteAsync(KeySql.Undo);
            _obstacles.Add(pointer, TooLarge(byHand));
        }
    }

    private async Task<string> SayRepeatsAsync(WantedKey key) =>
        $"{await CountAsync(KeySql.CountRepeats(table, key))} of the table share their ({KeySql.Names(key.Columns)}) with another one: "
        + $"{KeySql.Repeats(table, key)} lists them. Mend them, then PUT again.";

    private async Task<string> SayOrphansAsync(WantedReference reference) =>
        $"{await CountAsync(KeySql.CountOrphans(table, reference))} of the table refer to none of {reference.Parent}: "
        + $"{KeySql.Orphans(table, reference)} lists them. Mend them, or load the other table, then PUT again.";

    private async Task<string> CountAsync(string sql)
    {
        long count = await connection.ExecuteScalarAsync<long>(new CommandDefinition(sql, cancellationToken: cancellationToken));
        return string.Create(CultureInfo.InvariantCulture, $"{count} row{(count == 1 ? "" : "s")}");
    }

    private static string TooLarge(string byHand) =>
        $"The table is too large for that in the time that a PUT may hold it up. {byHand} does it while loads go on; then PUT again.";

    private Task<int> ExecuteAsync(string sql) =>
        connection.ExecuteAsync(new CommandDefinition(sql, cancellationToken: cancellationToken));
}
