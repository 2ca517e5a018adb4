using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write;

/// <summary>A savepoint where the table can refuse something, and none where it cannot; rows tell by their xmin.</summary>
public sealed class SavepointTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields = """{ "name": "id", "type": "integer" }, { "name": "note", "type": "string" }""";

    /// <summary>The first chunk of a session lies behind a savepoint in any case: it comes with the look at the table.</summary>
    private const int SubtransactionsOfAPlainTable = 2 * 3;

    [Fact]
    public async Task None_where_nothing_can_be_refused()
    {
        await service.DeclareAsync("plain", Fields);

        JobView job = await LoadAsync("plain");

        Assert.Equal(JobState.Succeeded, job.State);
        Assert.InRange(await SubtransactionsAsync("plain"), 1, SubtransactionsOfAPlainTable);
    }

    [Fact]
    public async Task One_a_chunk_where_something_can()
    {
        await service.DeclareAsync("checked", Fields);
        await service.Database.ExecuteAsync("ALTER TABLE checked ADD CHECK (id > 0)");

        await LoadAsync("checked");

        Assert.True(await SubtransactionsAsync("checked") > SubtransactionsOfAPlainTable);
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

        JobView job = await LoadAsync("unforeseen");

        Assert.Equal((JobState.Succeeded, 1_000), (job.State, job.Records.Loaded));
        Assert.Equal(1_000, await service.CountRowsAsync("unforeseen"));
    }

    private Task<JobView> LoadAsync(string table) => service.LoadAsync(
        table, "id,note\n" + string.Concat(Enumerable.Range(1, 1_000).Select(i => $"{i},{new string('x', 50)}\n")));

    private Task<long> SubtransactionsAsync(string table) =>
        service.Database.ScalarAsync<long>($"SELECT count(DISTINCT xmin::text) FROM {table}");
}
