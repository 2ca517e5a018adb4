using System.Globalization;
using System.Text;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using PipelineService.Write;

namespace PipelineService.Tests.Write.Targets;

/// <summary>Loads of tables whose columns PostgreSQL reads from text go by the same rules as all others.</summary>
public sealed class DatabaseTypeLoadTests(DatabaseTypes service) : IClassFixture<DatabaseTypes>
{
    private const string Fields = """{ "name": "id", "type": "integer" }, { "name": "v", "type": "string" }""";

    private static int _tables;

    public static TheoryData<string, string> Ways => new()
    {
        { "inet", "job" },
        { "inet", "chunk" },
        { "home", "job" },
        { "home", "chunk" },
    };

    /// <summary>Some twenty chunks, with one bad value in seven: <c>home</c> is a domain.</summary>
    [Theory, MemberData(nameof(Ways))]
    public async Task Many_bad_values_cost_their_records(string type, string commit)
    {
        string table = await CreateAsync($"v {type}", commit);
        StringBuilder data = new("id,v\n");
        for (int i = 0; i < 3_500; i++)
        {
            data.Append(CultureInfo.InvariantCulture, $"{i},{(i % 7 == 3 ? "no address" : $"10.0.{i / 250}.{i % 250}")}\n");
        }

        JobView job = await service.LoadAsync(table, data.ToString());

        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(3_500, 3_000, 500, 0)), (job.State, job.Records));
        Assert.Equal("3000 0 3499", Assert.Single(await service.RowsAsync(
            $"SELECT count(DISTINCT (id, _record)) || ' ' || count(*) FILTER (WHERE id % 7 = 3 OR id <> _record - 1) || ' ' || max(id) FROM {table}")));
        Assert.Equal("500 500", Assert.Single(await service.RowsAsync($$"""
            SELECT count(*) || ' ' || count(*) FILTER (WHERE errors->0 @> '{"field": "v", "code": "type_mismatch", "value": "no address"}')
            FROM pipeline.dead_letters WHERE job_id = '{{job.Id}}'
            """)));
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task A_key_counts_as_its_type_compares_it(string type, string commit)
    {
        string table = await CreateAsync($"v {type} UNIQUE", commit);

        JobView job = await service.LoadAsync(table, "id,v\n1,10.0.0.1\n2,10.0.0.2\n3,10.0.0.1/32\n4,x\n5,10.0.0.2\n6,\n7,\n");

        Assert.Equal(["3:4 unique v 3,10.0.0.1/32", "4:5 type_mismatch v 4,x", "5:6 unique v 5,10.0.0.2"], await service.DeadLettersAsync(job));
        Assert.Equal(["1", "2", "6", "7"], await service.RowsAsync($"SELECT id::text FROM {table} ORDER BY id"));
    }

    [Fact]
    public async Task A_key_of_citext_heeds_no_case()
    {
        string table = await CreateAsync("v citext UNIQUE CHECK (v <> 'Q')", "job");

        JobView job = await service.LoadAsync(table, "id,v\n1,Ab\n2,aB\n3,q\n4,c\n");

        Assert.Equal(["2:3 unique v 2,aB", "3:4 check v 3,q"], await service.DeadLettersAsync(job));
    }

    [Fact]
    public async Task Ranges_may_exclude_each_other()
    {
        string table = await CreateAsync("v int4range, EXCLUDE USING gist (v WITH &&)", "job");

        JobView job = await service.LoadAsync(table, "id,v\n1,\"[1,5)\"\n2,\"[4,6)\"\n3,\"[5,6)\"\n4,\"[9,1)\"\n");

        Assert.Equal(
            ["2:3 database * 2,\"[4,6)\"", "4:5 type_mismatch v 4,\"[9,1)\""], await service.DeadLettersAsync(job));
    }

    /// <summary>A trigger may mend a row and let it fall, and the rows that landed are counted.</summary>
    [Theory, MemberData(nameof(Ways))]
    public async Task A_trigger_sees_the_values_of_the_type(string type, string commit)
    {
        string table = await CreateAsync($"v {type} UNIQUE CHECK (host(v) <> '10.0.0.9')", commit);
        await service.Database.ExecuteAsync($"""
            CREATE FUNCTION {table}_before() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF host(NEW.v) = '10.0.0.7' THEN RETURN NULL; END IF;
                IF host(NEW.v) = '10.0.0.8' THEN NEW.v := '10.0.0.80'; END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER before BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_before()
            """);

        JobView good = await service.LoadAsync(table, "id,v\n1,10.0.0.1\n2,10.0.0.7\n3,10.0.0.8\n");
        JobView bad = await service.LoadAsync(table, "id,v\n4,10.0.0.7\n5,x\n6,10.0.0.9\n7,10.0.0.8\n8,10.0.0.2\n");

        Assert.Equal((JobState.Succeeded, new RecordsView(3, 2, 0, 1)), (good.State, good.Records));
        Assert.Equal(new RecordsView(5, 1, 3, 1), bad.Records);
        Assert.Equal(
            ["2:3 type_mismatch v 5,x", "3:4 check v 6,10.0.0.9", "4:5 unique v 7,10.0.0.8"], await service.DeadLettersAsync(bad));
        Assert.Equal(["10.0.0.1", "10.0.0.80", "10.0.0.2"], await service.RowsAsync($"SELECT host(v) FROM {table} ORDER BY id"));
    }

    /// <summary>The first records refer to the last, chunks later.</summary>
    [Fact]
    public async Task Rows_wait_for_others_of_their_job()
    {
        string table = await CreateAsync("v inet UNIQUE, parent inet", "job", """, { "name": "parent", "type": "string" }""");
        await service.Database.ExecuteAsync($"ALTER TABLE {table} ADD FOREIGN KEY (parent) REFERENCES {table} (v)");
        StringBuilder data = new("id,v,parent\n");
        for (int i = 0; i < 1_000; i++)
        {
            string parent = i switch { 0 => "10.1.0.1", 1 => "10.9.9.9", 2 => "x", < 20 => "10.0.3.249", _ => "" };
            data.Append(CultureInfo.InvariantCulture, $"{i},10.0.{i / 250}.{i % 250},{parent}\n");
        }

        JobView job = await service.LoadAsync(table, data.Append("1000,10.1.0.1,10.0.0.0\n").ToString());

        Assert.Equal(
            ["2:3 foreign_key parent 1,10.0.0.1,10.9.9.9", "3:4 type_mismatch parent 2,10.0.0.2,x"], await service.DeadLettersAsync(job));
        Assert.Equal(new RecordsView(1_001, 999, 2, 0), job.Records);
    }

    /// <summary>COPY passes rules over, so rows that are refused are found in halves.</summary>
    [Fact]
    public async Task A_rule_is_passed_over()
    {
        string table = await CreateAsync("v inet UNIQUE", "job");
        await service.Database.ExecuteAsync($"CREATE RULE swallowed AS ON INSERT TO {table} DO INSTEAD NOTHING");

        JobView job = await service.LoadAsync(table, "id,v\n1,10.0.0.1\n2,x\n3,10.0.0.1\n4,10.0.0.4\n");

        Assert.Equal(["2:3 type_mismatch v 2,x", "3:4 unique v 3,10.0.0.1"], await service.DeadLettersAsync(job));
        Assert.Equal(["1", "4"], await service.RowsAsync($"SELECT id::text FROM {table} ORDER BY id"));
    }

    /// <summary>A value too long for the index is no fault of its type: it is found by inserting the row.</summary>
    [Fact]
    public async Task What_only_an_insert_tells_is_told()
    {
        string table = await CreateAsync("v plain UNIQUE", "job");
        Random random = new(1);
        string key = string.Concat(Enumerable.Range(0, 9_000).Select(_ => (char)random.Next('a', 'z' + 1)));

        JobView job = await service.LoadAsync(table, $"id,v\n1,a\n2,{key}\n3,\"a\nb\"\n");

        Assert.Equal(new RecordsView(3, 2, 1, 0), job.Records);
        Assert.StartsWith("2:3 database", Assert.Single(await service.DeadLettersAsync(job)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_column_that_became_text_goes_on_being_loaded_and_another_type_fails_the_job()
    {
        string table = await CreateAsync("v mood", "job");
        await service.Database.ExecuteAsync($"ALTER TABLE {table} ALTER COLUMN v TYPE text");
        Assert.Equal(JobState.Succeeded, (await service.LoadAsync(table, "id,v\n1,whatever\n")).State);
        await service.Database.ExecuteAsync($"ALTER TABLE {table} ALTER COLUMN v TYPE citext");

        JobView job = await service.LoadAsync(table, "id,v\n1,whatever\n");

        Assert.Equal((JobState.Failed, "target_refused"), (job.State, job.Error?.Code));
        Assert.Contains("\"v\" is public.citext in the table and public.mood here", job.Error?.Detail, StringComparison.Ordinal);
    }

    /// <summary>COPY of text has no trailer: only a failure tells the server that more was to come.</summary>
    [Fact]
    public async Task A_copy_of_text_that_breaks_off_stores_nothing()
    {
        string table = await CreateAsync("v plain", "job");
        RowPlan plan = new(new()
        {
            Schema = new TableSchema
            {
                Fields = [new() { Name = "v", Type = FieldType.String, SqlType = SqlType.Other("public.plain") }],
            },
            Load = new LoadPolicy { Table = new TableName("public", table), Lineage = false },
        });
        RowBuffer rows = new();
        for (int i = 0; i < 2_000; i++)
        {
            rows.BeginRow(1);
            rows.WriteBytesField(Encoding.UTF8.GetBytes(new string('x', 100)));
            rows.EndRow(i, i, 0, 0);
        }

        await using NpgsqlConnection connection = await service.Database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        ChunkCopy copy = new(connection, plan, TimeSpan.FromMinutes(1));
        string sql = $"COPY {table} (v) FROM STDIN (FORMAT text)";
        int[] tooMany = [.. Enumerable.Range(0, 2_001)];

        await Assert.ThrowsAnyAsync<Exception>(() => copy.SendTextAsync(sql, rows, tooMany, CancellationToken.None));
        Assert.Equal(0, await service.CountRowsAsync(table));

        await copy.SendTextAsync(sql, rows, tooMany[..2_000], CancellationToken.None);
        Assert.Equal(2_000, await service.CountRowsAsync(table));
    }

    private async Task<string> CreateAsync(string columns, string commit, string fields = "")
    {
        string table = string.Create(CultureInfo.InvariantCulture, $"typed_load_{Interlocked.Increment(ref _tables)}");
        await service.Database.ExecuteAsync($"CREATE TABLE public.{table} (id bigint, {columns}, _job_id uuid, _record bigint)");
        await service.DeclareAsync(table, Fields + fields, commit);
        return table;
    }
}
