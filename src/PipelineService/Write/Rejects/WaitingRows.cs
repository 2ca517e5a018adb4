using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;

namespace PipelineService.Write.Rejects;

/// <summary>
/// Rows of a job that were refused for what another row of the same job may mend: a parent in the same table that comes in a
/// later chunk, or what the table lets be deferred to the COMMIT. Whether a row is taken must not depend on where a chunk ends,
/// so they wait, as they were encoded, in a temporary table of their session and are tried again when all others are there.
/// </summary>
/// <remarks>
/// Until then they count as rejected and have their dead letters, so that whatever ends the job tells of them. With
/// <c>commit: "chunk"</c> nothing waits: each chunk stands for itself.
/// </remarks>
public sealed class WaitingRows(WriteSession session, JobLoad load)
{
    private const int BatchRowsMax = 1_000;
    private const int BatchBytesMax = 4 << 20;

    private readonly RecordTally _told = new();
    private RecordTally _refused = new();
    private long _count;

    /// <summary>Keeps refused rows of a chunk for the end of the job.</summary>
    /// <param name="chunk">Where the chunk starts.</param>
    public async Task AddAsync(
        long chunk, RowBuffer rows, IReadOnlyList<RejectedRow> refused, CancellationToken cancellationToken)
    {
        _count += refused.Count;
        load.AddWaiting(refused.Count);
        foreach (RejectedRow row in refused)
        {
            _told.AddReason(row.Code);
        }

        await KeepAsync(chunk, rows, [.. refused.Select(row => row.Index)], cancellationToken);
    }

    /// <summary>Puts rows of a chunk into the temporary table.</summary>
    /// <param name="chunk">Where the chunk starts.</param>
    /// <param name="indexes">Which of its rows, 0-based.</param>
    public async Task KeepAsync(long chunk, RowBuffer rows, IReadOnlyList<int> indexes, CancellationToken cancellationToken)
    {
        if (indexes.Count == 0)
        {
            return;
        }

        await session.ExecuteAsync([new(WriteSql.CreateWaiting)], cancellationToken);
        for (int next = 0; next < indexes.Count;)
        {
            List<long> records = [];
            List<byte[]> encoded = [];
            for (int bytes = 0; next < indexes.Count && records.Count < BatchRowsMax && bytes < BatchBytesMax; next++)
            {
                records.Add(rows.Marks[indexes[next]].Record);
                encoded.Add(rows.RowBytes(indexes[next], 1).ToArray());
                bytes += encoded[^1].Length;
            }

            NpgsqlBatchCommand insert = new(WriteSql.InsertWaiting)
            {
                Parameters = { new() { Value = chunk }, new() { Value = records }, new() { Value = encoded } },
            };
            await session.ExecuteAsync([insert], cancellationToken);
        }
    }

    /// <summary>
    /// Tries them again, the last first, for as long as that loads any; what is refused still stays a dead letter.
    /// </summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        if (_count > 0)
        {
            await session.Savepoints.EndAsync(cancellationToken); // what is told of the chunks now could not be told again
        }

        for (long before = -1; _count > 0 && _count != before;)
        {
            before = _count;
            _refused = new RecordTally();
            long last = long.MaxValue;
            while (await ReadAsync(last, cancellationToken) is { Count: > 0 } batch)
            {
                last = batch[0].Record;
                await LoadAsync(batch, cancellationToken);
            }
        }

        load.AddWaiting(-_count);
        _count = 0;
        TellReasons();
    }

    /// <summary>Why those are rejected that are refused in the end, instead of why all of them were at first.</summary>
    private void TellReasons()
    {
        foreach ((RecordErrorCode code, long records) in _told.Rejects)
        {
            session.Tally.AddReason(code, -records);
        }

        session.Tally.Add(_refused);
    }

    private async Task LoadAsync(List<WaitingRow> batch, CancellationToken cancellationToken)
    {
        RowBuffer rows = new();
        foreach (WaitingRow row in batch)
        {
            rows.Append(row.Encoded, row.Record);
        }

        RowOutcome outcome = await session.Loader.RehearseAsync(rows, repeats: [], cancellationToken);
        session.Count(rows, outcome.Refused);
        await session.SpillViewsAsync(cancellationToken);
        foreach (RejectedRow row in outcome.Refused)
        {
            _refused.AddReason(row.Code);
        }

        HashSet<int> refused = [.. outcome.Refused.Select(row => row.Index)];
        WaitingRow[] gone = [.. batch.Where((_, index) => !refused.Contains(index))];
        if (gone.Length > 0)
        {
            await EndAsync(gone, outcome.Filtered, cancellationToken);
        }
    }

    /// <summary>
    /// Rows wait no longer: they have landed, but for some that a trigger let fall. Which ones those are PostgreSQL does not
    /// say; the sum is right for the job.
    /// </summary>
    private async Task EndAsync(WaitingRow[] gone, int filtered, CancellationToken cancellationToken)
    {
        long[] records = [.. gone.Select(row => row.Record)];
        List<NpgsqlBatchCommand> statements =
        [
            new(WriteSql.DeleteWaiting) { Parameters = { new() { Value = records } } },
            new(WriteSql.DeleteLettersOfWaiting)
            {
                Parameters =
                {
                    new() { Value = load.Plan.JobId },
                    new() { Value = records },
                    new() { Value = gone.Select(row => row.Chunk).ToArray() },
                },
            },
        ];
        int fallen = filtered;
        foreach (IGrouping<long, WaitingRow> chunk in gone.GroupBy(row => row.Chunk))
        {
            long rows = chunk.LongCount();
            long fell = Math.Min(fallen, rows);
            fallen -= (int)fell;
            statements.Add(new(WriteSql.MendCheckpoint)
            {
                Parameters =
                {
                    new() { Value = load.Plan.JobId },
                    new() { Value = chunk.Key },
                    new() { Value = rows - fell },
                    new() { Value = fell },
                },
            });
        }

        await session.ExecuteAsync(statements, cancellationToken);
        _count -= gone.Length;
        load.AddWaiting(-gone.Length);
        RecordCounts mended = new(Read: 0, gone.Length - filtered, -gone.Length, filtered);
        load.Add(mended, bytes: 0, ops: []);
        session.Tally.Add(mended);
    }

    /// <summary>The last rows before a record, in the order of the data, as many as are to be held at once.</summary>
    private async Task<List<WaitingRow>> ReadAsync(long before, CancellationToken cancellationToken)
    {
        List<WaitingRow> batch = [];
        await using NpgsqlCommand command = new(WriteSql.NextWaiting, session.Connection)
        {
            Parameters = { new() { Value = before }, new() { Value = BatchRowsMax } },
        };
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        for (int bytes = 0; bytes < BatchBytesMax && await reader.ReadAsync(cancellationToken);)
        {
            batch.Add(new(reader.GetInt64(0), reader.GetInt64(1), await reader.GetFieldValueAsync<byte[]>(2, cancellationToken)));
            bytes += batch[^1].Encoded.Length;
        }

        batch.Reverse();
        return batch;
    }

    private sealed record WaitingRow(long Record, long Chunk, byte[] Encoded);
}
