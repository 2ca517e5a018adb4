using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using PipelineService.Hosting.Migrations;
using PipelineService.Hosting.Startup;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Migrations;

public sealed class MigratorTests(PostgresServer server)
{
    private static readonly Migration First = new(1, "first", "CREATE TABLE pipeline.first (id integer)");
    private static readonly Migration Second = new(2, "second", "CREATE TABLE pipeline.second (id integer)");

    [Fact]
    public async Task Applies_each_step_once()
    {
        await using NpgsqlDataSource database = await CreateDatabaseAsync();

        Assert.Equal(1, await MigrateAsync(database, First));
        Assert.Equal(1, await MigrateAsync(database, First, Second));
        Assert.Equal(0, await MigrateAsync(database, First, Second));
    }

    [Fact]
    public async Task Lets_one_of_many_instances_do_the_work()
    {
        await using NpgsqlDataSource database = await CreateDatabaseAsync();

        int[] applied = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => MigrateAsync(database, First, Second)));

        Assert.Equal(2, applied.Sum());
        Assert.Contains(2, applied);
    }

    [Fact]
    public async Task Leaves_nothing_of_a_step_that_fails()
    {
        await using NpgsqlDataSource database = await CreateDatabaseAsync();
        var broken = new Migration(2, "broken", "CREATE TABLE pipeline.half (id integer); SELECT 1 / 0");

        await Assert.ThrowsAsync<PostgresException>(() => MigrateAsync(database, First, broken));

        Assert.Equal(1, await MigrateAsync(database, First, Second));
        await using NpgsqlCommand half = database.CreateCommand("SELECT to_regclass('pipeline.half') IS NULL");
        Assert.Equal(true, await half.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Refuses_a_database_whose_steps_were_altered()
    {
        await using NpgsqlDataSource database = await CreateDatabaseAsync();
        await MigrateAsync(database, First);

        StartupException refusal = await Assert.ThrowsAsync<StartupException>(
            () => MigrateAsync(database, First with { Sql = "CREATE TABLE pipeline.other (id integer)" }, Second));

        Assert.Contains("Schema step 1 (first)", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("altered", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_a_database_of_a_newer_version()
    {
        await using NpgsqlDataSource database = await CreateDatabaseAsync();
        await MigrateAsync(database, First, Second);

        StartupException refusal = await Assert.ThrowsAsync<StartupException>(() => MigrateAsync(database, First));

        Assert.Contains("newer PipelineService", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Checksums_do_not_depend_on_line_ends()
    {
        var unix = new Migration(1, "name", "SELECT 1;\nSELECT 2;\n");
        var windows = new Migration(1, "name", "SELECT 1;\r\nSELECT 2;\r\n");

        Assert.Equal(unix.Sha256, windows.Sha256);
    }

    private static async Task<int> MigrateAsync(NpgsqlDataSource database, params Migration[] migrations)
    {
        CancellationToken cancellationToken = TestContext.Current.CancellationToken;
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellationToken);
        return await new Migrator(migrations, TimeProvider.System, NullLogger<Migrator>.Instance)
            .MigrateAsync(connection, cancellationToken);
    }

    private async Task<NpgsqlDataSource> CreateDatabaseAsync() =>
        NpgsqlDataSource.Create(await server.CreateDatabaseAsync(migrated: false));
}
