using System.Globalization;
using System.Text;

namespace PipelineService.Events;

/// <summary>What streams of events are made of. Source: the HTML standard, section 9.2, server-sent events.</summary>
internal static class EventFrames
{
    /// <summary>How soon a client that lost its stream begins another.</summary>
    public static ReadOnlySpan<byte> Retry => "retry: 2000\n\n"u8;

    public static byte[] Of(EventRow row) => Of(row.Type, EventView.Of(row).ToJson(), row.Position);

    /// <param name="json">One line.</param>
    /// <param name="position">What the client sends as Last-Event-ID when it comes again; null leaves that as it was.</param>
    public static byte[] Of(string type, ReadOnlySpan<byte> json, long? position)
    {
        string id = position is { } number ? string.Create(CultureInfo.InvariantCulture, $"id: {number}\n") : "";
        return [.. Encoding.UTF8.GetBytes($"{id}event: {type}\ndata: "), .. json, (byte)'\n', (byte)'\n'];
    }

    /// <summary>
    /// Keeps the stream alive. With the position up to which there was nothing for the client: it need not be looked through again.
    /// </summary>
    public static byte[] Beat(long? position) => Encoding.UTF8.GetBytes(position is { } number
        ? string.Create(CultureInfo.InvariantCulture, $": \nid: {number}\n\n")
        : ": \n\n");

    /// <summary>What lies before the log's begin, or behind its end, cannot be told.</summary>
    /// <param name="reason"><c>too_old</c> or <c>ahead</c>.</param>
    /// <param name="from">The position behind which the stream goes on.</param>
    public static byte[] Reset(string reason, LogEnds ends, long from)
    {
        string json = string.Create(
            CultureInfo.InvariantCulture, $$"""{"reason":"{{reason}}","oldest":{{ends.Gone + 1}},"head":{{ends.Head}}}""");
        return Of("reset", Encoding.UTF8.GetBytes(json), from);
    }
}
