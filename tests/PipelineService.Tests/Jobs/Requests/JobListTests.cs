using System.Net;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Requests;

/// <summary>The list of jobs: order, pages, filters.</summary>
public sealed class JobListTests(JobListTests.SevenJobs seven) : IClassFixture<JobListTests.SevenJobs>
{
    private readonly Api _api = seven.Api;

    [Fact]
    public async Task Lists_jobs_newest_first()
    {
        JobPage page = await ListAsync("");

        Assert.Equal(seven.NewestFirst, page.Items.Select(j => j.Id));
        Assert.Null(page.NextCursor);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task Pages_through_all_jobs_without_gap_or_repeat(int limit)
    {
        List<Guid> seen = [];
        string? cursor = null;
        do
        {
            JobPage page = await ListAsync($"?limit={limit}" + (cursor is null ? "" : $"&cursor={cursor}"));
            Assert.InRange(page.Items.Count, 1, limit);
            seen.AddRange(page.Items.Select(j => j.Id));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        Assert.Equal(seven.NewestFirst, seen);
    }

    [Theory]
    [InlineData("?dataset=even", 4)]
    [InlineData("?dataset=odd", 3)]
    [InlineData("?dataset=none", 0)]
    [InlineData("?state=succeeded", 4)]
    [InlineData("?state=failed", 3)]
    [InlineData("?state=failed&dataset=even", 0)]
    [InlineData("?source=acme", 3)]
    [InlineData("?source=acme&dataset=odd&state=failed", 3)]
    [InlineData("?state=failed,succeeded", 7)]
    [InlineData("?state=failed&state=succeeded&limit=100", 7)]
    [InlineData("?state=failed, cancelled", 3)]
    [InlineData("?state=cancelled", 0)]
    [InlineData("?table=public.even", 4)]
    [InlineData("?table=even", 4)]
    [InlineData("?table=shared", 3)]
    [InlineData("?table=public.shared&state=failed&dataset=odd", 3)]
    [InlineData("?table=public.shared&dataset=even", 0)]
    [InlineData("?table=odd", 0)]
    [InlineData("?text=HEADER_mismatch", 3)]
    [InlineData("?text=acme", 3)]
    [InlineData("?text=KEY-4", 1)]
    [InlineData("?text=key-4&state=failed", 0)]
    [InlineData("?text=key%25", 0)]
    [InlineData("?text=mismatch&table=shared", 3)]
    [InlineData("?createdAfter=2026-01-01", 7)]
    [InlineData("?createdBefore=2026-01-01", 0)]
    [InlineData("?finishedAfter=2026-01-01&finishedBefore=2126-01-01", 7)]
    [InlineData("?finishedBefore=2026-01-01T00:00:00%2B01:00", 0)]
    public async Task Narrows_the_list(string query, int count) => Assert.Equal(count, (await ListAsync(query)).Items.Count);

    [Theory]
    [InlineData("?limit=0", "/limit")]
    [InlineData("?limit=1001", "/limit")]
    [InlineData("?limit=ten", "/limit")]
    [InlineData("?limit=", "/limit")]
    [InlineData("?cursor=xyz", "/cursor")]
    [InlineData("?cursor=%20", "/cursor")]
    [InlineData("?state=done", "/state")]
    [InlineData("?state=1", "/state")]
    [InlineData("?state=failed,", "/state")]
    [InlineData("?table=a.b.c", "/table")]
    [InlineData("?text=", "/text")]
    [InlineData("?createdAfter=yesterday", "/createdAfter")]
    [InlineData("?finishedBefore=2026-13-01", "/finishedBefore")]
    public async Task Refuses_a_query_that_it_cannot_use(string query, string pointer)
    {
        ApiAnswer answer = await _api.GetAsync($"/v1/jobs{query}");

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal("malformed_query", answer.Problem.Code);
        Assert.Equal([pointer], answer.Problem.Errors!.Keys);
    }

    [Theory]
    [InlineData("created")]
    [InlineData("finished")]
    public async Task After_a_time_is_from_it_on_and_before_it_is_without_it(string what)
    {
        JobView third = (await ListAsync("")).Items[2];
        string time = Uri.EscapeDataString((what == "created" ? third.CreatedAt : third.FinishedAt!.Value).ToString("O"));

        Assert.Equal(seven.NewestFirst.Take(3), (await ListAsync($"?{what}After={time}")).Items.Select(j => j.Id));
        Assert.Equal(seven.NewestFirst.Skip(3), (await ListAsync($"?{what}Before={time}")).Items.Select(j => j.Id));
        Assert.Empty((await ListAsync($"?{what}After={time}&{what}Before={time}")).Items);
    }

    [Theory]
    [InlineData("state=succeeded,failed")]
    [InlineData("table=shared")]
    [InlineData("text=acme")]
    [InlineData("createdAfter=2026-01-01")]
    [InlineData("finishedAfter=2026-01-01&source=acme")]
    public async Task Pages_through_what_is_left_of_a_narrowed_list(string query)
    {
        IEnumerable<Guid> all = (await ListAsync($"?{query}")).Items.Select(j => j.Id);
        List<Guid> seen = [];
        string? cursor = null;
        do
        {
            JobPage page = await ListAsync($"?{query}&limit=2" + (cursor is null ? "" : $"&cursor={cursor}"));
            seen.AddRange(page.Items.Select(j => j.Id));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        Assert.Equal(all, seen);
        Assert.True(seen.Count >= 3);
    }

    /// <summary>A text that hardly any job has is looked for in so many at a time, and a page says that there are more.</summary>
    [Theory]
    [InlineData(null)]
    [InlineData("public.shared")]
    public async Task A_page_with_a_text_looks_at_a_bounded_number_of_jobs(string? table)
    {
        JobStore store = seven.Service.Services.GetRequiredService<JobStore>();
        Guid[] all = [.. table is null ? seven.NewestFirst : seven.NewestFirst.Where((_, i) => i % 2 == 1)];
        List<Guid?> cursors = [];
        List<Guid> found = [];
        JobFilter filter = new() { Table = table, Text = "KEY-1", Limit = 5, LookMax = 2 };
        do
        {
            JobRows page = await store.ListAsync(filter with { Cursor = cursors.LastOrDefault() }, TestContext.Current.CancellationToken);
            found.AddRange(page.Rows.Select(row => row.Id));
            cursors.Add(page.Next);
        }
        while (cursors[^1] is not null);

        Assert.Equal([all[^(table is null ? 2 : 1)]], found);
        Assert.Equal([.. all.Where((_, i) => i % 2 == 1).Cast<Guid?>(), null], cursors);
    }

    [Fact]
    public async Task Reports_all_faults_of_a_query_at_once()
    {
        ApiAnswer answer = await _api.GetAsync("/v1/jobs?limit=x&cursor=x&state=x");

        Assert.Equal(["/cursor", "/limit", "/state"], answer.Problem.Errors!.Keys.Order());
    }

    private async Task<JobPage> ListAsync(string query)
    {
        ApiAnswer answer = await _api.GetAsync($"/v1/jobs{query}");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        return answer.Read<JobPage>();
    }

    /// <summary>Four jobs of one dataset that succeed, and between them three of another that fail.</summary>
    public sealed class SevenJobs(PostgresServer server) : RunningService(server)
    {
        public IReadOnlyList<Guid> NewestFirst { get; private set; } = [];

        protected override async Task PrepareAsync()
        {
            List<Guid> made = [];
            await Api.DeclareAsync("even", Readings.Definition());
            await Api.DeclareAsync("odd", Readings.Definition("'load': { 'table': 'shared' }"));
            for (int i = 0; i < 7; i++)
            {
                using StringContent body = new(i % 2 == 0 ? Readings.Csv(i) : "x\n", encoding: null, "text/csv");
                string path = i % 2 == 0 ? "even/uploads" : "odd/uploads?source=acme";
                made.Add((await Api.PostAsync(
                    $"/v1/datasets/{path}", body, ("Prefer", "wait=30"), ("Idempotency-Key", $"key-{i}"))).Job.Id);
            }

            NewestFirst = [.. Enumerable.Reverse(made)];
        }
    }
}
