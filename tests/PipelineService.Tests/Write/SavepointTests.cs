using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write;

/// <summary>
/// Savepoints where the table can refuse something, none where it cannot, and never many: rows tell by their xmin in which
/// subtransaction they came.
/// </summary>
public sealed class SavepointTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields = """{ "name": "id", "type": "integer" }, { "name": "note", "type": "string" }""";

    /// <summary>The first chunk of a session lies behind a savepoint in any case: it comes with the look at the table.</summary>
    private const int SubtransactionsOfAPlainTable = 2 * 3;

    /// <summary>
    /// What PostgreSQL remembers of a transaction, less what a chunk needs for itself, and the transaction: of three sessions, where
    /// no key or trigger wants all rows in one.
    /// </summary>
    private const int SubtransactionsMax = 3 * (48 + 1);

    /// <summary>Some 300 chunks of the smallest size.</summary>
    private const int Records = 20_000;

    [Fact]
    public async Task None_where_nothing_can_be_refused()
    {
        await service.DeclareAsync("plain", Fields);

        JobView job = await LoadAsync("plain", 1_000);

        Assert.Equal(JobState.Succeeded, job.State);
        Assert.InRange(await SubtransactionsAsync("plain"), 1, SubtransactionsOfAPlainTable);
    }

    [Fact]
    public async Task Few_for_many_chunks_where_something_can()
    {
        await DeclareAsync("checked", "ADD CHECK (id > 0)");

        JobView job = await LoadAsync("checked", Records);

        Assert.InRange(await ChunksAsync(job), 250, long.MaxValue);
        Assert.InRange(await SubtransactionsAsync("checked"), 32, SubtransactionsMax);
        Assert.Equal(Records, await service.CountRowsAsync("checked"));
    }

    /// <summary>Each costs the chunks that lie behind the same savepoint: they are written again, as they were.</summary>
    [Theory]
    [InlineData("late_check", "ADD CHECK (id NOT IN (100, 9000, 9001, 15000, 19999))", 100, 9_000, 9_001, 15_000, 19_999)]
    [InlineData("late_key", "ADD CHECK (id <> 15000), ADD UNIQUE (id)", 15_000)]
    [InlineData("late_trigger", "ADD CHECK (id NOT IN (100, 9000, 15000))", 100, 9_000, 15_000)]
    public async Task A_refusal_behind_many_chunks_costs_one_record(string table, string constraints, params int[] refused)
    {
        await DeclareAsync(table, constraints);
        if (table == "late_trigger")
        {
            await TriggerAsync(table, "IF NEW.id % 1000 = 7 THEN RETURN NULL; END IF;");
        }

        JobView job = await LoadAsync(table, Records);

        await ExpectAsync(job, table, refused, filtered: table == "late_trigger" ? Records / 1_000 : 0);
    }

    /// <summary>A repeated key here and there, which the job's own keys foretell, and orphans that find their parent at the end.</summary>
    [Fact]
    public async Task What_was_refused_and_what_waits_is_not_forgotten_when_chunks_are_written_again()
    {
        await DeclareAsync("family", "ADD UNIQUE (id), ADD CHECK (id <> 17500), ADD COLUMN parent bigint GENERATED ALWAYS AS ("
            + "CASE WHEN id % 700 = 0 THEN 20000 END) STORED, ADD FOREIGN KEY (parent) REFERENCES family (id)");

        JobView job = await service.LoadAsync("family", "id,note\n" + string.Concat(
            Enumerable.Range(1, Records).Select(i => $"{(i % 999 == 0 ? i - 1 : i)},{new string('x', 50)}\n")));

        await ExpectAsync(job, "family", [.. Enumerable.Range(1, Records).Where(i => i % 999 == 0 || i == 17_500)]);
        await EndedJob.AssertRejectsSummedUpAsync(service.Database, job);
    }

    /// <summary>
    /// Refusals that nothing foretells, in every fourth chunk to the end: when the transaction has had its savepoints, each chunk
    /// is tried first.
    /// </summary>
    [Theory]
    [InlineData("unscreened")]
    [InlineData("screened")]
    public async Task No_number_of_refusals_takes_more(string table)
    {
        await DeclareAsync(table, table == "screened" ? "ADD CHECK (id % 300 <> 0)" : "ADD UNIQUE (id)");
        if (table == "unscreened")
        {
            await TriggerAsync(table, "IF NEW.id % 300 = 0 THEN RAISE 'No.'; END IF;");
        }

        JobView job = await LoadAsync(table, Records);

        await ExpectAsync(job, table, [.. Enumerable.Range(1, Records / 300).Select(i => i * 300)]);
    }

    /// <summary>A trigger that keeps count: what it refuses once it takes the next time, and the other way round.</summary>
    [Fact]
    public async Task What_changes_its_mind_ends_with_every_record_accounted_for()
    {
        await DeclareAsync("moody", "ADD CHECK (id > 0)");
        await service.Database.ExecuteAsync("CREATE SEQUENCE moody_count");
        await TriggerAsync("moody", "IF nextval('moody_count') % 1500 = 0 THEN RAISE 'Not now.'; END IF;");

        JobView job = await LoadAsync("moody", Records);

        Assert.Null(job.Error);
        Assert.Equal(Records, job.Records.Read);
        Assert.Equal(job.Records.Loaded, await service.CountRowsAsync("moody"));
        Assert.Equal(job.Records.Rejected, (await service.DeadLettersAsync(job)).Length);
    }

    /// <summary>A default that fails for one row in the middle is nothing that a look at the table foretells.</summary>
    [Fact]
    public async Task A_refusal_that_nothing_foretold_costs_an_attempt_and_no_record()
    {
        await service.DeclareAsync("unforeseen", Fields);
        await service.Database.ExecuteAsync("""
            CREATE SEQUENCE unforeseen_places;
            CREATE FUNCTION unforeseen_place() RETURNS bigint LANGUAGE plpgsql AS $$
            DECLARE place bigint := nextval('unforeseen_places');
            BEGIN
                IF place = 900 THEN RAISE 'No place.'; END IF;
                RETURN place;
            END $$;
            ALTER TABLE unforeseen ADD COLUMN place bigint DEFAULT 0;
            ALTER TABLE unforeseen ALTER COLUMN place SET DEFAULT unforeseen_place()
            """);

        JobView job = await LoadAsync("unforeseen", 1_000);

        Assert.Equal((JobState.Succeeded, 1_000), (job.State, job.Records.Loaded));
        Assert.Equal(1_000, await service.CountRowsAsync("unforeseen"));
    }

    private async Task ExpectAsync(JobView job, string table, int[] refused, int filtered = 0)
    {
        Assert.True(job.Error is null, job.Error?.Detail);
        bool isAlone = await service.Database.ScalarAsync<bool>(
            $"SELECT relhasindex OR EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid) FROM pg_class c WHERE relname = '{table}'");
        Assert.Equal(
            refused.Select(record => $"{record}"), (await service.DeadLettersAsync(job)).Select(letter => letter.Split(':')[0]));
        int loaded = Records - refused.Length - filtered;
        Assert.Equal(new RecordsView(Records, loaded, refused.Length, filtered), job.Records);
        Assert.Equal(
            (loaded, loaded),
            (await service.CountRowsAsync(table), await service.Database.ScalarAsync<long>(
                $"SELECT count(DISTINCT _record) FROM {table} WHERE _record <> ALL ('{{{string.Join(',', refused)}}}'::bigint[])")));
        Assert.Equal(
            $"{Records} {loaded} {refused.Length} {filtered}",
            await service.Database.ScalarAsync<string>($"""
                SELECT concat_ws(' ', sum(read), sum(loaded), sum(rejected), sum(filtered))
                FROM pipeline.job_chunks WHERE job_id = '{job.Id}'
                """));
        Assert.InRange(await SubtransactionsAsync(table), 1, isAlone ? SubtransactionsMax / 3 : SubtransactionsMax);
    }

    private async Task DeclareAsync(string table, string constraints)
    {
        await service.DeclareAsync(table, Fields);
        await service.Database.ExecuteAsync($"ALTER TABLE {table} {constraints}");
    }

    private Task TriggerAsync(string table, string body) => service.Database.ExecuteAsync($"""
        CREATE FUNCTION {table}_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$;
        CREATE TRIGGER t BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_f()
        """);

    private Task<JobView> LoadAsync(string table, int records) => service.LoadAsync(
        table, "id,note\n" + string.Concat(Enumerable.Range(1, records).Select(i => $"{i},{new string('x', 50)}\n")));

    private Task<long> SubtransactionsAsync(string table) =>
        service.Database.ScalarAsync<long>($"SELECT count(DISTINCT xmin::text) FROM {table}");

    private Task<long> ChunksAsync(JobView job) =>
        service.Database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.job_chunks WHERE job_id = '{job.Id}'");
}
