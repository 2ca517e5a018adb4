using Npgsql;

namespace PipelineService.Tests.Infrastructure;

/// <summary>Somebody who holds a table, as for maintenance, until the test releases it.</summary>
internal sealed class TableLock : IAsyncDisposable
{
    private readonly NpgsqlConnection _holder;

    private TableLock(NpgsqlConnection holder) => _holder = holder;

    public static async Task<TableLock> TakeAsync(TestDatabase database, string table)
    {
        NpgsqlConnection holder = await database.DataSource.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await using NpgsqlCommand command = new($"BEGIN; LOCK TABLE public.{table} IN ACCESS EXCLUSIVE MODE", holder);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        return new TableLock(holder);
    }

    public async Task ReleaseAsync()
    {
        await using NpgsqlCommand command = new("COMMIT", _holder);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync() => _holder.DisposeAsync();
}
