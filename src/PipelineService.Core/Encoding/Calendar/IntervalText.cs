using System.Buffers.Text;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>
/// Intervals in the form of ISO 8601 with a sign for each part, <c>P14M-3DT-0.000001S</c>, which PostgreSQL reads alike under
/// every IntervalStyle.
/// </summary>
internal static class IntervalText
{
    private const int FractionDigits = 6;

    /// <param name="value">The binary form, see <see cref="DurationFormat"/>.</param>
    /// <param name="text">Takes the text.</param>
    /// <returns>How many bytes were written.</returns>
    public static int Write(ReadOnlySpan<byte> value, Span<byte> text)
    {
        var interval = Interval.Read(value);
        text[0] = (byte)'P';
        int length = 1;
        length += WritePart(interval.Months, (byte)'M', text[length..]);
        length += WritePart(interval.Days, (byte)'D', text[length..]);
        text[length++] = (byte)'T';
        (long seconds, long fraction) = Math.DivRem(interval.Microseconds, IsoCalendar.MicrosecondsPerSecond);
        length += WritePart(seconds / 3600, (byte)'H', text[length..]);
        length += WritePart(seconds % 3600 / 60, (byte)'M', text[length..]);
        if (interval.Microseconds < 0)
        {
            text[length++] = (byte)'-';
        }

        Utf8Formatter.TryFormat(Math.Abs(seconds % 60), text[length..], out int written);
        length += written;
        text[length++] = (byte)'.';
        Utf8Formatter.TryFormat(Math.Abs(fraction), text[length..], out written, new('D', FractionDigits));
        length += written;
        text[length++] = (byte)'S';
        return length;
    }

    private static int WritePart(long number, byte designator, Span<byte> text)
    {
        Utf8Formatter.TryFormat(number, text, out int length);
        text[length] = designator;
        return length + 1;
    }
}
