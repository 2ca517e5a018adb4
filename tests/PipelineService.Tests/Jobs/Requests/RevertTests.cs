using System.Net;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Requests;

/// <summary>A revert removes exactly the rows of its job, once, or says why it cannot.</summary>
public sealed class RevertTests(RevertTests.SmallChunks running) : IClassFixture<RevertTests.SmallChunks>
{
    private const string ByChunk = "'load': { 'commit': 'chunk' }";

    private readonly Api _api = running.Api;

    [Theory]
    [InlineData("went_well", "", JobState.Succeeded)]
    [InlineData("went_partly", "bad,a,1\n", JobState.PartiallySucceeded)]
    [InlineData("failed_late", "bad,a,1\nbad,a,1\n", JobState.Failed)]
    public async Task Removes_the_rows_of_a_finished_job_and_no_other(string dataset, string bad, JobState state)
    {
        await _api.DeclareAsync(dataset, Readings.Definition($"{ByChunk}, 'rejects': {{ 'maxCount': 1 }}"));
        JobView before = await _api.LoadAsync(dataset, Readings.Csv(5));
        await running.Database.ExecuteAsync($"INSERT INTO public.{dataset} (id, name, _job_id, _record) VALUES (1, 'by hand', gen_random_uuid(), 1)");
        JobView job = await _api.LoadAsync(dataset, Readings.Csv(2_000) + bad);
        Assert.Equal(state, job.State);

        await AssertRevertedAsync(job, dataset);

        Assert.Equal(6, await running.CountRowsAsync(dataset));
        Assert.Equal(5, await CountAsync(dataset, before.Id));
    }

    [Fact]
    public async Task Removes_what_a_cancelled_job_has_kept()
    {
        await _api.DeclareAsync("stopped", Readings.Definition(ByChunk));
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "stopped", id: 1_000);
        Guid id = (await _api.UploadAsync("stopped", Readings.Csv(2_000))).Job.Id;
        await _api.WhenAsync(id, "partly loaded", j => j.Records.Loaded > 0);
        ApiAnswer early = await _api.RevertAsync(id);
        Assert.Equal((HttpStatusCode.Conflict, "job_not_final"), (early.Status, early.Problem.Code));
        JobView job = (await _api.CancelAsync(id)).Job;
        Assert.True(job.Records.Loaded > 0);

