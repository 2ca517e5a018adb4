using System.Text;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>Offsets from UTC: <c>Z</c>, <c>±hh</c>, <c>±hhmm</c>, <c>±hh:mm</c>, and the names that mean none.</summary>
internal static class ZoneText
{
    /// <summary>PostgreSQL's bound on an offset, exclusive (MAX_TZDISP_HOUR in datatype/timestamp.h).</summary>
    private const int OffsetHoursMax = 16;

    /// <summary>Reads all of a text as an offset.</summary>
    public static bool TryReadOffset(ReadOnlySpan<byte> zone, out int seconds)
    {
        seconds = 0;
        if (zone.Length == 1)
        {
            return zone[0] is (byte)'Z' or (byte)'z';
        }

        if (zone.Length is not (3 or 5 or 6) || zone[0] is not ((byte)'+' or (byte)'-')
            || (zone.Length == 6 && zone[3] != ':'))
        {
            return false;
        }

        int minutes = 0;
        if (!TryReadTwoDigits(zone[1..], out int hours) || (zone.Length > 3 && !TryReadTwoDigits(zone[^2..], out minutes))
            || hours >= OffsetHoursMax || minutes > 59)
        {
            return false;
        }

        seconds = ((hours * 60) + minutes) * (zone[0] == '-' ? -60 : 60);
        return true;
    }

    /// <summary>A name of UTC that a text starts with.</summary>
    /// <returns>Bytes of the name; 0 when there is none.</returns>
    public static int StartsWithName(ReadOnlySpan<byte> text) =>
        text.Length >= 3 && (Ascii.EqualsIgnoreCase(text[..3], "UTC"u8) || Ascii.EqualsIgnoreCase(text[..3], "GMT"u8)) ? 3
        : 0;

    private static bool TryReadTwoDigits(ReadOnlySpan<byte> text, out int value)
    {
        uint tens = (uint)text[0] - '0';
        uint ones = (uint)text[1] - '0';
        value = (int)((tens * 10) + ones);
        return tens <= 9 && ones <= 9;
    }
}
