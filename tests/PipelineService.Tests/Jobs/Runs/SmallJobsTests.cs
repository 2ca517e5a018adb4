using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Runs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>Small uploads of one dataset that come together share a transaction, and keep each its own fate.</summary>
public sealed class SmallJobsTests(RunningService running) : IClassFixture<RunningService>
{
    private const int Uploads = 12;

    [Fact]
    public async Task Uploads_that_wait_for_the_same_table_are_loaded_in_few_transactions()
    {
        await running.Api.DeclareAsync("together", Definition());
        Guid[] jobs = await SendWhileHeldAsync("together", job => Rows(job * 100, 3));

        foreach (Guid job in jobs)
        {
            JobView end = await running.Api.WhenFinalAsync(job);
            Assert.Equal((JobState.Succeeded, new RecordsView(3, 3, 0, 0)), (end.State, end.Records));
        }

        Assert.Equal(Uploads * 3, await running.CountRowsAsync("together"));
        Assert.InRange(await TransactionsAsync("together"), 1, Uploads - 1);
        Assert.Equal(Uploads, await running.Database.ScalarAsync<long>("""
            SELECT count(*) FROM pipeline.job_chunks c JOIN pipeline.jobs j ON j.id = c.job_id
            WHERE j.dataset = 'together' AND c.first_record = 1 AND c.read = 3 AND c.loaded = 3 AND c.end_offset = j.upload_bytes
            """));
        Assert.Equal(Uploads * 3, await running.Database.ScalarAsync<long>("""
            SELECT count(DISTINCT (_job_id, _record)) FROM public.together WHERE _record BETWEEN 1 AND 3
            """));
    }

    [Fact]
    public async Task A_bad_record_costs_its_own_job_that_record_and_its_neighbours_nothing()
    {
        await running.Api.DeclareAsync("neighbours", Definition());
        Guid[] jobs = await SendWhileHeldAsync(
            "neighbours", job => Rows(job * 100, 2) + (job == 5 ? "none,no number,1\n" : ""));

        await ExpectAsync(jobs, guilty: 5, new RecordsView(3, 2, 1, 0));
        Assert.Equal(Uploads * 2, await running.CountRowsAsync("neighbours"));
    }

    [Fact]
    public async Task A_row_that_the_table_refuses_costs_its_own_job_that_row_and_its_neighbours_nothing()
    {
        await running.Api.DeclareAsync("refusing", Definition("'primaryKey': ['id'],"));
        await running.Api.LoadAsync("refusing", Readings.Header + Rows(507, 1));
        Guid[] jobs = await SendWhileHeldAsync("refusing", job => Rows(job * 100, 2) + (job == 5 ? Rows(507, 1) : ""));

        await ExpectAsync(jobs, guilty: 5, new RecordsView(3, 2, 1, 0));
        Assert.Equal((Uploads * 2) + 1, await running.CountRowsAsync("refusing"));
    }

    [Fact]
    public async Task A_job_that_is_cancelled_while_it_waits_takes_no_neighbour_along()
    {
        await running.Api.DeclareAsync("cancelled", Definition());
        var jobs = new Guid[Uploads];
        await using (TableLock held = await TableLock.TakeAsync(running.Database, "cancelled"))
        {
            for (int i = 0; i < jobs.Length; i++)
            {
                jobs[i] = (await running.Api.UploadAsync("cancelled", Readings.Header + Rows(i * 100, 2))).Job.Id;
            }

            await running.Database.WhenBlockedAsync("cancelled"); // the first is at the table, the others wait for it
            await running.Service.Services.GetRequiredService<LiveJobs>().Find(jobs[5])!.CancelAsync();
            await held.ReleaseAsync();
        }

        for (int i = 0; i < jobs.Length; i++)
        {
            Assert.Equal(
                i == 5 ? JobState.Cancelled : JobState.Succeeded, (await running.Api.WhenFinalAsync(jobs[i])).State);
        }

        Assert.Equal((Uploads - 1) * 2, await running.CountRowsAsync("cancelled"));
        Assert.InRange(await TransactionsAsync("cancelled"), 1, Uploads - 2);
    }

