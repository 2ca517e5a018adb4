using System.Buffers;
using System.Buffers.Binary;
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
    /// <param name="except">0-based indexes of the rows to leave out, ascending.</param>
    public static async Task SendExceptAsync(
        NpgsqlConnection connection, string sql, RowBuffer rows, int[] except, CancellationToken cancellationToken)
    {
        if (except.Length == 0)
        {
            await SendAsync(connection, sql, rows.CopyBytes, cancellationToken);
            return;
        }

        FaultPoints.Reach(FaultPoint.CopyBeginning);
        NpgsqlRawCopyStream copy = await connection.BeginRawBinaryCopyAsync(sql, cancellationToken);
        await using (copy)
        {
            await copy.WriteAsync(RowBuffer.Header.ToArray(), cancellationToken);
            int next = 0;
            foreach (int left in except)
            {
                await copy.WriteAsync(rows.RowBytes(next, left - next), cancellationToken);
                next = left + 1;
            }

            await copy.WriteAsync(rows.RowBytes(next, rows.Count - next), cancellationToken);
            await copy.WriteAsync(RowBuffer.Trailer.ToArray(), cancellationToken);
            FaultPoints.Reach(FaultPoint.CopySent);
        }

        FaultPoints.Reach(FaultPoint.CopyEnded);
    }

    /// <summary>Sends some rows.</summary>
    /// <param name="only">0-based indexes of the rows to send, ascending; few.</param>
    public static async Task SendOnlyAsync(
        NpgsqlConnection connection, string sql, RowBuffer rows, IEnumerable<int> only, CancellationToken cancellationToken)
    {
        ArrayBufferWriter<byte> bytes = new();
        bytes.Write(RowBuffer.Header);
        foreach (int index in only)
        {
            bytes.Write(rows.RowBytes(index, 1).Span);
        }

        bytes.Write(RowBuffer.Trailer);
        await SendAsync(connection, sql, bytes.WrittenMemory, cancellationToken);
    }

    /// <summary>Sends rows, or some columns of them, with their index in the chunk as an additional first column (integer).</summary>
    /// <param name="some">0-based indexes of the rows to send, ascending, or null for all.</param>
    /// <param name="columns">0-based indexes of the columns to send, or null for all.</param>
    public static async Task SendNumberedAsync(
        NpgsqlConnection connection, string sql, RowBuffer rows, int[]? some, int[]? columns, CancellationToken cancellationToken)
    {
        ArrayBufferWriter<byte> bytes = new();
        bytes.Write(RowBuffer.Header);
        for (int i = 0; i < (some?.Length ?? rows.Count); i++)
        {
            int index = some?[i] ?? i;
            ReadOnlySpan<byte> row = rows.RowBytes(index, 1).Span;
            int fields = columns?.Length ?? BinaryPrimitives.ReadInt16BigEndian(row);
            Span<byte> start = bytes.GetSpan(sizeof(short) + sizeof(int) + sizeof(int));
            BinaryPrimitives.WriteInt16BigEndian(start, (short)(fields + 1));
            BinaryPrimitives.WriteInt32BigEndian(start[sizeof(short)..], sizeof(int));
            BinaryPrimitives.WriteInt32BigEndian(start[(sizeof(short) + sizeof(int))..], index);
            bytes.Advance(sizeof(short) + sizeof(int) + sizeof(int));
            if (columns is null)
            {
                bytes.Write(row[sizeof(short)..]);
                continue;
            }

            foreach (int column in columns)
            {
                bool hasValue = rows.TryGetField(index, column, out ReadOnlySpan<byte> value);
                BinaryPrimitives.WriteInt32BigEndian(bytes.GetSpan(sizeof(int)), hasValue ? value.Length : -1);
                bytes.Advance(sizeof(int));
                bytes.Write(value);
            }
        }

        bytes.Write(RowBuffer.Trailer);
        await SendAsync(connection, sql, bytes.WrittenMemory, cancellationToken);
    }
}
