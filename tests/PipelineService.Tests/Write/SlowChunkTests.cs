using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write;

/// <summary>The database takes its time, or somebody else has the table.</summary>
public sealed class SlowChunkTests(SlowChunkTests.ImpatientService service) : IClassFixture<SlowChunkTests.ImpatientService>
{
    private static int _datasets;

    [Theory]
    [InlineData("job")]
    [InlineData("chunk")]
    public async Task A_chunk_that_takes_too_long_is_sent_in_parts(string commit)
    {
        string table = await DeclareAsync(commit, "PERFORM pg_sleep(0.12); IF NEW.id = 6 THEN RAISE 'No.'; END IF;");

        JobView job = await service.LoadAsync(table, "id\n" + string.Concat(Enumerable.Range(1, 10).Select(i => $"{i}\n")));

        Assert.Equal(new RecordsView(10, 9, 1, 0), job.Records);
        Assert.Equal(["6:7 database * 6"], await service.DeadLettersAsync(job));
        Assert.Equal(9, await service.CountRowsAsync(table));
    }

    [Fact]
    public async Task A_record_that_alone_takes_too_long_fails_the_job_and_names_the_limit()
    {
        string table = await DeclareAsync("job", "IF NEW.id = 2 THEN PERFORM pg_sleep(30); END IF;");

        JobView job = await service.LoadAsync(table, "id\n1\n2\n3\n");

        Assert.Equal((JobState.Failed, "target_too_slow"), (job.State, job.Error?.Code));
        Assert.Contains("Record 2 alone", job.Error?.Detail, StringComparison.Ordinal);
        Assert.Contains("time limit of 00:00:01 (Write:ChunkTimeout)", job.Error?.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_that_takes_no_two_records_within_the_limit_fails_the_job()
    {
        string table = await DeclareAsync("job", "PERFORM pg_sleep(0.7);");

        JobView job = await service.LoadAsync(table, "id\n1\n2\n3\n");

        Assert.Equal((JobState.Failed, "target_too_slow"), (job.State, job.Error?.Code));
        Assert.Contains("Records 1 and 2 together", job.Error?.Detail, StringComparison.Ordinal);
        Assert.Equal(0, await service.CountRowsAsync(table));
    }

    [Fact]
    public async Task A_table_that_somebody_holds_is_waited_for()
    {
        string table = await DeclareAsync("job", "");
        await using NpgsqlConnection holder = await HoldAsync($"LOCK TABLE {table}");

        Task<JobView> loading = service.LoadAsync(table, "id\n1\n");
        await service.Database.WhenBlockedAsync($"LOCK TABLE ONLY \"public\".\"{table}\"");
        await BoundedWait.UntilAsync("the job to wait", async () => await service.Database.ScalarAsync<bool>(
            $"SELECT EXISTS (SELECT FROM pipeline.jobs WHERE dataset = '{table}' AND waiting_for IS NOT NULL)"));
        await holder.CloseAsync();

        Assert.Equal(JobState.Succeeded, (await loading).State);
    }

    [Fact]
    public async Task A_row_that_somebody_holds_costs_nobody_else_a_record()
    {
        string table = await DeclareAsync("job", "");
        await service.Database.ExecuteAsync($"""
            CREATE TABLE {table}_parent (id bigint PRIMARY KEY);
            INSERT INTO {table}_parent SELECT generate_series(1, 5);
            ALTER TABLE {table} ADD FOREIGN KEY (id) REFERENCES {table}_parent
            """);
        await using NpgsqlConnection holder = await HoldAsync($"DELETE FROM {table}_parent WHERE id = 3");

        Task<JobView> loading = service.LoadAsync(table, "id\n1\n2\n3\n4\n5\n");
        await service.Database.WhenBlockedAsync("COPY");
        await holder.CloseAsync();

        Assert.Equal(new RecordsView(5, 5, 0, 0), (await loading).Records);
    }

    /// <summary>A connection whose open transaction has run a statement; closing it lets go.</summary>
    private async Task<NpgsqlConnection> HoldAsync(string sql)
    {
        NpgsqlConnection connection = await service.Database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using NpgsqlBatch batch = new(connection) { BatchCommands = { new("BEGIN"), new(sql) } };
        await batch.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return connection;
    }

    private async Task<string> DeclareAsync(string commit, string trigger)
    {
        string dataset = $"slow_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(dataset, """{ "name": "id", "type": "integer" }""", commit);
        if (trigger.Length > 0)
        {
            await service.Database.ExecuteAsync($"""
                CREATE FUNCTION {dataset}_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {trigger} RETURN NEW; END $$;
                CREATE TRIGGER t BEFORE INSERT ON {dataset} FOR EACH ROW EXECUTE FUNCTION {dataset}_f()
                """);
        }

        return dataset;
    }

    /// <summary>Gives the database a second for a chunk.</summary>
    public sealed class ImpatientService(PostgresServer server) : LoadingService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
            [.. base.Settings, ("Write:ChunkTimeout", "00:00:01"), ("Write:LockTimeout", "00:00:01")];
    }
}
