using System.Text;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write.Targets;

/// <summary>A column that the header does not have is left to the table, as by \copy with a list of columns.</summary>
public sealed class AbsentColumnTests(LoadingService service) : IClassFixture<LoadingService>
{
    [Theory]
    [InlineData("job", "superset")]
    [InlineData("chunk", "partial")]
    public async Task Takes_the_default_of_the_table(string commit, string match)
    {
        string table = $"absent_{commit}";
        await service.Database.ExecuteAsync($"""
            CREATE TABLE public.{table} (id bigint UNIQUE, state text DEFAULT 'new', kind text NOT NULL DEFAULT 'plain', free text,
                _job_id uuid, _record bigint)
            """);
        await service.DeclareAsync(
            table,
            """
            { "name": "state", "type": "string" }, { "name": "id", "type": "integer" },
            { "name": "kind", "type": "string", "constraints": { "required": true } }, { "name": "free", "type": "string" }
            """,
            commit,
            schema: $", \"fieldsMatch\": \"{match}\"");

        JobView some = await service.LoadAsync(table, "id\n1\n2\n2\nx\n");
        JobView all = await service.LoadAsync(table, "kind,id,state,free\nfine,3,,\n,4,,\n");

        Assert.Equal(["1 new plain ?", "2 new plain ?", "3 ? fine ?"], await service.RowsAsync(
            $"SELECT concat_ws(' ', id, coalesce(state, '?'), kind, coalesce(free, '?')) FROM {table} ORDER BY id"));
        Assert.Equal(["3:4 unique id 2", "4:5 type_mismatch id x"], await service.DeadLettersAsync(some));
        Assert.Equal(["2:3 required kind ,4,,"], await service.DeadLettersAsync(all));
    }

    [Fact]
    public async Task Is_missed_where_it_is_required_and_the_table_has_nothing_for_it()
    {
        await service.DeclareAsync(
            "missed",
            """{ "name": "id", "type": "integer" }, { "name": "kind", "type": "string", "constraints": { "required": true } }""",
            schema: """, "fieldsMatch": "superset" """);

        JobView job = await service.LoadAsync("missed", "id\n1\n");

        Assert.Equal(["1:2 required kind 1"], await service.DeadLettersAsync(job));
    }

    [Fact]
    public async Task Is_NULL_in_a_JSON_record_that_leaves_it_out()
    {
        await service.Database.ExecuteAsync(
            "CREATE TABLE public.json_absent (id bigint, state text DEFAULT 'new', _job_id uuid, _record bigint)");
        await service.DeclareAsync("json_absent", """{ "name": "id", "type": "integer" }, { "name": "state", "type": "string" }""");

        await service.LoadAsync("json_absent", Encoding.UTF8.GetBytes("""{"id":1}"""), "application/x-ndjson");

        Assert.Equal(["1 ?"], await service.RowsAsync("SELECT concat_ws(' ', id, coalesce(state, '?')) FROM json_absent"));
    }
}
