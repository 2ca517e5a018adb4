using System.Buffers.Binary;
using PipelineService.Core.Encoding;

namespace PipelineService.Datasets.Lookups;

/// <summary>Reads what PostgreSQL sends by COPY in its binary form, row by row, without an object for each.</summary>
/// <remarks>Format: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".</remarks>
internal static class CopiedRows
{
    private const int BufferBytes = 64 << 10;
    private const int ColumnsUsual = 64;

    /// <summary>Takes the rows in.</summary>
    /// <param name="copy">What is sent.</param>
    /// <param name="into">Takes the rows.</param>
    /// <param name="bytesMax">How much memory they may take.</param>
    /// <returns>False when they would take more: some of them are left out then.</returns>
    public static async Task<bool> ReadAsync(Stream copy, SentRows into, long bytesMax, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[BufferBytes];
        var room = new ArraySegment<byte>[ColumnsUsual];
        int start = 0;
        int end = 0;
        bool isBegun = false;
        while (true)
        {
            int parsed = Parse(buffer, start, end, into, room, ref isBegun, out bool isOver);
            start += parsed;
            if (isOver || into.Bytes > bytesMax)
            {
                return into.Bytes <= bytesMax;
            }

            if (end == buffer.Length)
            {
                byte[] before = buffer;
                buffer = end - start > buffer.Length / 2 ? new byte[buffer.Length * 2] : buffer;
                before.AsSpan(start, end - start).CopyTo(buffer);
                (start, end) = (0, end - start);
            }

            int read = await copy.ReadAsync(buffer.AsMemory(end), cancellationToken);
            if (read == 0)
            {
                throw new InvalidOperationException("COPY ended before its trailer.");
            }

            end += read;
        }
    }

    /// <returns>Bytes of the whole rows that were there.</returns>
    private static int Parse(
        byte[] buffer, int start, int end, SentRows into, ArraySegment<byte>[] room, ref bool isBegun, out bool isOver)
    {
        int at = start;
        isOver = false;
        if (!isBegun)
        {
            if (end - start < RowBuffer.HeaderBytes)
            {
                return 0;
            }

            at += RowBuffer.HeaderBytes;
            isBegun = true;
        }

        while (!isOver && TryTakeRow(buffer, at, end, into, room, out int next, out isOver))
        {
            at = next;
        }

        return at - start;
    }

    private static bool TryTakeRow(
        byte[] buffer, int start, int end, SentRows into, Span<ArraySegment<byte>> room, out int next, out bool isOver)
    {
        next = start;
        isOver = false;
        if (!TryReadCount(buffer, ref next, end, out int fields))
        {
            return false;
        }

        if (fields < 0)
        {
            isOver = true;
            return true;
        }

        Span<ArraySegment<byte>> values = fields <= room.Length ? room[..fields] : new ArraySegment<byte>[fields];
        values.Clear();
        for (int i = 0; i < fields; i++)
        {
            if (end - next < sizeof(int))
            {
                return false;
            }

            int length = BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(next));
            next += sizeof(int);
            if (length < 0)
            {
                continue;
            }

            if (end - next < length)
            {
                return false;
            }

            values[i] = new ArraySegment<byte>(buffer, next, length);
            next += length;
        }

        into.Add(values);
        return true;
    }

    private static bool TryReadCount(byte[] buffer, ref int at, int end, out int fields)
    {
        fields = 0;
        if (end - at < sizeof(short))
        {
            return false;
        }

        fields = BinaryPrimitives.ReadInt16BigEndian(buffer.AsSpan(at));
        at += sizeof(short);
        return true;
    }
}
