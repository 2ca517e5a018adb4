using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Hosting.Postgres;

public sealed class DatabaseIdentityTests(PostgresServer server) : IAsyncLifetime
{
    private readonly TestDatabase _first = new(server), _second = new(server);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Is_made_at_the_first_use_and_kept()
    {
        Guid first = (await LearnAsync(_first)).Id;

        Assert.Equal(first, (await LearnAsync(_first)).Id);
        Assert.NotEqual(first, (await LearnAsync(_second)).Id);
    }

    /// <summary>A database of its own identity, and one that has not even our schema.</summary>
    [Fact]
    public async Task Is_compared_by_every_connection_and_another_is_an_outage()
    {
        DatabaseIdentity identity = await LearnAsync(_first);
        await LearnAsync(_second);
        await using EmptyTestDatabase empty = new(server);
        await empty.InitializeAsync();
        foreach (TestDatabase other in (TestDatabase[])[_second, empty])
        {
            await using NpgsqlDataSource pool = DatabaseAccess.Pool(
                other.ConnectionString, new HostingOptions(), identity);

            DatabaseExchangedException refused = await Assert.ThrowsAsync<DatabaseExchangedException>(
                async () => await pool.OpenConnectionAsync(Token));

            Assert.Equal(SqlFault.Outage, SqlFaults.Of(refused));
            Assert.Contains($"not {identity.Id}", refused.Message, StringComparison.Ordinal);
        }

        await using NpgsqlDataSource own = DatabaseAccess.Pool(_first.ConnectionString, new HostingOptions(), identity);
        await using NpgsqlConnection connection = await own.OpenConnectionAsync(Token);
    }

    /// <summary>
    /// Under the same address there is another database from one moment to the next, and then the first one again.
    /// </summary>
    [Fact]
    public async Task A_service_whose_database_is_exchanged_waits_for_the_first_and_leaves_the_other_alone()
    {
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(
            _first.ConnectionString,
            [
                ("Hosting:BreakerDuration", "00:00:00.5"), ("Hosting:RetryDelayBase", "00:00:00.02"),
                ("Jobs:LeaseTime", "00:00:01"),
            ]);
        Api api = new(service.Client);
        await api.DeclareAsync("exchanged", Readings.Definition());
        await api.LoadAsync("exchanged", Readings.Csv(1));

        await ExchangeAsync();
        JobView waiting = (await api.UploadAsync("exchanged", Readings.Csv(5))).Job;
        Assert.Equal((JobState.Queued, "database"), (waiting.State, waiting.WaitingFor));
        Assert.Equal(0, await CountJobsOfOtherAsync());

        await ExchangeAsync();
        Assert.Equal(JobState.Succeeded, (await api.WhenFinalAsync(waiting.Id)).State);
        Assert.Equal(6, await _first.ScalarAsync<long>("SELECT count(*) FROM public.exchanged"));
    }

    public async ValueTask InitializeAsync()
    {
        await _first.InitializeAsync();
        await _second.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
    }

    private static async Task<DatabaseIdentity> LearnAsync(TestDatabase database)
    {
        DatabaseIdentity identity = new();
        await using NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync(Token);
        await identity.LearnAsync(connection, Token);
        return identity;
    }

    /// <summary>The database that has the first one's name now is the second.</summary>
    private async Task<long> CountJobsOfOtherAsync()
    {
        await using var other = NpgsqlDataSource.Create(_first.ConnectionString + ";Pooling=false");
        await using NpgsqlCommand count = other.CreateCommand("SELECT count(*) FROM pipeline.jobs");
        return (long)(await count.ExecuteScalarAsync(Token))!;
    }

    private async Task ExchangeAsync()
    {
        string first = NameOf(_first), second = NameOf(_second);
        await using var maintenance = NpgsqlDataSource.Create(server.ConnectionString);
        foreach (string sql in (string[])
            [
                $"ALTER DATABASE {first} ALLOW_CONNECTIONS false", $"ALTER DATABASE {second} ALLOW_CONNECTIONS false",
                $"""
                SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname IN ('{first}', '{second}')
                """,
                $"ALTER DATABASE {first} RENAME TO {first}_exchanged", $"ALTER DATABASE {second} RENAME TO {first}",
                $"ALTER DATABASE {first}_exchanged RENAME TO {second}",
                $"ALTER DATABASE {first} ALLOW_CONNECTIONS true", $"ALTER DATABASE {second} ALLOW_CONNECTIONS true",
            ])
        {
            await using NpgsqlCommand command = maintenance.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(Token);
        }

        _first.DataSource.Clear();
    }

    private static string NameOf(TestDatabase database) =>
        new NpgsqlConnectionStringBuilder(database.ConnectionString).Database!;
}
