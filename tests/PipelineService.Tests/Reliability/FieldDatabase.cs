using Npgsql;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// A database in which the datasets of a <see cref="Field"/> are declared: once in a run, and copied for each class, which is spared a process.
/// </summary>
public sealed class FieldDatabase(PostgresServer server) : TestDatabase(server)
{
    protected override Task<string> CreateAsync() => Server.CopyPreparedAsync("field", PrepareAsync);

    private static async Task PrepareAsync(string connectionString)
    {
        await using var dataSource = NpgsqlDataSource.Create(connectionString);
        await using (Field field = new(connectionString, dataSource, "prepared"))
        {
            await field.StartAsync("");
        }

        await using NpgsqlCommand command = dataSource.CreateCommand("DELETE FROM pipeline.instances");
        await command.ExecuteNonQueryAsync();
    }
}
