using PipelineService.Jobs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write;

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

    private async Task<string> DeclareAsync(string key, string commit)
    {
        string dataset = $"keyed_{Interlocked.Increment(ref _datasets)}";
        await service.DeclareAsync(dataset, Fields, commit, schema: $", \"primaryKey\": {key}");
        return dataset;
    }
}
