using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write.Rejects;

/// <summary>Whether a row is taken does not depend on where a chunk ends.</summary>
public sealed class WaitingRowsTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields =
        """{ "name": "id", "type": "integer", "constraints": { "required": true } }, { "name": "parent", "type": "integer" }""";

    /// <summary>Some ten chunks of the smallest size.</summary>
    private const int Records = 5_000;

    private static int _datasets;

    [Fact]
    public async Task The_first_record_may_refer_to_the_last()
    {
        string table = await DeclareAsync();

        JobView job = await LoadAsync(table, i => i == 1 ? Records : null);

        await ExpectAsync(job, table, []);
    }

    [Fact]
    public async Task Each_record_may_refer_to_the_next()
    {
        string table = await DeclareAsync();

        JobView job = await LoadAsync(table, i => i < Records ? i + 1 : null);

        await ExpectAsync(job, table, []);
    }

    [Fact]
    public async Task Two_records_far_apart_may_refer_to_each_other()
    {
        string table = await DeclareAsync();

        JobView job = await LoadAsync(table, i => i switch { 1 => Records, Records => 1, _ => null });

        await ExpectAsync(job, table, []);
    }

    [Fact]
    public async Task Only_those_whose_parent_never_comes_are_refused()
    {
        string table = await DeclareAsync();

        JobView job = await LoadAsync(table, i => i switch
        {
            1 => 4_000,
            2 => 999_999,
            3 => 2, // a child of one that is refused
            4_000 => Records,
            4_500 => -1,
            _ => null,
        });

        await ExpectAsync(job, table, [2, 3, 4_500]);
    }

    [Fact]
    public async Task Those_that_wait_do_not_count_towards_the_reject_limit()
    {
        string table = await DeclareAsync(""", "rejects": { "maxCount": 1 }""");

        JobView job = await LoadAsync(table, i => i < 50 ? Records : i == 60 ? -1 : null);

        await ExpectAsync(job, table, [60]);
    }

    [Fact]
    public async Task Those_that_never_come_do()
    {
        string table = await DeclareAsync(""", "rejects": { "maxCount": 1 }""");

        JobView job = await LoadAsync(table, i => i <= 2 ? -1 : null);

        Assert.Equal((JobState.Failed, "reject_limit_reached"), (job.State, job.Error?.Code));
        Assert.Equal(2, (await service.DeadLettersAsync(job)).Length);
        Assert.Equal(0, await service.CountRowsAsync(table));
    }

    [Fact]
    public async Task What_is_deferred_to_the_commit_is_looked_at_with_all_rows_there()
    {
        string table = await DeclareAsync();
        await service.Database.ExecuteAsync($"""
            CREATE FUNCTION {table}_pairs() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.id < 0 AND NOT EXISTS (SELECT FROM {table} WHERE id = -NEW.id) THEN RAISE 'Alone.'; END IF;
                RETURN NULL;
            END $$;
            CREATE CONSTRAINT TRIGGER pairs AFTER INSERT ON {table} DEFERRABLE INITIALLY DEFERRED
                FOR EACH ROW EXECUTE FUNCTION {table}_pairs()
            """);

        JobView job = await service.LoadAsync(
            table, "id,parent\n-5000,\n-5001,\n" + string.Concat(Enumerable.Range(1, Records).Select(i => $"{i},\n")));

        Assert.Equal(["2:3 database * -5001,"], await service.DeadLettersAsync(job));
        Assert.Equal(Records + 1, job.Records.Loaded);
    }

    private Task<JobView> LoadAsync(string table, Func<int, int?> parent) => service.LoadAsync(
        table, "id,parent\n" + string.Concat(Enumerable.Range(1, Records).Select(i => $"{i},{parent(i)}\n")));

    private async Task ExpectAsync(JobView job, string table, int[] refused)
    {
        Assert.True(job.Error is null, job.Error?.Detail);
        Assert.Equal(
            refused.Select(record => $"{record}"), (await service.DeadLettersAsync(job)).Select(letter => letter.Split(':')[0]));
        Assert.Equal(new RecordsView(Records, Records - refused.Length, refused.Length, 0), job.Records);
        Assert.Equal(job.Records.Loaded, await service.CountRowsAsync(table));
        Assert.Equal(job.Records.Rejected, await service.Database.ScalarAsync<long>(
            $"SELECT sum(rejected)::bigint FROM pipeline.job_chunks WHERE job_id = '{job.Id}'"));
        await EndedJob.AssertRejectsSummedUpAsync(service.Database, job);
    }

    private async Task<string> DeclareAsync(string rest = "")
    {
        string dataset = $"waiting_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(dataset, Fields, schema: """, "primaryKey": ["id"]""", rest: rest);
        await service.Database.ExecuteAsync($"ALTER TABLE {dataset} ADD FOREIGN KEY (parent) REFERENCES {dataset}");
        return dataset;
    }
}
