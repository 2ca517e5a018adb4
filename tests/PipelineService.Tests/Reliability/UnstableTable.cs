using Npgsql;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// Somebody who alters, locks and drops a table while it is loaded. A job that meets that fails and leaves nothing, or waits
/// and loads all; no other job notices.
/// </summary>
internal sealed class UnstableTable(NpgsqlDataSource database, int seed) : IAsyncDisposable
{
    private const string Table = $"public.{Sample.Unstable}";
    private static readonly TimeSpan PauseMax = TimeSpan.FromMilliseconds(300);

    /// <summary>One transaction each, as an operator would do it.</summary>
    private static readonly string[] Changes =
    [
        $"BEGIN; LOCK TABLE {Table} IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(0.3); COMMIT",
        $"ALTER TABLE {Table} ALTER COLUMN amount TYPE numeric",
        $"ALTER TABLE {Table} ALTER COLUMN amount TYPE double precision",
        $"ALTER TABLE {Table} ADD COLUMN IF NOT EXISTS extra text NOT NULL DEFAULT 'x'",
        $"ALTER TABLE {Table} DROP COLUMN IF EXISTS note",
        $"DROP TABLE IF EXISTS {Table}",
    ];

    private readonly Random _random = new(seed);
    private readonly CancellationTokenSource _stop = new();
    private Task _changing = Task.CompletedTask;

    /// <summary>Begins to change it, until <see cref="SettleAsync"/>.</summary>
    public void Begin() => _changing = Task.Run(ChangeAsync);

    /// <summary>Ends the changes and leaves the table as its dataset declares it.</summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        await _stop.CancelAsync();
        await _changing;
        await RunAsync(
            $"""
            BEGIN;
            SET LOCAL lock_timeout = '60s';
            DO $$ BEGIN
                IF to_regclass('{Table}') IS NOT NULL AND NOT EXISTS (
                    SELECT FROM pg_attribute WHERE attrelid = to_regclass('{Table}') AND attname = 'note' AND NOT attisdropped) THEN
                    DROP TABLE {Table};
                END IF;
            END $$;
            {Sample.CreateTable(Sample.Unstable)};
            ALTER TABLE {Table} ALTER COLUMN amount TYPE bigint;
            COMMIT
            """,
            cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _changing;
        _stop.Dispose();
    }

    private async Task ChangeAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await RunAsync($"SET lock_timeout = '2s'; {Changes[_random.Next(Changes.Length)]}", _stop.Token);
                await RunAsync(Sample.CreateTable(Sample.Unstable), _stop.Token);
                await Task.Delay(PauseMax * _random.NextDouble(), TimeProvider.System, _stop.Token);
            }
            catch (Exception e) when (e is NpgsqlException or OperationCanceledException)
            {
                // The server was killed, the lock was not to be had, or it is the end.
            }
        }
    }

    private async Task RunAsync(string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.OpenConnectionAsync(cancellationToken);
        // As long as the cycle lasts: on a machine with much else to do, loads hold the table for longer than a command may take.
        await using NpgsqlCommand command = new(sql, connection) { CommandTimeout = 0 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
