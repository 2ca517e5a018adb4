using Npgsql;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Events;

/// <summary>Where the log ends and begins.</summary>
/// <param name="Head">The last position that was given; 0 before the first.</param>
/// <param name="Gone">Events up to this position are kept no longer.</param>
internal readonly record struct LogEnds(long Head, long Gone);

/// <summary>What a round of numbering came to.</summary>
/// <param name="HasWebhooks">Whether there is anybody to send events to.</param>
internal readonly record struct NumberingRound(LogEnds Ends, long Numbered, bool HasWebhooks);

/// <summary>The log of events in the database.</summary>
internal sealed class EventStore(Database database)
{
    /// <summary>Events of a round.</summary>
    public const int BatchMax = 20_000;

    /// <summary>
    /// Gives positions to what has come to be visible, in one round trip and one transaction; a round that died is as if it had never been.
    /// Another instance may be at it: then nothing is numbered here.
    /// </summary>
    public Task<NumberingRound> NumberAsync(CancellationToken cancellationToken, int batchMax = BatchMax) => database.RunAsync(
        (connection, token) => NumberAsync(connection, batchMax, token), cancellationToken);

    private static async Task<NumberingRound> NumberAsync(NpgsqlConnection connection, int batchMax, CancellationToken cancellationToken)
    {
        FaultPoints.Reach(FaultPoint.EventsNumbering);
        await using NpgsqlBatch batch = new(connection);
        batch.BatchCommands.Add(new(EventSql.Begin));
        batch.BatchCommands.Add(new(EventSql.Number) { Parameters = { new() { Value = batchMax } } });
        batch.BatchCommands.Add(new("COMMIT"));
        NumberingRound round;
        await using (NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            round = new(new(reader.GetInt64(0), reader.GetInt64(1)), reader.GetInt64(2), reader.GetBoolean(3));
            while (await reader.NextResultAsync(cancellationToken))
            {
                // To the end: an error of COMMIT comes there.
            }
        }

        FaultPoints.Reach(FaultPoint.EventsNumbered);
        return round;
    }

    public Task<LogEnds> FindEndsAsync(CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await using NpgsqlCommand command = new(EventSql.Ends, connection);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(token);
            await reader.ReadAsync(token);
            return new LogEnds(reader.GetInt64(0), reader.GetInt64(1));
        },
        cancellationToken);

    /// <summary>Events behind a position, in their order.</summary>
    /// <param name="until">The last position that is wanted.</param>
    public Task<List<EventRow>> ReadAsync(long after, long until, int limit, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => ReadAsync(connection, EventSql.Page, token, after, until, limit), cancellationToken);

    /// <summary>Those of a job.</summary>
    public Task<List<EventRow>> ReadOfJobAsync(Guid job, long after, CancellationToken cancellationToken) => database.RunAsync(
        (connection, token) => ReadAsync(connection, EventSql.OfJob, token, job, after), cancellationToken);

    /// <summary>From the columns <see cref="EventSql.Columns"/>.</summary>
    /// <param name="first">Which column the first of them is.</param>
    public static EventRow RowOf(NpgsqlDataReader reader, int first = 0) => new(
        reader.GetInt64(first),
        reader.GetGuid(first + 1),
        reader.GetString(first + 2),
        reader.GetString(first + 3),
        reader.IsDBNull(first + 4) ? null : reader.GetInt32(first + 4),
        reader.IsDBNull(first + 5) ? null : reader.GetString(first + 5),
        reader.IsDBNull(first + 6) ? null : reader.GetString(first + 6),
        reader.IsDBNull(first + 7) ? null : reader.GetGuid(first + 7),
        reader.GetDateTime(first + 8),
        reader.IsDBNull(first + 9) ? null : reader.GetString(first + 9));

    private static async Task<List<EventRow>> ReadAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object[] values)
    {
        await using NpgsqlCommand command = new(sql, connection);
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<EventRow> rows = [];
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(RowOf(reader));
        }

        return rows;
    }
}
