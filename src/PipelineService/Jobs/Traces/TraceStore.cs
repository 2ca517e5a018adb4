using Dapper;
using Npgsql;
using PipelineService.Hosting.Postgres;
using PipelineService.Spool.Conversion;

namespace PipelineService.Jobs.Traces;

/// <summary>A checkpoint that covers a record.</summary>
public sealed record TracedChunk
{
    public required long StartOffset { get; init; }

    public required long EndOffset { get; init; }

    public required long FirstRecord { get; init; }

    public required long FirstLine { get; init; }

    public required long Read { get; init; }

    public required long Loaded { get; init; }

    public required long Rejected { get; init; }

    public required long Filtered { get; init; }

    /// <summary>The number of the attempt that has committed it.</summary>
    public required long Epoch { get; init; }

    /// <summary>When its transaction began.</summary>
    public required DateTime CommittedAt { get; init; }

    public bool Has(long record) => record >= FirstRecord && record < FirstRecord + Read;
}

/// <summary>Something that a service did not answer.</summary>
internal sealed record TracedGap(short Op, string Reason, string State);

/// <summary>Where the rows of a job lie, and what was made of its upload.</summary>
internal sealed record TracedPlaces(long? ConvertedBytes, byte[]? ConvertedHash, long? RowsFile, long? RowsFrom, long? RowsUntil)
{
    public ConversionDigest? Converted => ConvertedBytes is { } bytes ? new ConversionDigest(bytes, ConvertedHash!) : null;
}

/// <summary>What the database knows of one record.</summary>
/// <param name="Chunk">The checkpoint that covers it; null where none does.</param>
internal sealed record TraceFacts(TracedChunk? Chunk, IReadOnlyList<TracedGap> Gaps, TracedPlaces Places);

/// <summary>Finds what is known of one record.</summary>
public sealed class TraceStore(Database database)
{
    /// <summary>Halving the longest upload takes fewer.</summary>
    private const int LooksMax = 128;

    internal Task<TraceFacts> FindAsync(Guid id, long record, CancellationToken cancellationToken) => database.RunAsync(
        async (connection, token) =>
        {
            TracedChunk? chunk = await FindChunkAsync(connection, id, record, token);
            List<TracedGap> gaps = [.. await connection.QueryAsync<TracedGap>(JobSql.Command(TraceSql.Gaps, new { id, record }, token))];
            TracedPlaces? places =
                await connection.QuerySingleOrDefaultAsync<TracedPlaces>(JobSql.Command(TraceSql.Places, new { id }, token));
            return new TraceFacts(chunk, gaps, places ?? new TracedPlaces(null, null, null, null, null));
        },
        cancellationToken);

    /// <summary>
    /// The checkpoints have an order by their offsets, which is that of their records: a search that halves what is left, and begins where
    /// the record would be if all were of one length.
    /// </summary>
    private static async Task<TracedChunk?> FindChunkAsync(
        NpgsqlConnection connection, Guid id, long record, CancellationToken cancellationToken)
    {
        if (await LookAsync(long.MaxValue) is not { } last)
        {
            return null;
        }

        (long low, long high) = (0, last.EndOffset);
        (long lowRecord, long highRecord) = (1, last.FirstRecord + last.Read);
        for (int look = 0; look < LooksMax && low <= high; look++)
        {
            double part = look % 2 == 0 && highRecord > lowRecord ? (double)(record - lowRecord) / (highRecord - lowRecord) : 0.5;
            long middle = Math.Clamp(low + (long)((high - low) * part), low, high);
            TracedChunk? chunk = await LookAsync(middle);
            if (chunk is null)
            {
                low = middle + 1;
            }
            else if (chunk.Has(record))
            {
                return chunk;
            }
            else if (record < chunk.FirstRecord)
            {
                (high, highRecord) = (chunk.StartOffset - 1, chunk.FirstRecord);
            }
            else
            {
                // Nothing starts between it and the place that was looked at.
                (low, lowRecord) = (Math.Max(chunk.EndOffset, middle + 1), chunk.FirstRecord + chunk.Read);
            }
        }

        return null;

        Task<TracedChunk?> LookAsync(long offset) =>
            connection.QuerySingleOrDefaultAsync<TracedChunk>(JobSql.Command(TraceSql.ChunkAt, new { id, offset }, cancellationToken));
    }
}