        await AssertRevertedAsync(job, "stopped");
    }

    [Fact]
    public async Task Lets_the_same_records_be_loaded_again()
    {
        await _api.DeclareAsync(
            "again", Readings.Definition().Replace("] }", "], 'primaryKey': ['id'] }", StringComparison.Ordinal));
        JobView first = await _api.LoadAsync("again", Readings.Csv(100));
        JobView second = await _api.LoadAsync("again", Readings.Csv(100));
        Assert.Equal((100, 0, 100), (first.Records.Loaded, second.Records.Loaded, second.Records.Rejected));

        Assert.Equal(0, (await _api.RevertAsync(second.Id)).Read<RevertView>().RowsRemoved);
        Assert.Equal(100, (await _api.RevertAsync(first.Id)).Read<RevertView>().RowsRemoved);

        JobView third = await _api.LoadAsync("again", Readings.Csv(100));
        Assert.Equal((JobState.Succeeded, 100), (third.State, third.Records.Loaded));
    }

    [Fact]
    public async Task Removes_each_row_once_when_two_ask_at_the_same_time()
    {
        await _api.DeclareAsync("contended", Readings.Definition());
        JobView job = await _api.LoadAsync("contended", Readings.Csv(100));
        await using NpgsqlConnection holder = await LockAsync("SELECT FROM public.contended WHERE id = 50 FOR UPDATE");
        Task<ApiAnswer> first = _api.RevertAsync(job.Id);
        await running.Database.WhenBlockedAsync("DELETE FROM");
        Task<ApiAnswer> second = _api.RevertAsync(job.Id);
        await running.Database.WhenBlockedAsync("SELECT reverted_at");

        await holder.CloseAsync();

        Assert.Equal(100, (await first).Read<RevertView>().RowsRemoved);
        Assert.Equal(0, (await second).Read<RevertView>().RowsRemoved);
        Assert.Equal(100, (await second).Read<RevertView>().Job.Reverted!.Rows);
        Assert.Equal(0, await running.CountRowsAsync("contended"));
    }

    [Theory]
    [InlineData("SELECT FROM public.{0} WHERE id = 2 FOR UPDATE")]
    [InlineData("LOCK TABLE public.{0} IN SHARE MODE")]
    public async Task Gives_up_after_a_while_when_somebody_holds_the_rows_and_removes_nothing(string hold)
    {
        await using ServiceUnderTest impatient = await ServiceUnderTest.StartAsync(
            running.Database.ConnectionString, [("Write:LockTimeout", "00:00:01")]);
        string dataset = $"held_{hold.Length}";
        await _api.DeclareAsync(dataset, Readings.Definition());
        JobView job = await _api.LoadAsync(dataset, Readings.Csv(3));
        await using NpgsqlConnection holder = await LockAsync(hold.Replace("{0}", dataset, StringComparison.Ordinal));

        ApiAnswer revert = await new Api(impatient.Client).RevertAsync(job.Id);

        Assert.Equal((HttpStatusCode.Conflict, "table_busy"), (revert.Status, revert.Problem.Code));
        Assert.NotNull(revert["Retry-After"]);
        Assert.Equal(3, await running.CountRowsAsync(dataset));
        await holder.CloseAsync();
        await AssertRevertedAsync(job, dataset);
    }

    [Fact]
    public async Task Refuses_where_no_lineage_tells_the_rows_apart()
    {
        await _api.DeclareAsync("blended", Readings.Definition("'load': { 'lineage': false }"));
        JobView job = await _api.LoadAsync("blended", Readings.Csv(3));

        ApiAnswer revert = await _api.RevertAsync(job.Id);

        Assert.Equal((HttpStatusCode.Conflict, "no_lineage"), (revert.Status, revert.Problem.Code));
        Assert.Equal(3, await running.CountRowsAsync("blended"));
    }

    [Theory]
    [InlineData("dropped", "DROP TABLE public.dropped", "does not exist")]
    [InlineData("bared", "ALTER TABLE public.bared DROP COLUMN _job_id", "_job_id")]
    [InlineData("referred",
        "ALTER TABLE public.referred ADD UNIQUE (id); CREATE TABLE public.refers AS SELECT 2::bigint AS id; "
        + "ALTER TABLE public.refers ADD FOREIGN KEY (id) REFERENCES public.referred (id)", "refers")]
    public async Task Says_why_the_database_refuses_and_removes_nothing(string dataset, string change, string reason)
    {
        await _api.DeclareAsync(dataset, Readings.Definition());
        JobView job = await _api.LoadAsync(dataset, Readings.Csv(3));
        await running.Database.ExecuteAsync(change);

        ApiAnswer revert = await _api.RevertAsync(job.Id);

        Assert.Equal((HttpStatusCode.Conflict, "revert_refused"), (revert.Status, revert.Problem.Code));
        Assert.Contains(reason, revert.Problem.Detail!, StringComparison.Ordinal);
        Assert.Null((await _api.GetAsync(job.Links.Self)).Job.Reverted);
        if (dataset != "dropped")
        {
            Assert.Equal(3, await running.CountRowsAsync(dataset));
        }
    }

    private async Task AssertRevertedAsync(JobView job, string dataset)
    {
        await EndedJob.AssertExactAndClearedAsync(running.Database, running.Service, job, dataset);
        ApiAnswer first = await _api.RevertAsync(job.Id);
        ApiAnswer second = await _api.RevertAsync(job.Id);

        Assert.Equal((HttpStatusCode.OK, job.Records.Loaded), (first.Status, first.Read<RevertView>().RowsRemoved));
        Assert.Equal((HttpStatusCode.OK, 0), (second.Status, second.Read<RevertView>().RowsRemoved));
        JobView after = second.Read<RevertView>().Job;
        Assert.Equal((job.State, job.Records, job.Records.Loaded), (after.State, after.Records, after.Reverted!.Rows));
        Assert.Equal(0, await CountAsync(dataset, job.Id));
    }

    private Task<long> CountAsync(string table, Guid job) =>
        running.Database.ScalarAsync<long>($"SELECT count(*) FROM public.{table} WHERE _job_id = '{job}'");

    /// <summary>A transaction that holds a lock until its connection is closed.</summary>
    private async Task<NpgsqlConnection> LockAsync(string sql)
    {
        NpgsqlConnection holder = await running.Database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await holder.BeginTransactionAsync(TestContext.Current.CancellationToken);
        await using NpgsqlCommand command = new(sql, holder);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return holder;
    }

    /// <summary>One session, so that chunks are written in the order of the data.</summary>
    public sealed class SmallChunks(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
            [("Spool:ChunkBytes", "4096"), ("Write:SessionsPerJobMax", "1")];
    }
}
