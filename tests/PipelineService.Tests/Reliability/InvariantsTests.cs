using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>The negative control: a checker that cannot fail proves nothing.</summary>
public sealed class InvariantsTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    [Theory]
    [InlineData("INSERT INTO public.whole_jobs SELECT * FROM public.whole_jobs LIMIT 1", "rows of job")]
    [InlineData("DELETE FROM public.whole_jobs WHERE _record = 7", "rows of job")]
    [InlineData("UPDATE public.whole_jobs SET amount = amount + 1 WHERE _record = 7", "rows of job")]
    [InlineData("DELETE FROM public.whole_jobs", "no row of job")]
    [InlineData("DELETE FROM pipeline.dead_letters WHERE record = 50", "do not add up")]
    [InlineData("UPDATE pipeline.jobs SET rejects = jsonb_set(rejects, '{groups,0,records}', '9')", "are summed up")]
    [InlineData("INSERT INTO public.strict (id, _job_id, _record) SELECT 1, id, 1 FROM pipeline.jobs", "nothing may be seen")]
    [InlineData("DELETE FROM pipeline.jobs", "is not there")]
    [InlineData("UPDATE pipeline.job_chunks SET read = read + 1, filtered = filtered + 1", "records were sent")]
    public async Task Checker_sees_what_is_wrong(string damage, string fault)
    {
        await using Field field = new(database, "control");
        await field.StartAsync("");
        await field.Send(Sample.WholeJobs, records: 100);
        await field.EndWellAsync();

        await field.Service.KillAsync();
        await database.ExecuteAsync(damage);

        Assert.Contains(
            await Invariants.CheckAsync(database.DataSource, field.Spool, field.Accepted, field.Token),
            found => found.Contains(fault, StringComparison.Ordinal));
    }
}
