using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write.Rejects;

/// <summary>
/// Tables with triggers: what they mend is loaded, what they let fall is counted, and what they raise, under whatever code,
/// costs the record for which it was raised.
/// </summary>
public sealed class TriggerTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields = """{ "name": "id", "type": "integer" }, { "name": "v", "type": "string" }""";

    private static int _datasets;

    public static TheoryData<string> Policies => ["job", "chunk"];

    [Theory, MemberData(nameof(Policies))]
    public async Task What_a_trigger_mends_is_loaded_though_a_neighbour_is_refused(string commit)
    {
        string table = await DeclareAsync(commit);
        await service.Database.ExecuteAsync($"""
            CREATE TABLE {table}_parent (v text PRIMARY KEY);
            ALTER TABLE {table} ADD CHECK (id > 0), ADD UNIQUE (id), ADD FOREIGN KEY (v) REFERENCES {table}_parent
            """);
        await TriggerAsync(table, $"""
            IF NEW.id = 3 THEN NEW.id := 30; END IF;
            INSERT INTO {table}_parent VALUES (NEW.v) ON CONFLICT DO NOTHING;
            """);

        JobView job = await service.LoadAsync(table, "id,v\n1,a\n0,b\n3,c\n3,c\n30,d\n4,a\n");

        await ExpectAsync(job, table, ["1", "4", "30"], "2:3 check id 0,b", "4:5 unique id 3,c", "5:6 unique id 30,d");
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task What_a_trigger_behind_the_rows_mends_is_loaded(string commit)
    {
        string table = await DeclareAsync(commit);
        await service.Database.ExecuteAsync($"""
            CREATE TABLE {table}_parent (v text PRIMARY KEY);
            ALTER TABLE {table} ADD CHECK (id > 0), ADD FOREIGN KEY (v) REFERENCES {table}_parent
            """);
        await TriggerAsync(
            table, $"INSERT INTO {table}_parent VALUES (NEW.v) ON CONFLICT DO NOTHING;", "AFTER", name: "\"A first\"");

        JobView job = await service.LoadAsync(table, "id,v\n1,a\n0,b\n3,c\n");

        await ExpectAsync(job, table, ["1", "3"], "2:3 check id 0,b");
    }

    [Theory]
    [InlineData("RAISE EXCEPTION 'Not wanted.' USING ERRCODE = 'PT409'")]
    [InlineData("RAISE EXCEPTION 'Not wanted.' USING ERRCODE = 'XX000'")]
    [InlineData("RAISE EXCEPTION 'Not wanted.' USING ERRCODE = '54000'")]
    [InlineData("RAISE EXCEPTION 'Not wanted.' USING ERRCODE = '09000'")]
    [InlineData("RAISE EXCEPTION 'Not wanted.' USING ERRCODE = '38001'")]
    [InlineData("RAISE EXCEPTION 'Not wanted.' USING ERRCODE = '42P01'")]
    [InlineData("RAISE EXCEPTION 'Not wanted.' USING ERRCODE = '0A000'")]
    [InlineData("RAISE EXCEPTION 'Not wanted.'")]
    [InlineData("ASSERT false, 'Not wanted.'")]
    [InlineData("PERFORM * FROM no_such_table")]
    [InlineData("EXECUTE 'SELECT id INTO STRICT x'")]
    [InlineData("NEW.id := (SELECT * FROM (VALUES (1), (2)) t)")]
    public async Task What_is_raised_for_one_record_costs_that_record_whatever_its_code(string statement)
    {
        foreach (string commit in (string[])["job", "chunk"])
        {
            string table = await DeclareAsync(commit);
            await TriggerAsync(table, $"IF NEW.v = 'bad' THEN {statement}; END IF;");

            JobView job = await service.LoadAsync(table, "id,v\n1,good\n2,bad\n3,fine\n");

            await ExpectAsync(job, table, ["1", "3"], "2:3 database * 2,bad");
        }
    }

    [Fact]
    public async Task What_every_record_raises_under_a_code_of_the_table_fails_the_job()
    {
        string table = await DeclareAsync("chunk");
        await TriggerAsync(table, "PERFORM * FROM no_such_table;");

        JobView job = await service.LoadAsync(table, "id,v\n" + string.Concat(Enumerable.Range(1, 100).Select(i => $"{i},x\n")));

        Assert.Equal((JobState.Failed, "target_refused"), (job.State, job.Error?.Code));
        Assert.Contains("no_such_table", job.Error?.Detail, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task Rows_that_a_trigger_lets_fall_count_as_filtered(string commit)
    {
        string table = await DeclareAsync(commit);
        await TriggerAsync(table, "IF NEW.v = 'skip' THEN RETURN NULL; END IF; IF NEW.v = 'bad' THEN RAISE 'No.'; END IF;");

        JobView clean = await service.LoadAsync(table, "id,v\n1,a\n2,skip\n3,b\n");
        JobView mixed = await service.LoadAsync(table, "id,v\n4,skip\n5,bad\n6,c\n7,skip\n");

        Assert.Equal((JobState.Succeeded, new RecordsView(3, 2, 0, 1)), (clean.State, clean.Records));
        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(4, 1, 1, 2)), (mixed.State, mixed.Records));
        Assert.Equal(["1", "3", "6"], await service.RowsAsync($"SELECT t.id::text FROM {table} t ORDER BY t.id"));
    }

    /// <summary>Two open transactions would wait for each other, and for the end of the job.</summary>
    [Fact]
    public async Task Rows_whose_triggers_meet_in_another_table_do_not_wait_for_each_other()
    {
        string table = await DeclareAsync("job");
        await service.Database.ExecuteAsync($"CREATE TABLE {table}_seen (v text PRIMARY KEY, rows integer)");
        await TriggerAsync(table, $"""
            INSERT INTO {table}_seen AS s VALUES (NEW.v, 1) ON CONFLICT (v) DO UPDATE SET rows = s.rows + 1;
            """, "AFTER");

        JobView job = await service.LoadAsync(table, "id,v\n" + string.Concat(Enumerable.Range(1, 3_000).Select(i => $"{i},same\n")));

        Assert.Equal(JobState.Succeeded, job.State);
        Assert.Equal(["same 3000"], await service.RowsAsync($"SELECT v || ' ' || rows FROM {table}_seen"));
    }

    /// <summary>COPY passes rules over, so the way that finds refused rows must, too.</summary>
    [Theory, MemberData(nameof(Policies))]
    public async Task Rules_are_passed_over_whether_a_row_is_refused_or_not(string commit)
    {
        string table = await DeclareAsync(commit);
        await service.Database.ExecuteAsync($"""
            CREATE RULE r AS ON INSERT TO {table} DO INSTEAD NOTHING;
            ALTER TABLE {table} ADD CHECK (id <> 2)
            """);

        JobView job = await service.LoadAsync(table, "id,v\n1,a\n2,b\n3,c\n");

        await ExpectAsync(job, table, ["1", "3"], "2:3 check id 2,b");
    }

    private async Task<string> DeclareAsync(string commit)
    {
        string dataset = $"triggers_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(dataset, Fields, commit);
        return dataset;
    }

    private Task TriggerAsync(string table, string body, string when = "BEFORE", string name = "t") => service.Database.ExecuteAsync($"""
        CREATE FUNCTION {table}_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$;
        CREATE TRIGGER {name} {when} INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_f()
        """);

    private async Task ExpectAsync(JobView job, string table, string[] ids, params string[] deadLetters)
    {
        Assert.True(job.Error is null, job.Error?.Detail);
        Assert.Equal(deadLetters, await service.DeadLettersAsync(job));
        Assert.Equal(ids, await service.RowsAsync($"SELECT t.id::text FROM {table} t ORDER BY t.id"));
        Assert.Equal(new RecordsView(ids.Length + deadLetters.Length, ids.Length, deadLetters.Length, 0), job.Records);
    }
}
