using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>A managed server whose disk is nearly full, or a failover that leaves the service with what is now a replica.</summary>
public sealed class ReadOnlyDatabaseTests
{
    private const int Half = 2_000;

    [Theory]
    [InlineData("job")]
    [InlineData("chunk")]
    public async Task A_database_that_turns_read_only_in_the_middle_of_a_load_is_waited_for(string commit)
    {
        await using Server server = await Server.StartAsync();
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(
            server.ConnectionString,
            [
                ("Spool:ChunkBytes", "4096"), ("Spool:ChunkAgeMax", "00:00:00.010"), ("Intake:LoadAfterBytes", "4096"),
                ("Jobs:PollInterval", "00:00:00.100"), ("Hosting:BreakerDuration", "00:00:00.500"),
                ("Hosting:RetryDelayBase", "00:00:00.010"), ("Hosting:RetryDelayMax", "00:00:00.100"),
            ]);
        Api api = new(service.Client);
        await api.DeclareAsync("filling", Readings.Definition($"'load': {{ 'commit': '{commit}' }}"));
        using HeldBody body = new();
        Task<ApiAnswer> answer = api.UploadAsync("filling", body);
        await body.SendAsync(Readings.Csv(Half));
        await BoundedWait.UntilAsync("the job to be registered", async () =>
            await ScalarAsync<long>(server, "SELECT count(*) FROM pipeline.jobs") == 1);
        Guid id = await ScalarAsync<Guid>(server, "SELECT id FROM pipeline.jobs");
        await api.WhenAsync(id, "half loaded", j => j.Records.Loaded == Half);

        await SetReadOnlyAsync(server, "on");
        await body.SendAsync(Readings.CsvRows(Half + 1, Half));
        body.Complete();
        await answer;
        if (commit == "chunk")
        {
            await api.WhenAsync(id, "waiting for the database", j => j.WaitingFor == "database");
        }

        await SetReadOnlyAsync(server, "off");

        JobView job = await api.WhenFinalAsync(id);
        Assert.Equal((JobState.Succeeded, 2L * Half), (job.State, job.Records.Loaded));
        Assert.Equal(2L * Half, await ScalarAsync<long>(server, "SELECT count(DISTINCT id) FROM public.filling"));
        Assert.Equal(2L * Half, await ScalarAsync<long>(server, "SELECT count(*) FROM public.filling"));
    }

    /// <summary>From their next transaction on, also for sessions that are open.</summary>
    private static async Task SetReadOnlyAsync(Server server, string value)
    {
        await using NpgsqlConnection connection = await server.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        foreach (string sql in new[] { $"ALTER SYSTEM SET default_transaction_read_only = {value}", "SELECT pg_reload_conf()" })
        {
            await using NpgsqlCommand command = new(sql, connection);
            await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }
    }

    private static async Task<T> ScalarAsync<T>(Server server, string sql)
    {
        await using NpgsqlCommand command = server.DataSource.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync(TestContext.Current.CancellationToken))!;
    }
}
