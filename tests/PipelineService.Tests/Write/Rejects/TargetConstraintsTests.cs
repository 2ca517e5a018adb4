using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Datasets;
using PipelineService.Datasets.Tables;
using PipelineService.Tests.Infrastructure;
using PipelineService.Write.Rejects;

namespace PipelineService.Tests.Write.Rejects;

/// <summary>
/// The screen itself. A load does not need it to be right, only to be fast: were its SQL wrong, every row would be inserted by
/// itself, and no test of what is loaded would notice.
/// </summary>
public sealed class TargetConstraintsTests(LoadingService service) : IClassFixture<LoadingService>
{
    private const string Fields = """{ "name": "id", "type": "integer" }, { "name": "parent", "type": "integer" }""";

    [Theory]
    [InlineData("one_key", "ADD CONSTRAINT k UNIQUE (id)", 2, 4)]
    [InlineData("two_keys", "ADD CONSTRAINT k UNIQUE (id), ADD CONSTRAINT l UNIQUE (parent, id)", 2, 4)]
    [InlineData("a_check", "ADD CONSTRAINT c CHECK (id <> 3)", 3)]
    [InlineData("orphans", "ADD CONSTRAINT f FOREIGN KEY (parent) REFERENCES orphans_parent", 3)]
    [InlineData("own_parent", "ADD CONSTRAINT k UNIQUE (id), ADD CONSTRAINT o FOREIGN KEY (parent) REFERENCES own_parent (id)", 2, 3, 4)]
    [InlineData("all_kinds", "ADD CONSTRAINT k UNIQUE (id), ADD CONSTRAINT c CHECK (id <> 3), "
        + "ADD CONSTRAINT f FOREIGN KEY (parent) REFERENCES all_kinds_parent", 2, 3, 4)]
    public async Task Screen_names_the_rows_that_are_likely_to_break_a_constraint(
        string table, string constraints, params int[] found)
    {
        await service.DeclareAsync(table, Fields);
        await service.Database.ExecuteAsync($"""
            CREATE TABLE {table}_parent (id bigint PRIMARY KEY);
            INSERT INTO {table}_parent VALUES (1), (9);
            INSERT INTO {table} (id, parent, _job_id, _record) VALUES (9, NULL, gen_random_uuid(), 1);
            ALTER TABLE {table} {constraints}
            """);

        // Of the rows 2 repeats the table's key, 4 that of row 1, and 3 has no parent anywhere.
        Assert.Equal(found, await ScreenAsync(table, "(1, 1, 1), (2, 9, 9), (3, 3, 7), (4, 1, 1), (5, NULL, NULL)"));
        await service.Database.ExecuteAsync($"DROP TABLE {table}"); // and the names of its indexes
    }

    private async Task<List<int>> ScreenAsync(string table, string rows)
    {
        DatasetCatalog datasets = service.Service.Services.GetRequiredService<DatasetCatalog>();
        RowPlan plan = (await datasets.GetVersionAsync(table, 1, TestContext.Current.CancellationToken)).Plan;
        await using NpgsqlConnection connection =
            await service.Database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        TableShape? shape = await TargetTable.LookAsync(connection, plan.Definition.Load.Table, TestContext.Current.CancellationToken);
        TargetConstraints constraints = new(shape!, plan, plan.Definition.Load.Table);
        await using NpgsqlCommand command = new(
            $"""
            CREATE TEMPORARY TABLE _pipeline_keys AS SELECT * FROM (VALUES {rows}) AS r ({constraints.NumberColumn}, id, parent);
            {constraints.ScreenSql}
            """,
            connection);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        List<int> found = [];
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            found.Add(reader.GetInt32(0));
        }

        return found;
    }
}
