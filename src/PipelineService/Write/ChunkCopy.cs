using System.Buffers;
using System.Buffers.Binary;
using Npgsql;
using NpgsqlTypes;
using PipelineService.Core.Encoding;
using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Write;

/// <summary>
/// Sends encoded rows by COPY: as they are, in its binary form, or as text. The encoded buffer is the unit of retry: it can be
/// sent again.
/// </summary>
/// <param name="connection">The session's connection.</param>
/// <param name="plan">The columns of the rows.</param>
/// <param name="patience">
/// How long to wait for the server's answer: longer than the server's own limit, so that only one that is gone is not heard.
/// </param>
public sealed class ChunkCopy(NpgsqlConnection connection, RowPlan plan, TimeSpan patience)
{
    /// <summary>Lines are sent when they are more than this; one alone may be longer.</summary>
    private const int LinesBytes = 64 << 10;

    private CopyText Text => field ??= new CopyText(plan);

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

    /// <summary>Sends some rows as text, for a column that PostgreSQL can read no other way.</summary>
    /// <inheritdoc cref="SendAsync(string, RowBuffer, ArraySegment{int}, CancellationToken)"/>
    public async Task SendTextAsync(
        string sql, RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        FaultPoints.Reach(FaultPoint.CopyBeginning);

        // The writer is for characters; below it is the stream that takes bytes, and that ends asynchronously.
        var writer = (StreamWriter)await connection.BeginTextImportAsync(sql, cancellationToken);
        var copy = (NpgsqlRawCopyStream)writer.BaseStream;
        copy.ReadTimeout = copy.WriteTimeout = (int)patience.TotalMilliseconds;
        try
        {
            await WriteLinesAsync(copy, rows, piece, cancellationToken);
            FaultPoints.Reach(FaultPoint.CopySent);
        }
        catch
        {
            await GiveUpAsync(copy);
            throw;
        }

        await copy.DisposeAsync();
        FaultPoints.Reach(FaultPoint.CopyEnded);
    }

    private async Task WriteLinesAsync(
        NpgsqlRawCopyStream copy, RowBuffer rows, ArraySegment<int> piece, CancellationToken cancellationToken)
    {
        Text.Clear();
        foreach (int index in piece)
        {
            Text.Append(rows.RowBytes(index, 1).Span);
            if (Text.Lines.Length > LinesBytes)
            {
                await copy.WriteAsync(Text.Lines, cancellationToken);
                Text.Clear();
            }
        }

        await copy.WriteAsync(Text.Lines, cancellationToken);
    }

    /// <summary>
    /// Ends a COPY of text that was not sent to its end. It has no trailer that would be missed: closed, it would count for
    /// whole.
    /// </summary>
    private static async Task GiveUpAsync(NpgsqlRawCopyStream copy)
    {
        try
        {
            await copy.CancelAsync();
        }
        catch (Exception e) when (e is NpgsqlException or IOException or InvalidOperationException)
        {
            // The connection is broken, and the COPY with it.
        }
    }

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

    /// <summary>
    /// Sends rows, or some columns of them, with their index in the chunk as an additional first column (integer).
    /// </summary>
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
