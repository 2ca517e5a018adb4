using System.Buffers;
using System.Buffers.Binary;
using Npgsql;
using NpgsqlTypes;
using PipelineService.Core.Encoding;
using PipelineService.Hosting;

namespace PipelineService.Write;

/// <summary>Sends encoded rows by binary COPY. The encoded buffer is the unit of retry: it can be sent again as it is.</summary>
/// <param name="connection">The session's connection.</param>
/// <param name="patience">
/// How long to wait for the server's answer: longer than the server's own limit, so that only one that is gone is not heard.
/// </param>
public sealed class ChunkCopy(NpgsqlConnection connection, TimeSpan patience)
{
    /// <summary>Sends some rows.</summary>
    /// <param name="piece">0-based indexes of the rows to send, ascending.</param>
    /// <exception cref="PostgresException">The database refused a row; the transaction needs its savepoint.</exception>
    public Task SendAsync(string sql, RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken) =>
        SendAsync(
            sql,
            async copy =>
            {
                if (piece.Count == rows.Count)
                {
                    await copy.WriteAsync(rows.CopyBytes, cancellationToken);
                    return;
                }

                await copy.WriteAsync(RowBuffer.Header.ToArray(), cancellationToken);
                foreach ((int first, int count) in RunsOf(piece))
                {
                    await copy.WriteAsync(rows.RowBytes(first, count), cancellationToken);
                }

                await copy.WriteAsync(RowBuffer.Trailer.ToArray(), cancellationToken);
            },
            cancellationToken);

    /// <summary>
    /// Sends some rows and learns how many of them landed, which the raw stream does not tell: field by field, so at a third
    /// of its speed. For tables whose triggers may let rows fall.
    /// </summary>
    /// <inheritdoc cref="SendAsync(string, RowBuffer, ArraySegment{int}, CancellationToken)"/>
    public async Task<int> SendCountedAsync(
        string sql, RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        FaultPoints.Reach(FaultPoint.CopyBeginning);
        await using NpgsqlBinaryImporter copy = await connection.BeginBinaryImportAsync(sql, cancellationToken);
        copy.Timeout = patience;
        foreach (int index in piece)
        {
            await copy.StartRowAsync(cancellationToken);
            ReadOnlyMemory<byte> row = rows.RowBytes(index, 1)[sizeof(short)..];
            while (row.Length > 0)
            {
                int length = BinaryPrimitives.ReadInt32BigEndian(row.Span);
                row = row[sizeof(int)..];
                if (length < 0)
                {
                    await copy.WriteNullAsync(cancellationToken);
                    continue;
                }

                // The values are encoded already: what goes out as bytea goes out as it is.
                await copy.WriteAsync(row[..length], NpgsqlDbType.Bytea, cancellationToken);
                row = row[length..];
            }
        }

        FaultPoints.Reach(FaultPoint.CopySent);
        ulong landed = await copy.CompleteAsync(cancellationToken);
        FaultPoints.Reach(FaultPoint.CopyEnded);
        return landed <= (ulong)piece.Count
            ? (int)landed
            : throw new InvalidOperationException($"{piece.Count} rows were sent, and PostgreSQL counts {landed}.");
    }

    /// <summary>Sends rows, or some columns of them, with their index in the chunk as an additional first column (integer).</summary>
    /// <param name="piece">0-based indexes of the rows to send, ascending.</param>
    /// <param name="columns">0-based indexes of the columns to send, or null for all.</param>
    public Task SendNumberedAsync(
        string sql, RowBuffer rows, ArraySegment<int> piece, int[]? columns, CancellationToken cancellationToken)
    {
        ArrayBufferWriter<byte> bytes = new();
        bytes.Write(RowBuffer.Header);
        foreach (int index in piece)
        {
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
        return SendAsync(sql, copy => copy.WriteAsync(bytes.WrittenMemory, cancellationToken).AsTask(), cancellationToken);
    }

    /// <summary>Sends a whole COPY: header, rows, trailer.</summary>
    private async Task SendAsync(string sql, Func<NpgsqlRawCopyStream, Task> write, CancellationToken cancellationToken)
    {
        FaultPoints.Reach(FaultPoint.CopyBeginning);
        NpgsqlRawCopyStream copy = await connection.BeginRawBinaryCopyAsync(sql, cancellationToken);
        copy.ReadTimeout = copy.WriteTimeout = (int)patience.TotalMilliseconds;
        await using (copy)
        {
            await write(copy);
            FaultPoints.Reach(FaultPoint.CopySent);
        }

        FaultPoints.Reach(FaultPoint.CopyEnded);
    }

    /// <summary>Indexes that follow each other, as the first and how many.</summary>
    private static IEnumerable<(int First, int Count)> RunsOf(ArraySegment<int> piece)
    {
        for (int i = 0; i < piece.Count;)
        {
            int end = i + 1;
            while (end < piece.Count && piece[end] == piece[end - 1] + 1)
            {
                end++;
            }

            yield return (piece[i], end - i);
            i = end;
        }
    }
}
