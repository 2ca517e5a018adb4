using System.Globalization;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Write.Rejects;

/// <summary>
/// Rows that are inserted one by one, because nothing foretells which of them a trigger refuses, are each tried a few times and no
/// more, whatever the trigger raises.
/// </summary>
public sealed class RowByRowTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const int Records = 600;

    /// <summary>In one go until the first is refused, one by one, and once more to stay.</summary>
    private const int TriesMax = 3;

    private const string Fields = """{ "name": "n", "type": "integer" }""";

    [Theory]
    [InlineData("tried_raise", "RAISE EXCEPTION 'No.'")]
    [InlineData("tried_table", "PERFORM FROM no_such_table")]
    [InlineData("tried_schema", "PERFORM no_such_schema.f()")]
    [InlineData("tried_right", "RAISE EXCEPTION 'No.' USING ERRCODE = 'insufficient_privilege'")]
    public async Task A_row_is_tried_a_few_times_whatever_a_trigger_raises_for_others(string table, string refusal)
    {
        await DeclareAsync(table, $"IF NEW.n % 4 = 0 THEN {refusal}; END IF;");

        JobView job = await service.LoadAsync(table, Csv());

        Assert.Equal(new RecordsView(Records, Records - (Records / 4), Records / 4, 0), job.Records);
        Assert.InRange(await service.Database.ScalarAsync<long>($"SELECT last_value FROM {table}_tries"), Records, Records * TriesMax);
    }

    /// <summary>Nothing lands, and the code says that the table is wrong: then it is, and no row is told to be.</summary>
    [Fact]
    public async Task A_table_that_takes_no_row_is_to_blame_for_it()
    {
        await DeclareAsync("takes_none", "PERFORM FROM no_such_table;");

        JobView job = await service.LoadAsync("takes_none", Csv());

        Assert.Equal((JobState.Failed, "target_refused"), (job.State, job.Error?.Code));
        Assert.Equal(0, job.Records.Rejected);
    }

    private async Task DeclareAsync(string table, string line)
    {
        await service.DeclareAsync(table, Fields);
        await service.Database.ExecuteAsync($"""
            CREATE SEQUENCE {table}_tries;
            CREATE FUNCTION {table}_look() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM nextval('{table}_tries'); {line} RETURN NEW; END $$;
            CREATE TRIGGER look BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_look();
            """);
    }

    private static string Csv() => "n\n" + string.Concat(
        Enumerable.Range(1, Records).Select(n => string.Create(CultureInfo.InvariantCulture, $"{n}\n")));
}
