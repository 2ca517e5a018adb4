using System.Globalization;
using Npgsql;
using PipelineService.Events;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Events;

/// <summary>The log in a database without a service, and who numbers it.</summary>
internal sealed class EventLogStand(TestDatabase database)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public EventStore Store { get; } = new(database.Database);

    /// <summary>Writes an event of this name, in the transaction that the connection is in.</summary>
    public static async Task WriteAsync(NpgsqlConnection connection, string name)
    {
        await using NpgsqlCommand command = new(
            "INSERT INTO pipeline.events (type, dataset, version) VALUES ('dataset.version', $1, 1)", connection)
        {
            Parameters = { new() { Value = name } },
        };
        await command.ExecuteNonQueryAsync(Token);
    }

    /// <summary>The same in a transaction of its own.</summary>
    public async Task WriteAsync(string name)
    {
        await using NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync(Token);
        await WriteAsync(connection, name);
    }

    public async Task NumberAllAsync(int batchMax = EventStore.BatchMax)
    {
        while ((await Store.NumberAsync(Token, batchMax)).Numbered > 0)
        {
        }
    }

    /// <summary>The names of the events that have places, in their order; the places have no gap.</summary>
    public async Task<string[]> NumberedAsync()
    {
        List<EventRow> rows = await Store.ReadAsync(0, long.MaxValue, int.MaxValue, Token);
        long first = rows.Count == 0 ? 0 : rows[0].Position;
        Assert.Equal(rows.Select((_, i) => first + i), rows.Select(row => row.Position));
        return [.. rows.Select(row => row.Dataset)];
    }

    public async Task RenewAsync() => await database.ExecuteAsync(
        "TRUNCATE pipeline.events, pipeline.event_positions, pipeline.deliveries; UPDATE pipeline.event_floor SET position = 0");

    /// <summary>A transaction that stays open.</summary>
    public async Task<OpenEvents> BeginAsync()
    {
        NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync(Token);
        NpgsqlTransaction transaction = await connection.BeginTransactionAsync(Token);
        await using NpgsqlCommand begun = new("SELECT pg_current_xact_id()", connection);
        await begun.ExecuteScalarAsync(Token);
        return new OpenEvents(connection, transaction);
    }

    public Task<long> CountAsync(string from) => database.ScalarAsync<long>(string.Create(CultureInfo.InvariantCulture, $"SELECT count(*) {from}"));
}

/// <summary>A transaction that has begun, and writes events when it is told to.</summary>
internal sealed class OpenEvents(NpgsqlConnection connection, NpgsqlTransaction transaction) : IAsyncDisposable
{
    public NpgsqlConnection Connection => connection;

    public List<string> Written { get; } = [];

    public async Task WriteAsync(string name)
    {
        await EventLogStand.WriteAsync(connection, name);
        Written.Add(name);
    }

    public async Task CommitAsync()
    {
        await transaction.CommitAsync(TestContext.Current.CancellationToken);
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await transaction.DisposeAsync();
        await connection.DisposeAsync();
    }
}
