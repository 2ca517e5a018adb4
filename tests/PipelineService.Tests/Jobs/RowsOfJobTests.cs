using PipelineService.Core.Datasets;
using PipelineService.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs;

/// <summary>The rows of a small job are found in a large table without reading it, and found in any case.</summary>
public sealed class RowsOfJobTests(RunningService running) : IClassFixture<RunningService>
{
    private const int Many = 20_000;
    private const int Few = 10;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Are_looked_for_where_they_landed()
    {
        JobView job = await LoadBetweenOthersAsync("looked_for");
        long[] place = (await running.Database.ScalarAsync<long[]>(
            $"SELECT ARRAY [rows_file, rows_from, rows_until] FROM pipeline.jobs WHERE id = '{job.Id}'"))!;
        Assert.Equal(place[0], await running.Database.ScalarAsync<long>("SELECT pg_relation_filenode('public.looked_for')::bigint"));
        (long from, long to) = RowsOfJob.Pieces(place[1], place[2]).First();

        QueryPlan plan = await QueryPlan.OfAsync(
            running.Database.DataSource, RowsOfJob.DeleteBetween(new TableName("public", "looked_for"), from, to), new { job = job.Id }, Token);

        Assert.False(plan.Scans("looked_for"));
        Assert.InRange(plan.RowsOf("looked_for"), Few, 2_000);
        await AssertRevertedAsync(job, "looked_for");
    }

    /// <summary>A table that was rewritten, rows that were changed and so lie elsewhere, room that was free far from the end.</summary>
    [Theory]
    [InlineData("rewritten", "VACUUM FULL public.rewritten")]
    [InlineData("changed", "UPDATE public.changed SET id = -id")]
    [InlineData("unknown", "UPDATE pipeline.jobs SET rows_file = NULL, rows_from = NULL, rows_until = NULL")]
    [InlineData("far_off", "UPDATE pipeline.jobs SET rows_from = 0, rows_until = 0 WHERE dataset = 'far_off'")]
    public async Task Are_all_found_wherever_they_are(string dataset, string change)
    {
        JobView job = await LoadBetweenOthersAsync(dataset);
        await running.Database.ExecuteAsync(change);

        await AssertRevertedAsync(job, dataset);
    }

    [Fact]
    public void Are_looked_for_from_the_end_backwards_in_pieces_that_grow()
    {
        Assert.Equal([(999, 1010), (743, 999), (0, 743)], RowsOfJob.Pieces(1000, 1010));
        Assert.Equal([(0, 5)], RowsOfJob.Pieces(0, 5));
        (long From, long To)[] pieces = [.. RowsOfJob.Pieces(1_000_000, 1_000_001)];
        Assert.Equal(pieces[..^1].Select(piece => piece.From), pieces[1..].Select(piece => piece.To)); // no gap
        Assert.Equal(4, pieces.Length);
    }

    private async Task<JobView> LoadBetweenOthersAsync(string dataset)
    {
        await running.Api.DeclareAsync(dataset, Readings.Definition());
        await running.Api.LoadAsync(dataset, Readings.Csv(Many));
        JobView job = await running.Api.LoadAsync(dataset, Readings.Csv(Few));
        await running.Api.LoadAsync(dataset, Readings.Csv(Many));
        return job;
    }

    private async Task AssertRevertedAsync(JobView job, string dataset)
    {
        Assert.Equal(Few, (await running.Api.RevertAsync(job.Id)).Read<RevertView>().RowsRemoved);
        Assert.Equal(2 * Many, await running.CountRowsAsync(dataset));
        Assert.Equal(0, await running.Database.ScalarAsync<long>($"SELECT count(*) FROM public.{dataset} WHERE _job_id = '{job.Id}'"));
    }
}
