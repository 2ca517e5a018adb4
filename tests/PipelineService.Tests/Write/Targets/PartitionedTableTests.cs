using System.Globalization;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write.Targets;

/// <summary>Rows find their partitions, keys and triggers of the partitions hold, and a revert finds the rows in all of them.</summary>
public sealed class PartitionedTableTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields = """{ "name": "id", "type": "integer" }, { "name": "v", "type": "string" }""";

    private static int _tables;

    public static TheoryData<string> Policies => ["job", "chunk"];

    [Theory, MemberData(nameof(Policies))]
    public async Task Rows_go_to_their_partitions_and_a_revert_finds_them_there(string commit)
    {
        string table = await CreateAsync(commit);
        JobView before = await service.LoadAsync(table, "id,v\n1,a\n101,b\n201,c\n");
        JobView job = await service.LoadAsync(table, "id,v\n" + Lines(2, 90) + Lines(102, 90) + Lines(202, 1_000));

        Assert.Equal((JobState.Succeeded, new RecordsView(1_180, 1_180, 0, 0)), (job.State, job.Records));
        Assert.Equal(["91 91 1001"], await CountsAsync(table));
        Assert.Equal(1_180, (await service.Api.RevertAsync(job.Id)).Read<RevertView>().RowsRemoved);
        Assert.Equal(["1 1 1"], await CountsAsync(table));
        Assert.Equal(3, (await service.Api.RevertAsync(before.Id)).Read<RevertView>().RowsRemoved);
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_key_is_told_by_its_fields_whichever_partition_keeps_it(string commit)
    {
        string table = await CreateAsync(commit, "PRIMARY KEY (id)", """, "primaryKey": ["id"]""", required: true);
        await service.LoadAsync(table, "id,v\n7,a\n");

        JobView job = await service.LoadAsync(table, "id,v\n8,b\n7,c\n150,d\n150,e\n201,f\n-1,g\n");

        Assert.Equal(["2:3 unique id 7,c", "4:5 unique id 150,e", "6:7 check * -1,g"], await service.DeadLettersAsync(job));
        Assert.Equal(["7 a", "8 b", "150 d", "201 f"], await service.RowsAsync($"SELECT id || ' ' || v FROM {table} ORDER BY id"));
    }

    /// <summary>Each partition has its part of the key: that does not keep the rows from being looked at together.</summary>
    [Fact]
    public async Task Many_repeated_keys_cost_their_records_only()
    {
        string table = await CreateAsync("job", "PRIMARY KEY (id)", """, "primaryKey": ["id"]""", required: true);
        string[] ids = [.. Enumerable.Range(0, 3_000).Select(i => $"{(i % 10 == 9 ? i - 9 : i)}")];

        JobView job = await service.LoadAsync(table, "id,v\n" + string.Concat(ids.Select(id => $"{id},x\n")));

        Assert.Equal(new RecordsView(3_000, 2_700, 300, 0), job.Records);
        Assert.Equal(2_700, await service.CountRowsAsync(table));
        Assert.Equal("300", Assert.Single(await service.RowsAsync($"""
            SELECT count(*)::text FROM pipeline.dead_letters WHERE job_id = '{job.Id}' AND errors->0->>'field' = 'id'
            """)));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task What_a_trigger_on_one_partition_lets_fall_is_counted(string commit)
    {
        string table = await CreateAsync(commit);
        await service.Database.ExecuteAsync($"""
            CREATE FUNCTION {table}_before() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF NEW.v = 'fall' THEN RETURN NULL; END IF;
                IF NEW.v = 'bad' THEN RAISE EXCEPTION 'Not wanted.'; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER before BEFORE INSERT ON {table}_1 FOR EACH ROW EXECUTE FUNCTION {table}_before()
            """);

        JobView job = await service.LoadAsync(table, "id,v\n1,fall\n101,fall\n102,b\n103,bad\n3,bad\n");

        Assert.Equal(new RecordsView(5, 3, 1, 1), job.Records);
        Assert.Equal(["4:5 database * 103,bad"], await service.DeadLettersAsync(job));
        Assert.Equal(["1", "3", "102"], await service.RowsAsync($"SELECT id::text FROM {table} p ORDER BY p.id"));
    }

    [Fact]
    public async Task References_from_one_partition_to_another_are_awaited()
    {
        string table = await CreateAsync(
            "job", "PRIMARY KEY (id)", """, "primaryKey": ["id"]""", required: true, """, { "name": "parent", "type": "integer" }""");
        await service.Database.ExecuteAsync($"ALTER TABLE {table} ADD FOREIGN KEY (parent) REFERENCES {table} (id)");

        JobView job = await service.LoadAsync(table, "id,v,parent\n1,a,150\n2,b,999\n150,c,201\n201,d,\n");

        Assert.Equal(["2:3 foreign_key parent 2,b,999"], await service.DeadLettersAsync(job));
        Assert.Equal(["1", "150", "201"], await service.RowsAsync($"SELECT id::text FROM {table} ORDER BY id"));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_partition_takes_what_lies_in_its_bounds(string commit)
    {
        string table = await CreateAsync(commit);
        await service.DeclareAsync($"{table}_1", Fields, commit);

        JobView job = await service.LoadAsync($"{table}_1", "id,v\n101,a\n1,b\n102,c\n");

        Assert.Equal(["2:3 check * 1,b"], await service.DeadLettersAsync(job));
        Assert.Equal(1, await service.Database.ScalarAsync<int>($"SELECT attempt FROM pipeline.jobs WHERE id = '{job.Id}'"));
        Assert.Equal(["0 2 0"], await CountsAsync(table));
    }

    private static string Lines(int first, int count) => string.Concat(
        Enumerable.Range(first, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{i},{i}\n")));

    private Task<string[]> CountsAsync(string table) => service.RowsAsync(
        $"SELECT concat_ws(' ', (SELECT count(*) FROM {table}_0), (SELECT count(*) FROM {table}_1), (SELECT count(*) FROM {table}_2))");

    /// <summary>Three partitions, the last of them with partitions of its own.</summary>
    private async Task<string> CreateAsync(
        string commit, string key = "", string schema = "", bool required = false, string fields = "")
    {
        string table = string.Create(CultureInfo.InvariantCulture, $"parted_{Interlocked.Increment(ref _tables)}");
        await service.Database.ExecuteAsync($"""
            CREATE TABLE public.{table} (id bigint, v text, {(fields.Length > 0 ? "parent bigint," : "")}
                _job_id uuid, _record bigint{(key.Length > 0 ? $", {key}" : "")}) PARTITION BY RANGE (id);
            CREATE TABLE public.{table}_0 PARTITION OF {table} FOR VALUES FROM (0) TO (100);
            CREATE TABLE public.{table}_1 PARTITION OF {table} FOR VALUES FROM (100) TO (200);
            CREATE TABLE public.{table}_2 PARTITION OF {table} FOR VALUES FROM (200) TO (100000) PARTITION BY HASH (id);
            CREATE TABLE public.{table}_2a PARTITION OF {table}_2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
            CREATE TABLE public.{table}_2b PARTITION OF {table}_2 FOR VALUES WITH (MODULUS 2, REMAINDER 1)
            """);
        string constraints = required ? """, "constraints": { "required": true }""" : "";
        await service.DeclareAsync(
            table, Fields.Replace("\"integer\"", $"\"integer\"{constraints}", StringComparison.Ordinal) + fields, commit, schema);
        return table;
    }
}