    [Fact]
    public async Task Uploads_with_other_columns_than_their_neighbours_are_loaded_all_the_same()
    {
        await running.Api.DeclareAsync("columns", Definition("'fieldsMatch': ['subset'],"));
        Guid[] jobs = [];
        await using (TableLock held = await TableLock.TakeAsync(running.Database, "columns"))
        {
            foreach (string body in (string[])["id,name,amount\n1,a,1\n", "amount,id,name,more\n2,2,b,x\n", "name,amount,id\nc,3,3\n"])
            {
                jobs = [.. jobs, (await running.Api.UploadAsync("columns", body)).Job.Id];
            }

            await held.ReleaseAsync();
        }

        foreach (Guid job in jobs)
        {
            Assert.Equal(JobState.Succeeded, (await running.Api.WhenFinalAsync(job)).State);
        }

        Assert.Equal("1 a 1,2 b 2,3 c 3", await running.Database.ScalarAsync<string>(
            "SELECT string_agg(concat_ws(' ', id, name, amount), ',' ORDER BY id) FROM public.columns"));
    }

    /// <summary>An array is whole when its bracket is closed, and the upload that it is not in costs none of the others.</summary>
    [Fact]
    public async Task Arrays_are_loaded_together_as_lines_are()
    {
        await running.Api.DeclareAsync("arrays", Definition());
        var jobs = new Guid[Uploads];
        await using (TableLock held = await TableLock.TakeAsync(running.Database, "arrays"))
        {
            for (int i = 0; i < jobs.Length; i++)
            {
                string body = string.Create(
                    CultureInfo.InvariantCulture, $"[{{\"id\":{2 * i},\n\"name\":\"a\",\"amount\":1}},{{\"id\":{(2 * i) + 1}}}{(i == 5 ? "" : "]\n")}");
                jobs[i] = (await running.Api.UploadAsync("arrays", body, "application/json")).Job.Id;
            }

            await held.ReleaseAsync();
        }

        for (int i = 0; i < jobs.Length; i++)
        {
            JobView end = await running.Api.WhenFinalAsync(jobs[i]);
            Assert.Equal(i == 5 ? "malformed_document" : null, end.Error?.Code);
            Assert.Equal(i == 5 ? 0 : 2, end.Records.Loaded);
        }

        Assert.Equal((Uploads - 1) * 2, await running.CountRowsAsync("arrays"));
        Assert.InRange(await TransactionsAsync("arrays"), 1, Uploads - 2);
    }

    private async Task ExpectAsync(Guid[] jobs, int guilty, RecordsView counts)
    {
        for (int i = 0; i < jobs.Length; i++)
        {
            JobView end = await running.Api.WhenFinalAsync(jobs[i]);
            Assert.Equal(
                i == guilty ? (JobState.PartiallySucceeded, counts) : (JobState.Succeeded, new RecordsView(2, 2, 0, 0)),
                (end.State, end.Records));
        }

        Assert.Equal(1, await running.Database.ScalarAsync<long>(
            $"SELECT count(*) FROM pipeline.dead_letters WHERE job_id = '{jobs[guilty]}' AND record = 3"));
    }

    private async Task<Guid[]> SendWhileHeldAsync(string dataset, Func<int, string> rows)
    {
        var jobs = new Guid[Uploads];
        await using TableLock held = await TableLock.TakeAsync(running.Database, dataset);
        for (int i = 0; i < jobs.Length; i++)
        {
            jobs[i] = (await running.Api.UploadAsync(dataset, Readings.Header + rows(i))).Job.Id;
        }

        await held.ReleaseAsync();
        return jobs;
    }

    private Task<long> TransactionsAsync(string table) =>
        running.Database.ScalarAsync<long>($"SELECT count(DISTINCT xmin::text) FROM public.{table}");

    private static string Definition(string schema = "") =>
        "{ 'schema': { " + schema + """
         'fields': [
            { 'name': 'id', 'type': 'integer', 'constraints': { 'required': true } },
            { 'name': 'name', 'type': 'string' },
            { 'name': 'amount', 'type': 'number' } ] } }
        """;

    private static string Rows(int first, int count) => string.Concat(
        Enumerable.Range(first, count).Select(id => string.Create(CultureInfo.InvariantCulture, $"{id},name {id},{id}.5\n")));
}
