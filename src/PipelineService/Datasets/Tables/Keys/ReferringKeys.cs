using Dapper;
using Npgsql;
using PipelineService.Core.Datasets;

namespace PipelineService.Datasets.Tables.Keys;

/// <summary>
/// The foreign keys of other tables that refer to a table whose rows are replaced as a whole. They are looked at when the new rows are
/// there: that is possible where they are deferrable. Those that would remove rows of others, or alter them, are in the way.
/// </summary>
public static class ReferringKeys
{
    private const string Find = """
        SELECT o.conname AS name, quote_ident(n.nspname) || '.' || quote_ident(o.conname) AS quoted, o.conrelid::regclass::text AS of_table,
               o.confdeltype::text AS action, o.condeferrable AS is_deferrable
        FROM pg_catalog.pg_constraint o JOIN pg_catalog.pg_namespace n ON n.oid = o.connamespace
        WHERE o.contype = 'f' AND o.conparentid = 0 AND o.confrelid = @table::regclass AND o.conrelid <> o.confrelid
        ORDER BY 3, 1
        """;

    /// <summary>What stands in the way of a replacement of all rows, as sentences with what to do.</summary>
    public static async Task<IReadOnlyList<string>> FaultsOfAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken) =>
        [.. (await FindAsync(connection, table, cancellationToken)).Select(FaultOf).OfType<string>()];

    /// <summary>Lets them be looked at later in the transaction.</summary>
    public static async Task DeferAsync(NpgsqlConnection connection, TableName table, CancellationToken cancellationToken)
    {
        string[] names = [.. (await FindAsync(connection, table, cancellationToken)).Select(key => key.Quoted)];
        if (names.Length > 0)
        {
            await connection.ExecuteAsync(new CommandDefinition(
                $"SET CONSTRAINTS {string.Join(", ", names)} DEFERRED", cancellationToken: cancellationToken));
        }
    }

    private static Task<IEnumerable<Referring>> FindAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken) =>
        connection.QueryAsync<Referring>(new CommandDefinition(
            Find, new { table = table.Quoted }, cancellationToken: cancellationToken));

    private static string? FaultOf(Referring key) => key switch
    {
        { Action: "a", IsDeferrable: true } => null,
        { Action: "a" } =>
            $"Rows of {key.OfTable} refer to it by \"{key.Name}\", which is looked at before the new rows are there: ALTER "
                + $"TABLE {key.OfTable} "
            + $"ALTER CONSTRAINT {Identifier.Quote(key.Name)} DEFERRABLE lets it wait for them.",
        _ =>
            $"Rows of {key.OfTable} refer to it by \"{key.Name}\", which is declared ON DELETE {WordOf(key.Action)}: they would be touched "
            + "whenever the rows are replaced. Declare it anew, ON DELETE NO ACTION and DEFERRABLE.",
    };

    private static string WordOf(string action) => action switch
    {
        "r" => "RESTRICT",
        "c" => "CASCADE",
        "n" => "SET NULL",
        _ => "SET DEFAULT",
    };

    private sealed record Referring(string Name, string Quoted, string OfTable, string Action, bool IsDeferrable);
}
