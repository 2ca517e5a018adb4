using System.Net;
using PipelineService.Jobs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs;

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
    public async Task Refuses_a_query_that_it_cannot_use(string query, string pointer)
    {
        ApiAnswer answer = await _api.GetAsync($"/v1/jobs{query}");

        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Equal("malformed_query", answer.Problem.Code);
        Assert.Equal([pointer], answer.Problem.Errors!.Keys);
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
            await Api.DeclareAsync("odd", Readings.Definition());
            for (int i = 0; i < 7; i++)
            {
                using StringContent body = new(i % 2 == 0 ? Readings.Csv(i) : "x\n", encoding: null, "text/csv");
                string path = i % 2 == 0 ? "even/uploads" : "odd/uploads?source=acme";
                made.Add((await Api.PostAsync($"/v1/datasets/{path}", body, ("Prefer", "wait=30"))).Job.Id);
            }

            NewestFirst = [.. Enumerable.Reverse(made)];
        }
    }
}
