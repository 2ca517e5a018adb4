using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write.Rejects;

/// <summary>Of records with the same key the first in the file is loaded; every other becomes a dead letter.</summary>
public sealed class DuplicateKeyTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields = """
        { "name": "a", "type": "integer", "constraints": { "required": true } },
        { "name": "b", "type": "string", "constraints": { "required": true } }
        """;

    private static int _datasets;

    public static TheoryData<string> Policies => ["job", "chunk"];

    [Theory, MemberData(nameof(Policies))]
    public async Task The_first_of_two_records_with_a_key_wins(string commit)
    {
        string table = await DeclareAsync("""["a"]""", commit);

        JobView job = await service.LoadAsync(table, "a,b\n1,first\n2,only\n1,second\n1,third\n");

        Assert.Equal(["1 first", "2 only"], await service.RowsAsync($"SELECT a || ' ' || b FROM {table} ORDER BY a"));
        Assert.Equal(["3:4 unique a 1,second", "4:5 unique a 1,third"], await service.DeadLettersAsync(job));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_composite_key_is_a_duplicate_as_a_whole_only(string commit)
    {
        string table = await DeclareAsync("""["a", "b"]""", commit);

        JobView job = await service.LoadAsync(table, "b,a\nx,1\ny,1\nx,2\nx,1\n");

        Assert.Equal(3, job.Records.Loaded);
        Assert.Equal(["4:5 unique * x,1"], await service.DeadLettersAsync(job));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_duplicate_is_told_in_the_words_of_the_dataset_with_its_value(string commit)
    {
        string one = await DeclareAsync("""["a"]""", commit);
        string both = await DeclareAsync("""["b", "a"]""", commit);

        JobView csv = await service.LoadAsync(one, "b,a\nx,1\ny,2\n\"say \"\"hi\"\"\",1\n");
        JobView json = await service.LoadAsync(one, "{\"b\":\"z\",\"a\":3}\n{\"b\":\"z\",\"a\":\"2\"}\n"u8.ToArray(), "application/x-ndjson");
        JobView composite = await service.LoadAsync(both, "b,a\n\"say \"\"hi\"\"\",1\n\"say \"\"hi\"\"\",1\n");

        Assert.Equal(["a|A row with this \"a\" exists already, in the table or earlier in the upload.|1"], await ReasonsAsync(csv));
        Assert.Equal(["a|A row with this \"a\" exists already, in the table or earlier in the upload.|2"], await ReasonsAsync(json));
        Assert.Equal(
            ["*|A row with this \"b\" and \"a\" exists already, in the table or earlier in the upload.|say \"hi\", 1"],
            await ReasonsAsync(composite));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_duplicate_of_what_is_no_list_of_fields_names_its_index(string commit)
    {
        string table = await DeclareAsync("[]", commit);
        await service.Database.ExecuteAsync($"CREATE UNIQUE INDEX {table}_lower ON {table} (lower(b))");

        JobView job = await service.LoadAsync(table, "a,b\n1,x\n2,X\n");

        Assert.Equal(
            [$"*|A row with the same key exists already, in the table or earlier in the upload: unique index \"{table}_lower\".|~"],
            await ReasonsAsync(job));
    }

    /// <summary>A column of the key that the data does not have: PostgreSQL gave it its default.</summary>
    [Theory, MemberData(nameof(Policies))]
    public async Task A_duplicate_of_a_key_with_a_column_that_is_not_sent_names_all_and_shows_none(string commit)
    {
        string table = await DeclareAsync("[]", commit);
        await service.Database.ExecuteAsync($"ALTER TABLE {table} ADD c integer DEFAULT 7, ADD UNIQUE (a, c)");

        JobView job = await service.LoadAsync(table, "a,b\n1,x\n1,y\n");

        Assert.Equal(
            ["*|A row with this \"a\" and \"c\" exists already, in the table or earlier in the upload.|~"], await ReasonsAsync(job));
    }

    /// <summary>A key of another table, which a trigger fills, is none of the dataset's.</summary>
    [Theory, MemberData(nameof(Policies))]
    public async Task A_duplicate_in_another_table_is_told_as_PostgreSQL_tells_it(string commit)
    {
        string table = await DeclareAsync("[]", commit);
        await service.Database.ExecuteAsync($"""
            CREATE TABLE {table}_log (a bigint UNIQUE);
            CREATE FUNCTION {table}_log() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO {table}_log VALUES (NEW.a); RETURN NEW; END $$;
            CREATE TRIGGER log BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_log()
            """);

        JobView job = await service.LoadAsync(table, "a,b\n1,x\n1,y\n");

        Assert.Equal(
            [$"*|duplicate key value violates unique constraint \"{table}_log_a_key\"|~"], await ReasonsAsync(job));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_key_that_the_table_already_has_is_refused(string commit)
    {
        string table = await DeclareAsync("""["a"]""", commit);
        await service.LoadAsync(table, "a,b\n7,before\n");

        JobView job = await service.LoadAsync(table, "a,b\n6,new\n7,again\n8,new\n");

        Assert.Equal(
            ["6 new", "7 before", "8 new"], await service.RowsAsync($"SELECT a || ' ' || b FROM {table} ORDER BY a"));
        Assert.Equal(["2:3 unique a 7,again"], await service.DeadLettersAsync(job));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task A_tenth_of_duplicates_over_many_chunks_leaves_the_first_of_each(string commit)
    {
        string table = await DeclareAsync("""["a"]""", commit);
        int[] keys = [.. Enumerable.Range(1, 5000).Select(i => i % 10 == 0 ? i / 2 : i)];
        var seen = new HashSet<int>();
        bool[] isFirst = [.. keys.Select(seen.Add)];

        JobView job = await service.LoadAsync(table, "a,b\n" + string.Concat(keys.Select((key, i) => $"{key},r{i + 1}\n")));

        Assert.Equal(
            keys.Select((key, i) => (Text: $"{i + 1}:{i + 2} unique a {key},r{i + 1}", First: isFirst[i]))
                .Where(r => !r.First).Select(r => r.Text),
            await service.DeadLettersAsync(job));
        Assert.Equal(
            keys.Select((key, i) => (Text: $"{key} r{i + 1}", First: isFirst[i])).Where(r => r.First).Select(r => r.Text),
            await service.RowsAsync($"SELECT a || ' ' || b FROM {table} ORDER BY _record"));
    }

    private Task<string[]> ReasonsAsync(JobView job) => service.RowsAsync($"""
        SELECT format('%s|%s|%s', coalesce(errors->0->>'field', '*'), errors->0->>'message', coalesce(errors->0->>'value', '~'))
        FROM pipeline.dead_letters WHERE job_id = '{job.Id}' ORDER BY record
        """);

    private async Task<string> DeclareAsync(string key, string commit)
    {
        string dataset = $"keyed_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(dataset, Fields, commit, schema: $", \"primaryKey\": {key}");
        return dataset;
    }
}
