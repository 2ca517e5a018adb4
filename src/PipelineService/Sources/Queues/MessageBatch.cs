using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;

namespace PipelineService.Sources.Queues;

/// <summary>
/// Messages that become one upload: newline-delimited JSON, a line each, so that the n-th record is the n-th message. Whatever a message
/// is, it is one line and one record: what is no JSON object costs itself.
/// </summary>
internal sealed class MessageBatch
{
    private const int KeptBytesMax = 64 << 10;

    private ArrayBufferWriter<byte> _lines = new();

    public int Count { get; private set; }

    public long Bytes => _lines.WrittenCount;

    public LogMessage First { get; private set; }

    public LogMessage Last { get; private set; }

    /// <summary>The numbers of the first and the last of them.</summary>
    public string Name => Count == 1
        ? First.Number.ToString(CultureInfo.InvariantCulture)
        : string.Create(CultureInfo.InvariantCulture, $"{First.Number}-{Last.Number}");

    /// <summary>Adds one, if it fits. The first always does: whether it can be taken says the intake.</summary>
    public bool TryAdd(LogMessage message, int messagesMax, long bytesMax)
    {
        if (Count > 0 && (Count >= messagesMax || Bytes + LineBytes(message) > bytesMax))
        {
            return false;
        }

        // Blank lines are no records; this one is none that can be loaded.
        ReadOnlySpan<byte> body = message.Body.Span.TrimStart(" \t\r\n"u8).IsEmpty ? "\"\""u8 : message.Body.Span;
        Span<byte> line = _lines.GetSpan(body.Length + 1)[..(body.Length + 1)];
        body.CopyTo(line);

        // Between the tokens of JSON one is as good as the other, and within its texts both are faults.
        line[..body.Length].Replace((byte)'\n', (byte)'\r');
        line[^1] = (byte)'\n';
        _lines.Advance(line.Length);
        First = Count == 0 ? message : First;
        Last = message;
        Count++;
        return true;
    }

    /// <summary>The lines, to be read once.</summary>
    public Stream OpenLines() => MemoryMarshal.TryGetArray(_lines.WrittenMemory, out ArraySegment<byte> lines) && lines.Array is not null
        ? new MemoryStream(lines.Array, lines.Offset, lines.Count, writable: false)
        : Stream.Null;

    public void Clear()
    {
        (Count, First, Last) = (0, default, default);
        _lines.ResetWrittenCount();
    }

    /// <summary>Nothing has come for a while: gives the memory back.</summary>
    public void Trim()
    {
        if (Count == 0 && _lines.Capacity > KeptBytesMax)
        {
            _lines = new ArrayBufferWriter<byte>();
        }
    }

    private static int LineBytes(LogMessage message) => message.Body.Length + 1;
}
