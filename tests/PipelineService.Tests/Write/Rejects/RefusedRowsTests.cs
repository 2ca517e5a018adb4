using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write.Rejects;

/// <summary>What the database refuses costs the record that it refuses, and nothing else: one test per kind of refusal.</summary>
public sealed class RefusedRowsTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Id = """{ "name": "id", "type": "integer" }""";
    private const string IdAndNote = Id + """, { "name": "note", "type": "string" }""";

    private static int _datasets;

    public static TheoryData<string> Policies => ["job", "chunk"];

    [Theory, MemberData(nameof(Policies))]
    public async Task A_not_null_column_that_was_added_later_refuses_every_record(string commit)
    {
        string table = await DeclareAsync(Id, commit);
        await service.Database.ExecuteAsync($"ALTER TABLE {table} ADD COLUMN added integer NOT NULL");

        JobView job = await service.LoadAsync(table, "id\n1\n2\n");

        await ExpectAsync(job, table, [], "1:2 required added 1", "2:3 required added 2");
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task Identity_and_generated_columns_beside_ours_are_left_to_the_table(string commit)
    {
        string table = await DeclareAsync(Id, commit);
        await service.Database.ExecuteAsync($"""
            ALTER TABLE {table} ADD COLUMN serial integer GENERATED ALWAYS AS IDENTITY,
                ADD COLUMN doubled bigint GENERATED ALWAYS AS (id * 2) STORED CHECK (doubled <> 4)
            """);

        JobView job = await service.LoadAsync(table, "id\n1\n2\n3\n");

        await ExpectAsync(job, table, ["1", "3"], "2:3 check doubled 2");
        Assert.Equal(["2", "6"], await service.RowsAsync($"SELECT doubled::text FROM {table} ORDER BY id"));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_check_names_its_column(string commit)
    {
        string table = await DeclareAsync(Id, commit);
        await service.Database.ExecuteAsync($"ALTER TABLE {table} ADD CHECK (id <> 2)");

        JobView job = await service.LoadAsync(table, "id\n1\n2\n3\n");

        await ExpectAsync(job, table, ["1", "3"], "2:3 check id 2");
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_check_that_fails_to_be_evaluated_costs_one_record(string commit)
    {
        string table = await DeclareAsync(Id, commit);
        await service.Database.ExecuteAsync($"ALTER TABLE {table} ADD CHECK (10 / id > 0)");

        JobView job = await service.LoadAsync(table, "id\n1\n0\n3\n");

        await ExpectAsync(job, table, ["1", "3"], "2:3 database * 0");
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_domain_put_under_a_column_refuses_single_records(string commit)
    {
        string table = await DeclareAsync(IdAndNote, commit);
        await service.Database.ExecuteAsync($"""
            CREATE DOMAIN {table}_any AS text CHECK (VALUE <> 'no');
            CREATE DOMAIN {table}_short AS {table}_any CHECK (length(VALUE) <= 3);
            ALTER TABLE {table} ALTER COLUMN note TYPE {table}_short
            """);

        JobView job = await service.LoadAsync(table, "id,note\n1,abc\n2,abcd\n3,no\n4,\n");

        await ExpectAsync(job, table, ["1", "4"], "2:3 check note 2,abcd", "3:4 check note 3,no");
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task An_exclusion_constraint_refuses_the_second_of_two_that_overlap(string commit)
    {
        string table = await DeclareAsync(Id + """, { "name": "upto", "type": "integer" }""", commit);
        await service.Database.ExecuteAsync(
            $"ALTER TABLE {table} ADD EXCLUDE USING gist (int8range(id, upto) WITH &&)");

        JobView job = await service.LoadAsync(table, "id,upto\n1,5\n4,6\n6,8\n");

        await ExpectAsync(job, table, ["1", "6"], "2:3 database * 4,6");
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_trigger_that_raises_refuses_one_record_in_its_own_words(string commit)
    {
        string table = await DeclareAsync(Id, commit);
        await service.Database.ExecuteAsync($"""
            CREATE FUNCTION {table}_guard() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.id = 2 THEN RAISE EXCEPTION 'Two is taken.'; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER guard BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_guard()
            """);

        JobView job = await service.LoadAsync(table, "id\n1\n2\n3\n");

        await ExpectAsync(job, table, ["1", "3"], "2:3 database * 2");
        Assert.Equal(
            ["Two is taken."],
            await service.RowsAsync($"SELECT errors->0->>'message' FROM pipeline.dead_letters WHERE job_id = '{job.Id}'"));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_foreign_key_without_its_parent_is_named_by_its_column(string commit)
    {
        string table = await DeclareAsync(Id, commit);
        await service.Database.ExecuteAsync($"""
            CREATE TABLE {table}_parent (id bigint PRIMARY KEY);
            INSERT INTO {table}_parent VALUES (1), (3);
            ALTER TABLE {table} ADD FOREIGN KEY (id) REFERENCES {table}_parent
            """);

        JobView job = await service.LoadAsync(table, "id\n1\n2\n3\n\"\"\n");

        await ExpectAsync(job, table, ["1", "3"], "2:3 foreign_key id 2");
        Assert.Equal(3, job.Records.Loaded);
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_record_may_refer_to_a_later_one_although_a_neighbour_is_refused(string commit)
    {
        string table = await DeclareAsync(Id + """, { "name": "parent", "type": "integer" }""", commit);
        await service.Database.ExecuteAsync(
            $"ALTER TABLE {table} ADD PRIMARY KEY (id), ADD FOREIGN KEY (parent) REFERENCES {table}");

        JobView job = await service.LoadAsync(table, "id,parent\n1,2\n2,3\n3,\n4,99\n5,4\n");

        await ExpectAsync(job, table, ["1", "2", "3"], "4:5 foreign_key parent 4,99", "5:6 foreign_key parent 5,4");
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_deferred_constraint_is_checked_while_its_record_is_still_known(string commit)
    {
        string table = await DeclareAsync(Id, commit);
        await service.Database.ExecuteAsync($"ALTER TABLE {table} ADD UNIQUE (id) DEFERRABLE INITIALLY DEFERRED");

        JobView job = await service.LoadAsync(table, "id\n1\n2\n1\n");

        await ExpectAsync(job, table, ["1", "2"], "3:4 unique id 1");
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_table_that_was_partitioned_later_refuses_records_without_a_partition(string commit)
    {
        string table = await DeclareAsync(Id, commit);
        await service.Database.ExecuteAsync($"""
            DROP TABLE public.{table};
            CREATE TABLE public.{table} (id bigint, _job_id uuid, _record bigint) PARTITION BY RANGE (id);
            CREATE TABLE {table}_low PARTITION OF {table} FOR VALUES FROM (0) TO (10);
            ALTER TABLE {table}_low ADD UNIQUE (id)
            """);

        JobView job = await service.LoadAsync(table, "id\n1\n20\n1\n3\n");

        await ExpectAsync(job, table, ["1", "3"], "2:3 check * 20", "3:4 unique * 1");
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task Every_record_may_be_refused(string commit)
    {
        string table = await DeclareAsync(Id, commit);
        await service.Database.ExecuteAsync($"ALTER TABLE {table} ADD CHECK (id < 0)");

        JobView job = await service.LoadAsync(table, "id\n" + Lines(1, 2500, i => $"{i}"));

        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(2500, 0, 2500, 0)), (job.State, job.Records));
        Assert.Equal(Enumerable.Range(1, 2500).Select(i => $"{i}:{i + 1} check id {i}"), await service.DeadLettersAsync(job));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task Refused_records_count_towards_the_reject_limit(string commit)
    {
        string table = await DeclareAsync(IdAndNote, commit, rest: """, "rejects": { "maxCount": 1 }""");
        await service.Database.ExecuteAsync($"ALTER TABLE {table} ADD CHECK (id > 0)");
        string filler = new('x', LoadingService.SmallChunkBytes / 2);
        string data = "id,note\n" + string.Concat(
            new[] { 1, 2, -3, 4, 5, -6, 7, -8 }.Select(i => $"{i},{filler}\n"));

        JobView job = await service.LoadAsync(table, data);

        Assert.Equal((JobState.Failed, "reject_limit_reached"), (job.State, job.Error?.Code));
        Assert.Equal(job.Records.Loaded, await service.Database.ScalarAsync<long>($"SELECT count(*) FROM {table}"));
        Assert.Equal(commit == "chunk", job.Records.Loaded > 0);
        Assert.Equal(job.Records.Read, job.Records.Loaded + job.Records.Rejected);
    }

    private static string Lines(int first, int count, Func<int, string> line) =>
        string.Concat(Enumerable.Range(first, count).Select(i => line(i) + "\n"));

    private async Task<string> DeclareAsync(string fields, string commit, string rest = "")
    {
        string dataset = $"refused_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(dataset, fields, commit, rest: rest);
        return dataset;
    }

    private async Task ExpectAsync(JobView job, string table, string[] ids, params string[] deadLetters)
    {
        Assert.True(job.Error is null, job.Error?.Detail);
        Assert.Equal(deadLetters, await service.DeadLettersAsync(job));
        Assert.Equal(ids, await service.RowsAsync($"SELECT id::text FROM {table} WHERE id IS NOT NULL ORDER BY id"));
        Assert.Equal(deadLetters.Length == 0 ? JobState.Succeeded : JobState.PartiallySucceeded, job.State);
        Assert.Equal(job.Records.Read, job.Records.Loaded + job.Records.Rejected);
    }
}
