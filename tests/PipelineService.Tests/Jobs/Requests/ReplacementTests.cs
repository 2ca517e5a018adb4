using System.Globalization;
using System.Net;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Requests;

/// <summary>An upload takes the place of a job: whoever reads sees the old rows or the new ones, never neither, never both.</summary>
public sealed class ReplacementTests(ReplacementTests.SmallChunks running) : IClassFixture<ReplacementTests.SmallChunks>
{
    private const int Old = 300;
    private const int New = 500;

    private readonly Api _api = running.Api;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("by_job", "job")]
    [InlineData("by_chunk", "chunk")]
    public async Task Takes_the_place_of_a_job_in_one_moment(string dataset, string commit)
    {
        JobView old = await LoadOldAsync(dataset, $"'load': {{ 'commit': '{commit}' }}", hasKey: true);
        await running.Database.ExecuteAsync(
            $"INSERT INTO public.{dataset} (id, name, _job_id, _record) VALUES (-1, 'by hand', gen_random_uuid(), 1)");
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, dataset, id: New - 10);

        // The same keys again: they are free as soon as the old rows are removed.
        ApiAnswer sent = await _api.ReplaceAsync(dataset, old.Id, Csv(New));
        Assert.Equal((HttpStatusCode.Accepted, old.Id), (sent.Status, sent.Job.Replaces));
        await running.Database.WhenBlockedAsync("COPY");
        Assert.Equal([(old.Id, (long)Old)], await RowsByJobAsync(dataset)); // most of the new rows are written by now

        using CancellationTokenSource over = new();
        Task<HashSet<(Guid, long)>> reading = ReadUntilAsync(dataset, over.Token);
        await gate.OpenAsync();
        JobView job = await _api.WhenFinalAsync(sent.Job.Id);
        await over.CancelAsync();

        Assert.Equal((JobState.Succeeded, (long)New), (job.State, job.Records.Loaded));
        Assert.Subset(new HashSet<(Guid, long)> { (old.Id, Old), (job.Id, New) }, await reading);
        Assert.Equal([(job.Id, (long)New)], await RowsByJobAsync(dataset));
        Assert.Equal(New + 1, await running.CountRowsAsync(dataset));
        JobView before = (await _api.GetAsync($"/v1/jobs/{old.Id}")).Job;
        Assert.Equal((JobState.Succeeded, job.Id, (long)Old), (before.State, before.ReplacedBy, before.Reverted?.Rows));
    }

    /// <summary>The first chunk goes back to its savepoint; the removal of the old rows lies before that.</summary>
    [Fact]
    public async Task Removes_the_old_rows_also_where_the_table_refuses_some_of_the_first_new_ones()
    {
        JobView old = await LoadOldAsync("refused_some", hasKey: true);

        JobView job = await ReplaceAsync("refused_some", old.Id, Readings.Header + "5,first of them,1\n" + Readings.CsvRows(1, New));

        Assert.Equal((JobState.PartiallySucceeded, (long)New, 1L), (job.State, job.Records.Loaded, job.Records.Rejected));
        Assert.Equal([(job.Id, (long)New)], await RowsByJobAsync("refused_some"));
    }

    [Fact]
    public async Task Leaves_the_job_as_it_was_when_it_fails_and_can_be_tried_again()
    {
        JobView old = await LoadOldAsync("failing", "'load': { 'commit': 'chunk' }, 'rejects': { 'maxCount': 0 }");

        JobView failed = await ReplaceAsync("failing", old.Id, Csv(New) + "none,a,1\n");

        Assert.Equal((JobState.Failed, "reject_limit_reached"), (failed.State, failed.Error?.Code));
        await AssertAsItWasAsync("failing", old);
        JobView again = await ReplaceAsync("failing", old.Id, Csv(New));
        Assert.Equal(JobState.Succeeded, again.State);
        Assert.Equal([(again.Id, (long)New)], await RowsByJobAsync("failing"));
    }

    [Fact]
    public async Task Leaves_the_job_as_it_was_when_it_is_cancelled()
    {
        JobView old = await LoadOldAsync("stopped");
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "stopped", id: New - 10);
        Guid replacement = (await _api.ReplaceAsync("stopped", old.Id, Csv(New))).Job.Id;
        await running.Database.WhenBlockedAsync("COPY");

        Assert.Equal(JobState.Cancelled, (await _api.CancelAsync(replacement)).Job.State);

        await AssertAsItWasAsync("stopped", old);
        Assert.Equal(HttpStatusCode.OK, (await _api.RevertAsync(old.Id)).Status);
        Assert.Null((await _api.GetAsync($"/v1/jobs/{old.Id}")).Job.ReplacedBy); // it was reverted, and by nobody replaced
    }

    [Fact]
    public async Task Keeps_others_from_the_job_while_it_is_under_way()
    {
        JobView old = await LoadOldAsync("contended");
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "contended", id: 1);
        Guid first = (await _api.ReplaceAsync("contended", old.Id, Csv(1))).Job.Id;
        await running.Database.WhenBlockedAsync("COPY");

        foreach (ApiAnswer other in (ApiAnswer[])
        [
            await _api.ReplaceAsync("contended", old.Id, Csv(2)), await _api.RevertAsync(old.Id),
            await _api.DeleteAsync($"/v1/jobs/{old.Id}"),
        ])
        {
            Assert.Equal((HttpStatusCode.Conflict, "job_being_replaced"), (other.Status, other.Problem.Code));
        }

        await gate.OpenAsync();
        await _api.WhenFinalAsync(first);
        ApiAnswer late = await _api.ReplaceAsync("contended", old.Id, Csv(2));
        Assert.Equal((HttpStatusCode.Conflict, "job_reverted"), (late.Status, late.Problem.Code));
        Assert.Equal([(first, 1L)], await RowsByJobAsync("contended"));
    }

    /// <summary>Both were looked at when nobody was replacing the job; the one that is registered first has it.</summary>
    [Fact]
    public async Task Refuses_the_second_of_two_that_arrive_at_the_same_time_and_leaves_nothing_of_it()
    {
        JobView old = await LoadOldAsync("raced");
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "raced", id: 1);
        HeldBody slow = new();
        Task<ApiAnswer> second = _api.PostAsync($"/v1/datasets/raced/uploads?replaces={old.Id}", slow);
        await slow.SendAsync(Csv(2));
        await BoundedWait.UntilAsync("the upload to arrive", () => Directory.EnumerateFiles(running.Service.SpoolDirectory, "*.data").Any());
        Guid first = (await _api.ReplaceAsync("raced", old.Id, Csv(1))).Job.Id;

        slow.Complete();
        ApiAnswer refused = await second.Within("the second to be answered");

        Assert.Equal((HttpStatusCode.Conflict, "job_being_replaced"), (refused.Status, refused.Problem.Code));
        await gate.OpenAsync();
        Assert.Equal(JobState.Succeeded, (await _api.WhenFinalAsync(first)).State);
        Assert.Equal(2, await running.CountJobsAsync("raced"));
        Assert.Equal([(first, 1L)], await RowsByJobAsync("raced"));
    }

    [Fact]
    public async Task Is_refused_with_what_is_wrong_about_the_job()
    {
        JobView old = await LoadOldAsync("refusing");
        await _api.DeclareAsync("neighbour", Readings.Definition());
        await _api.DeclareAsync("blended", Readings.Definition("'load': { 'lineage': false }"));
        JobView blended = await _api.LoadAsync("blended", Csv(1));
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "neighbour", id: 1);
        Guid running1 = (await _api.UploadAsync("neighbour", Csv(1))).Job.Id;

        await AssertRefusedAsync("refusing", Guid.CreateVersion7(), HttpStatusCode.NotFound, "job_not_found");
        await AssertRefusedAsync("neighbour", old.Id, HttpStatusCode.Conflict, "job_of_another_dataset");
        await AssertRefusedAsync("neighbour", running1, HttpStatusCode.Conflict, "job_not_final");
        await AssertRefusedAsync("blended", blended.Id, HttpStatusCode.Conflict, "no_lineage");
        Assert.Equal(HttpStatusCode.OK, (await _api.RevertAsync(old.Id)).Status);
        await AssertRefusedAsync("refusing", old.Id, HttpStatusCode.Conflict, "job_reverted");
        using StringContent body = new(Csv(1), System.Text.Encoding.UTF8, "text/csv");
        ApiAnswer malformed = await _api.PostAsync("/v1/datasets/refusing/uploads?replaces=1", body);
        Assert.Equal((HttpStatusCode.BadRequest, "malformed_query"), (malformed.Status, malformed.Problem.Code));
        await gate.OpenAsync();
        await _api.WhenFinalAsync(running1);
    }

    [Fact]
    public async Task Is_one_upload_under_its_key_and_no_other_s()
    {
        JobView old = await LoadOldAsync("keyed");
        JobView other = await _api.LoadAsync("keyed", Csv(1));
        (string, string)[] headers = [("Idempotency-Key", "mend"), ("Prefer", "wait=30")];
        JobView first = (await _api.ReplaceAsync("keyed", old.Id, Csv(New), headers)).Job;

        ApiAnswer again = await _api.ReplaceAsync("keyed", old.Id, Csv(New), headers);
        ApiAnswer another = await _api.ReplaceAsync("keyed", other.Id, Csv(New), headers);

        Assert.Equal((HttpStatusCode.OK, first.Id, "true"), (again.Status, again.Job.Id, again["Idempotency-Replayed"]));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "idempotency_key_reused"), (another.Status, another.Problem.Code));
        Assert.Equal(New + 1, await running.CountRowsAsync("keyed"));
    }

    [Fact]
    public async Task Of_no_record_leaves_no_row()
    {
        JobView old = await LoadOldAsync("emptied");

        JobView job = await ReplaceAsync("emptied", old.Id, Readings.Header);

        Assert.Equal((JobState.Succeeded, 0L), (job.State, job.Records.Read));
        Assert.Equal(0, await running.CountRowsAsync("emptied"));
        Assert.Equal(Old, (await _api.GetAsync($"/v1/jobs/{old.Id}")).Job.Reverted?.Rows);
    }

    [Fact]
    public async Task Fails_where_other_rows_refer_to_those_that_would_go()
    {
        JobView old = await LoadOldAsync("referred", hasKey: true);
        await running.Database.ExecuteAsync("""
            CREATE TABLE public.referring (id bigint REFERENCES public.referred (id));
            INSERT INTO public.referring VALUES (5)
            """);

        JobView job = await ReplaceAsync("referred", old.Id, Csv(New));

        Assert.Equal((JobState.Failed, "revert_refused"), (job.State, job.Error?.Code));
        await AssertAsItWasAsync("referred", old);
    }

    /// <summary>The old rows go from where they are, and the new ones come where the dataset says now.</summary>
    [Fact]
    public async Task Follows_the_dataset_into_another_table()
    {
        JobView old = await LoadOldAsync("moving");
        await _api.DeclareAsync("moving", Readings.Definition("'load': { 'table': 'public.moved' }"));

        JobView job = await ReplaceAsync("moving", old.Id, Csv(New));

        Assert.Equal((JobState.Succeeded, 2), (job.State, job.DatasetVersion));
        Assert.Equal((0L, (long)New), (await running.CountRowsAsync("moving"), await running.CountRowsAsync("moved")));
    }

    private static string Csv(int count) => Readings.Csv(count);

    private async Task<JobView> LoadOldAsync(string dataset, string? parts = null, bool hasKey = false)
    {
        string definition = Readings.Definition(parts);
        await _api.DeclareAsync(
            dataset, hasKey ? definition.Replace("} ] }", "} ], 'primaryKey': ['id'] }", StringComparison.Ordinal) : definition);
        JobView old = await _api.LoadAsync(dataset, Csv(Old));
        Assert.Equal((JobState.Succeeded, (long)Old), (old.State, old.Records.Loaded));
        return old;
    }

    private async Task<JobView> ReplaceAsync(string dataset, Guid replaced, string body) =>
        (await _api.ReplaceAsync(dataset, replaced, body, ("Prefer", "wait=30"))).Job;

    private async Task AssertAsItWasAsync(string dataset, JobView old)
    {
        Assert.Equal([(old.Id, (long)Old)], await RowsByJobAsync(dataset));
        JobView now = (await _api.GetAsync($"/v1/jobs/{old.Id}")).Job;
        Assert.Equal((old.State, null, null), (now.State, now.Reverted, now.ReplacedBy));
    }

    private async Task AssertRefusedAsync(string dataset, Guid replaced, HttpStatusCode status, string code)
    {
        ApiAnswer refused = await _api.ReplaceAsync(dataset, replaced, Csv(1));
        Assert.Equal((status, code), (refused.Status, refused.Problem.Code));
    }

    /// <summary>How many rows each job has in a table, those loaded by hand left out.</summary>
    private async Task<List<(Guid Job, long Rows)>> RowsByJobAsync(string table)
    {
        List<(Guid, long)> rows = [];
        string sql = string.Create(CultureInfo.InvariantCulture, $"SELECT _job_id, count(*) FROM public.{table} WHERE id > 0 GROUP BY _job_id");
        await using NpgsqlCommand command = running.Database.DataSource.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(Token);
        while (await reader.ReadAsync(Token))
        {
            rows.Add((reader.GetGuid(0), reader.GetInt64(1)));
        }

        return rows;
    }

    /// <summary>What readers see, one look after the other, until it is over and once more.</summary>
    private async Task<HashSet<(Guid Job, long Rows)>> ReadUntilAsync(string table, CancellationToken over)
    {
        HashSet<(Guid, long)> seen = [];
        bool isOver;
        do
        {
            isOver = over.IsCancellationRequested;
            List<(Guid Job, long Rows)> rows = await RowsByJobAsync(table);
            seen.Add(Assert.Single(rows)); // never neither, never both
        }
        while (!isOver);
        return seen;
    }

    public sealed class SmallChunks(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
        [
            ("Spool:SharedBytesMax", "0"), ("Spool:ChunkBytes", "4096"), ("Jobs:PollInterval", "00:00:00.050"),
            ("Intake:LoadAfterBytes", "4096"),
        ];
    }
}
