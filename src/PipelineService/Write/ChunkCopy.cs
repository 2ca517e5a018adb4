using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Hosting;

namespace PipelineService.Write;

/// <summary>Sends encoded rows by binary COPY. The encoded buffer is the unit of retry: it can be sent again as it is.</summary>
public static class ChunkCopy
{
    /// <summary>Sends a whole COPY: header, rows, trailer.</summary>
    /// <exception cref="PostgresException">The database refused a row; the transaction needs its savepoint.</exception>
    public static async Task SendAsync(
        NpgsqlConnection connection, string sql, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        FaultPoints.Reach(FaultPoint.CopyBeginning);
        NpgsqlRawCopyStream copy = await connection.BeginRawBinaryCopyAsync(sql, cancellationToken);
        await using (copy)
        {
            await copy.WriteAsync(bytes, cancellationToken);
            FaultPoints.Reach(FaultPoint.CopySent);
        }

        FaultPoints.Reach(FaultPoint.CopyEnded);
    }

    /// <summary>Sends the rows but for some.</summary>
    /// <param name="rows">All rows of the chunk.</param>
    /// <param name="except">1-based numbers of the rows to leave out, ascending.</param>
    public static async Task SendExceptAsync(
        NpgsqlConnection connection, string sql, RowBuffer rows, int[] except, CancellationToken cancellationToken)
    {
        NpgsqlRawCopyStream copy = await connection.BeginRawBinaryCopyAsync(sql, cancellationToken);
        await using (copy)
        {
            await copy.WriteAsync(RowBuffer.Header.ToArray(), cancellationToken);
            int next = 0;
            foreach (int left in except)
            {
                await copy.WriteAsync(rows.RowBytes(next, left - 1 - next), cancellationToken);
                next = left;
            }

            await copy.WriteAsync(rows.RowBytes(next, rows.Count - next), cancellationToken);
            await copy.WriteAsync(RowBuffer.Trailer.ToArray(), cancellationToken);
        }
    }
}
