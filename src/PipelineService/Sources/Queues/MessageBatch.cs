using System.Globalization;

namespace PipelineService.Sources.Queues;

/// <summary>
/// Messages that become one upload: newline-delimited JSON, a line each, so that the n-th record is the n-th message. Whatever a message
/// is, it is one line and one record: what is no JSON object costs itself.
/// </summary>
internal sealed class MessageBatch
{
    private const int KeptBytesMax = 64 << 10;

    private MemoryStream _lines = new();

    public int Count { get; private set; }

    public long Bytes => _lines.Length;

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
        int start = (int)_lines.Length;
        _lines.Write(body);

        // Between the tokens of JSON one is as good as the other, and within its texts both are faults.
        _lines.GetBuffer().AsSpan(start, body.Length).Replace((byte)'\n', (byte)'\r');
        _lines.WriteByte((byte)'\n');
        First = Count == 0 ? message : First;
        Last = message;
        Count++;
        return true;
    }

    /// <summary>The lines, to be read once.</summary>
    public Stream OpenLines()
    {
        _lines.Position = 0;
        return new MemoryStream(_lines.GetBuffer(), 0, (int)_lines.Length, writable: false);
    }

    public void Clear()
    {
        (Count, First, Last) = (0, default, default);
        _lines.SetLength(0);
    }

    /// <summary>Nothing has come for a while: gives the memory back.</summary>
    public void Trim()
    {
        if (Count == 0 && _lines.Capacity > KeptBytesMax)
        {
            _lines = new MemoryStream();
        }
    }

    private static int LineBytes(LogMessage message) => message.Body.Length + 1;
}
