using System.Globalization;
using Npgsql;

namespace PipelineService.Benchmarks.Harness;

/// <summary>One database of the run's server: of a build of the service, or of the yardstick.</summary>
internal sealed class BenchmarkDatabase(string connectionString) : IAsyncDisposable
{
    private readonly NpgsqlConnectionStringBuilder _address = new(connectionString);

    public string Name => _address.Database!;

    public string ConnectionString => connectionString;

    /// <summary>For the harness; the service and psql have connections of their own.</summary>
    public NpgsqlDataSource DataSource { get; } = NpgsqlDataSource.Create(
        new NpgsqlConnectionStringBuilder(connectionString) { CommandTimeout = 0, MaxPoolSize = 4 }.ToString());

    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> QueryAsync<T>(string sql)
    {
        await using NpgsqlCommand command = DataSource.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public Task<long> CountAsync(string table) => QueryAsync<long>($"SELECT count(*) FROM {table}");

    /// <summary>Removes all rows, if the table is there already.</summary>
    public Task EmptyAsync(string table) =>
        ExecuteAsync($"DO $$ BEGIN IF to_regclass('{table}') IS NOT NULL THEN TRUNCATE {table}; END IF; END $$");

    /// <summary>What is in a table, in any order: two that hold the same rows, each as often, give the same.</summary>
    public async Task<TableContent> ContentAsync(string table, IEnumerable<string> columns)
    {
        await using NpgsqlCommand command = DataSource.CreateCommand($"""
            SELECT count(*), coalesce(sum(hashtextextended(ROW({string.Join(", ", columns)})::text, 0)::numeric), 0)
            FROM {table}
            """);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new TableContent(reader.GetInt64(0), reader.GetDecimal(1));
    }

    /// <summary>These columns of a table with their types, as they stand in a CREATE TABLE.</summary>
    public Task<string> DescribeAsync(string table, IEnumerable<string> columns) => QueryAsync<string>($"""
        SELECT string_agg(
            quote_ident(attname) || ' ' || format_type(atttypid, atttypmod)
                || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END,
            ', ' ORDER BY attnum)
        FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attname IN ('{string.Join("', '", columns)}')
        """);

    /// <summary>Runs psql, pgbench or another of PostgreSQL's programs on this database.</summary>
    /// <param name="options">Settings of its sessions, as in <c>PGOPTIONS</c>.</param>
    /// <returns>What it wrote to standard output.</returns>
    public Task<string> RunToolAsync(string program, IEnumerable<string> arguments, string options = "")
    {
        var environment = new Dictionary<string, string?>
        {
            ["PGHOST"] = _address.Host,
            ["PGPORT"] = _address.Port.ToString(CultureInfo.InvariantCulture),
            ["PGUSER"] = _address.Username,
            ["PGDATABASE"] = _address.Database,
            ["PGPASSWORD"] = _address.Password,
            ["PGTZ"] = "UTC",
            ["PGOPTIONS"] = options,
        };
        return Tool.RunAsync(program, arguments, environment);
    }

    /// <summary>Runs one command of psql: SQL, or one of its own such as <c>\copy</c>.</summary>
    public Task PsqlAsync(string command) =>
        RunToolAsync("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", command]);

    public ValueTask DisposeAsync() => DataSource.DisposeAsync();
}

/// <param name="Rows">How many there are.</param>
/// <param name="HashSum">The sum over all rows of a hash of their text: doubled rows do not cancel each other
/// out.</param>
internal readonly record struct TableContent(long Rows, decimal HashSum);
