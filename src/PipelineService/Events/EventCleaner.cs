using System.Globalization;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Events;

/// <summary>
/// Empties the days that are kept no longer (<see cref="EventsOptions.Keep"/>), each at once: at the start and then every hour. Every
/// instance does; a day that is empty already costs a look.
/// </summary>
internal sealed partial class EventCleaner(
    Database database, DatabaseReadiness readiness, IOptions<EventsOptions> options, TimeProvider time, ILogger<EventCleaner> logger)
    : BackgroundService
{
    /// <summary>Parts of the tables, each for one day in turn.</summary>
    private const int Slots = 16;

    /// <summary>The part of today is in use, and that of tomorrow must be empty by then.</summary>
    public const int KeepDaysMax = Slots - 2;

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await readiness.WaitAsync(stoppingToken);
        using PeriodicTimer timer = new(Interval, time);
        using IDisposable untraced = PipelineTracing.Untraced();
        try
        {
            do
            {
                await CleanOrTellAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The next start goes on.
        }
    }

    /// <summary>One round.</summary>
    /// <returns>How many days went.</returns>
    internal async Task<int> CleanAsync(CancellationToken cancellationToken)
    {
        long today = await database.RunAsync(
            (connection, token) => connection.ExecuteScalarAsync<long>(new CommandDefinition(EventSql.Today, cancellationToken: token)),
            cancellationToken);
        await DropAsync(EventSql.DropStale, today % Slots, cancellationToken);
        long keep = (long)Math.Ceiling(options.Value.Keep.TotalDays);
        int dropped = 0;
        for (long day = today - Slots + 1; day < today - keep; day++)
        {
            dropped += await DropAsync(EventSql.Drop, day % Slots, cancellationToken) ? 1 : 0;
        }

        return dropped;
    }

    private Task<bool> DropAsync(string sql, long slot, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(token);
            await connection.ExecuteAsync(new CommandDefinition(EventSql.LockBriefly, cancellationToken: token));
            await using NpgsqlCommand drop = new(sql, connection)
            {
                Parameters = { new() { Value = Convert.ToInt32(slot, CultureInfo.InvariantCulture) } },
                CommandTimeout = 0,
            };
            bool isDropped = await drop.ExecuteScalarAsync(token) is true;
            await transaction.CommitAsync(token);
            return isDropped;
        },
        cancellationToken);

    private async Task CleanOrTellAsync(CancellationToken cancellationToken)
    {
        try
        {
            await CleanAsync(cancellationToken);
        }
        catch (DatabaseUnavailableException e)
        {
            Log.LeftForLater(logger, e.Message); // or somebody reads them: a backup, most likely
        }
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            Log.NotCleaned(logger, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Old events are left to the next hour: {Reason}")]
        public static partial void LeftForLater(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Old events could not be removed; the next hour tries again: {Reason}")]
        public static partial void NotCleaned(ILogger logger, string reason);
    }
}
