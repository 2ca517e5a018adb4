using Npgsql;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// A database with the service's schema, for one test class: <c>IClassFixture&lt;TestDatabase&gt;</c>. Tests of one class run one
/// after the other and tell their data apart by dataset names.
/// </summary>
public class TestDatabase(PostgresServer server) : IAsyncLifetime
{
    protected PostgresServer Server { get; } = server;

    public string ConnectionString { get; private set; } = "";

    /// <summary>For what tests look up and prepare themselves.</summary>
    public NpgsqlDataSource DataSource { get; private set; } = null!;

    /// <summary>For stages under test without a host.</summary>
    public Database Database { get; private set; } = null!;

    public virtual async ValueTask InitializeAsync()
    {
        ConnectionString = await CreateAsync();
        DataSource = NpgsqlDataSource.Create(ConnectionString);
        Database = DatabaseAccess.To(DataSource);
    }

    protected virtual Task<string> CreateAsync() => Server.CreateDatabaseAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        await Server.DropDatabaseAsync(new NpgsqlConnectionStringBuilder(ConnectionString).Database!);
        GC.SuppressFinalize(this);
    }

    public async Task<T?> ScalarAsync<T>(string sql)
    {
        await using NpgsqlCommand command = DataSource.CreateCommand(sql);
        return await command.ExecuteScalarAsync() is T value ? value : default;
    }

    /// <summary>Waits until a statement waits for a lock.</summary>
    /// <param name="text">Part of the statement.</param>
    public Task WhenBlockedAsync(string text) => BoundedWait.UntilAsync($"a statement with '{text}' to wait for a lock", () =>
        ScalarAsync<bool>($"""
            SELECT EXISTS (SELECT FROM pg_stat_activity
                           WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'
                             AND position('{text}' IN query) > 0)
            """));

    /// <summary>Without a limit of its own, since slow machines prepare large tables too; the test's is the limit.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using NpgsqlCommand command = DataSource.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}

/// <summary>A database without the service's schema.</summary>
public sealed class EmptyTestDatabase(PostgresServer server) : TestDatabase(server)
{
    protected override Task<string> CreateAsync() => Server.CreateDatabaseAsync(migrated: false);
}

/// <summary>A copy of a database as it stands, for a test that damages it.</summary>
/// <param name="server">The server of both.</param>
/// <param name="original">Its name; nobody may be connected to it.</param>
public sealed class CopyOfDatabase(PostgresServer server, string original) : TestDatabase(server)
{
    protected override Task<string> CreateAsync() => Server.CopyDatabaseAsync(original);
}
