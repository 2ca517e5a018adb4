using Npgsql;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>The negative control: a checker that cannot fail proves nothing.</summary>
public sealed class InvariantsTests(InvariantsTests.LoadedDatabase loaded) : IClassFixture<InvariantsTests.LoadedDatabase>
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
    [InlineData("UPDATE pipeline.usage_entries SET loaded = loaded + 1; UPDATE pipeline.usage_minutes SET loaded = loaded + 1", "the figures")]
    [InlineData("DELETE FROM pipeline.usage_entries; DELETE FROM pipeline.usage_minutes", "the figures")]
    [InlineData("UPDATE pipeline.view_1_parts SET rows = rows + 1 WHERE k0 = 31", "are not those of its table")]
    [InlineData("DELETE FROM pipeline.view_1_parts WHERE k0 = 31", "are not those of its table")]
    [InlineData(
        "DELETE FROM pipeline.event_positions WHERE position = (SELECT min(position) + 1 FROM pipeline.event_positions)",
        "places of the log are missing")]
    [InlineData(
        "DELETE FROM pipeline.deliveries WHERE position = (SELECT max(position) FROM pipeline.deliveries)", "have not one delivery each")]
    public async Task Checker_sees_what_is_wrong(string damage, string fault)
    {
        await using TestDatabase database = await loaded.CopyAsync();
        Assert.Empty(await CheckAsync(database));

        await database.ExecuteAsync(damage);

        Assert.Contains(await CheckAsync(database), found => found.Contains(fault, StringComparison.Ordinal));
    }

    private Task<IReadOnlyList<string>> CheckAsync(TestDatabase database) => Invariants.CheckAsync(
        database.DataSource, loaded.Field.Spool, loaded.Field.Accepted, TestContext.Current.CancellationToken);

    /// <summary>One upload is loaded, and the service is gone. Each test damages a copy of its own.</summary>
    public sealed class LoadedDatabase(PostgresServer server) : TestDatabase(server)
    {
        internal Field Field { get; private set; } = null!;

        public override async ValueTask InitializeAsync()
        {
            await base.InitializeAsync();
            Field = new(this, "control");
            await Field.StartAsync("");
            await Field.Send(Sample.WholeJobs, records: 100);
            await Field.EndWellAsync();
            await Field.Service.KillAsync();
        }

        public override async ValueTask DisposeAsync()
        {
            await Field.DisposeAsync();
            await base.DisposeAsync();
        }

        public async Task<TestDatabase> CopyAsync()
        {
            DataSource.Clear(); // a database that somebody is connected to is not copied
            CopyOfDatabase copy = new(Server, new NpgsqlConnectionStringBuilder(ConnectionString).Database!);
            await copy.InitializeAsync();
            return copy;
        }
    }
}
