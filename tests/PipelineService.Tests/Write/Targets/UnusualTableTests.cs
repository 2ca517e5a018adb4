using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write.Targets;

/// <summary>Tables on which the way that finds refused rows has had no room, no permission or no name left.</summary>
public sealed class UnusualTableTests(LoadingService service) : IClassFixture<LoadingService>
{
    private static readonly string[] Ours =
        ["_pipeline_row", "_pipeline_row_", "s", "t", "p", "n", "o", "ord", "number", "place", "state", "_row", "_state", "ctid_"];

    [Fact]
    public async Task A_key_too_long_for_its_index_costs_its_record()
    {
        await service.DeclareAsync("long_keys", """{ "name": "id", "type": "integer" }, { "name": "k", "type": "string" }""");
        await service.Database.ExecuteAsync("ALTER TABLE long_keys ADD UNIQUE (k)");
        Random random = new(1);
        string key = string.Concat(Enumerable.Range(0, 9_000).Select(_ => (char)random.Next('a', 'z' + 1)));

        JobView job = await service.LoadAsync("long_keys", $"id,k\n1,a\n2,{key}\n3,b\n");

        Assert.Equal(new RecordsView(3, 2, 1, 0), job.Records);
        Assert.StartsWith("2:3 database", Assert.Single(await service.DeadLettersAsync(job)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_identity_column_takes_what_is_sent_also_where_a_row_is_refused()
    {
        await service.Database.ExecuteAsync(
            "CREATE TABLE public.identities (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE)");
        await service.Api.DeclareAsync("identities", """
            { 'schema': { 'fields': [ { 'name': 'id', 'type': 'integer', 'constraints': { 'required': true } },
                { 'name': 'name', 'type': 'string' } ] }, 'load': { 'lineage': false } }
            """);

        JobView job = await service.LoadAsync("identities", "id,name\n10,Ada\n11,Ada\n12,Bo\n12,Cy\n");

        Assert.True(job.Error is null, job.Error?.Detail);
        Assert.Equal(["2:3 unique name 11,Ada", "4:5 unique id 12,Cy"], await service.DeadLettersAsync(job));
        Assert.Equal(["10 Ada", "12 Bo"], await service.RowsAsync("SELECT id || ' ' || name FROM identities ORDER BY id"));
    }

    [Fact]
    public async Task Columns_may_be_named_as_ours_are()
    {
        await service.DeclareAsync("named_like_ours", string.Join(", ", Ours.Select(n => $"{{ \"name\": \"{n}\", \"type\": \"integer\" }}")));
        await service.Database.ExecuteAsync("""
            ALTER TABLE named_like_ours ADD UNIQUE (_pipeline_row), ADD UNIQUE (s, t), ADD CHECK (n <> 4), ADD CHECK (ord < place + 100)
            """);
        string Line(int value) => string.Join(",", Ours.Select(_ => value)) + "\n";

        JobView job = await service.LoadAsync(
            "named_like_ours", string.Join(",", Ours) + "\n" + Line(1) + Line(2) + Line(1) + Line(4) + Line(5));

        Assert.Equal(["1", "2", "5"], await service.RowsAsync("SELECT s::text FROM named_like_ours ORDER BY s"));
        Assert.Equal(2, job.Records.Rejected);
    }

    /// <summary>The most columns that a table can have leave no room for a number in a staging table.</summary>
    [Fact]
    public async Task A_table_of_1600_columns_has_single_rows_refused()
    {
        string[] names = [.. Enumerable.Range(0, 1_598).Select(i => $"c{i}")];
        await service.DeclareAsync("widest", string.Join(", ", names.Select(n => $"{{ \"name\": \"{n}\", \"type\": \"boolean\" }}")));
        await service.Database.ExecuteAsync("ALTER TABLE widest ADD CHECK (c1597)");
        string Line(string last) => string.Concat(Enumerable.Repeat(",", 1_597)) + last + "\n";

        JobView job = await service.LoadAsync(
            "widest", string.Join(",", names) + "\n" + Line("true") + Line("false") + Line("true") + Line("true"));

        Assert.Equal(new RecordsView(4, 3, 1, 0), job.Records);
        Assert.StartsWith("2:3 check c1597", Assert.Single(await service.DeadLettersAsync(job)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_too_big_for_a_page_costs_itself()
    {
        string[] names = [.. Enumerable.Range(0, 1_200).Select(i => $"c{i}")];
        await service.DeclareAsync("big_rows", string.Join(", ", names.Select(n => $"{{ \"name\": \"{n}\", \"type\": \"string\" }}")));
        string Line(string value) => string.Join(",", names.Select(_ => value)) + "\n";

        JobView job = await service.LoadAsync(
            "big_rows", string.Join(",", names) + "\n" + Line("a") + Line(new string('x', 24)) + Line("b"));

        Assert.Equal((JobState.PartiallySucceeded, new RecordsView(3, 2, 1, 0)), (job.State, job.Records));
        Assert.Equal(["a", "b"], await service.RowsAsync("SELECT c7 FROM big_rows ORDER BY c7"));
    }
}
