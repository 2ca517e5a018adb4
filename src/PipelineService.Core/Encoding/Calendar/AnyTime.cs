using System.Text;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>The time of an <see cref="AnyForm"/>, and its offset.</summary>
internal struct AnyTime
{
    private const int FractionDigits = 6;
    private const int OffsetBytesMax = 6;

    public long Microseconds { get; private set; }

    public int OffsetSeconds { get; private set; }

    public bool HasOffset { get; private set; }

    /// <summary>Out of range when it is finer than a microsecond.</summary>
    public RecordErrorCode Code { get; private set; }

    /// <summary><c>15:00</c>, <c>15:00:00.25</c>, <c>3 pm</c>, <c>3:00 PM</c>; compact also <c>1500</c> and <c>150000</c>.</summary>
    public bool TryRead(ref AnyText rest, bool isCompact)
    {
        int hour;
        int minute = 0;
        int second = 0;
        long fraction = 0;
        bool hasMinutes = true;
        if (isCompact && rest.Digits is 4 or 6)
        {
            bool hasSeconds = rest.Digits == 6;
            rest.TryTakeNumber(4, 6, out int digits);
            (hour, minute, second) = hasSeconds ? (digits / 10_000, digits / 100 % 100, digits % 100) : (digits / 100, digits % 100, 0);
            fraction = hasSeconds ? ReadFraction(ref rest) : 0;
        }
        else if (!rest.TryTakeNumber(1, 2, out hour))
        {
            return false;
        }
        else if (hasMinutes = rest.TryTake((byte)':'))
        {
            if (!rest.TryTakeNumber(2, 2, out minute))
            {
                return false;
            }

            if (rest.TryTake((byte)':'))
            {
                if (!rest.TryTakeNumber(2, 2, out second))
                {
                    return false;
                }

                fraction = ReadFraction(ref rest);
            }
        }

        if (!TryReadHalf(ref rest, ref hour, isNeeded: !hasMinutes) || hour > 23 || minute > 59 || second > 59 || fraction < 0)
        {
            return false;
        }

        Microseconds = (((((hour * 60L) + minute) * 60) + second) * IsoCalendar.MicrosecondsPerSecond) + fraction;
        return true;
    }

    /// <summary>Nothing, or <c>Z</c>, <c>UTC</c>, <c>GMT</c>, <c>±hh</c>, <c>±hhmm</c>, <c>±hh:mm</c>, with blanks before it.</summary>
    public bool TryReadZone(ref AnyText rest)
    {
        AnyText zone = rest;
        zone.TakeBlanks();
        if (zone.IsAtEnd || zone.IsAtDigit)
        {
            return true; // the year, perhaps
        }

        int length = ZoneText.StartsWithName(zone.Rest);
        if (length == 0)
        {
            int end = zone.Rest.IndexOf((byte)' ');
            length = end < 0 ? zone.Rest.Length : end;
            if (length > OffsetBytesMax || !ZoneText.TryReadOffset(zone.Rest[..length], out int seconds))
            {
                return false;
            }

            OffsetSeconds = seconds;
        }

        HasOffset = true;
        zone.Skip(length);
        rest = zone;
        return true;
    }

    /// <returns>Microseconds, or −1 when no digit follows the point.</returns>
    private long ReadFraction(ref AnyText rest)
    {
        if (!rest.TryTake((byte)'.') && !rest.TryTake((byte)','))
        {
            return 0;
        }

        int count = rest.Digits;
        ReadOnlySpan<byte> digits = rest.Rest[..count];
        long fraction = 0;
        for (int i = 0; i < FractionDigits; i++)
        {
            fraction = (fraction * 10) + (i < count ? digits[i] - '0' : 0);
        }

        if (count > FractionDigits && digits[FractionDigits..].ContainsAnyExcept((byte)'0'))
        {
            Code = RecordErrorCode.OutOfRange;
        }

        rest.Skip(count);
        return count == 0 ? -1 : fraction;
    }

    private static bool TryReadHalf(ref AnyText rest, ref int hour, bool isNeeded)
    {
        AnyText half = rest;
        half.TakeBlanks();
        bool isAfternoon = Starts(half, "pm"u8) || Starts(half, "p.m."u8);
        if (!isAfternoon && !Starts(half, "am"u8) && !Starts(half, "a.m."u8))
        {
            return !isNeeded;
        }

        half.Skip(half.Rest[1] == '.' ? 4 : 2);
        rest = half;
        bool isHour = hour is >= 1 and <= 12;
        hour = (hour % 12) + (isAfternoon ? 12 : 0);
        return isHour;
    }

    private static bool Starts(AnyText text, ReadOnlySpan<byte> with) =>
        text.Rest.Length >= with.Length && Ascii.EqualsIgnoreCase(text.Rest[..with.Length], with);
}
