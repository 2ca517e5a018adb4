using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>
/// The parts of ISO 8601 that dates, times and timestamps share, read eight bytes at a time: the text is laid over a
/// template, which leaves digits as 0 to 9 and separators as 0, and one test covers all of them.
/// </summary>
internal static class IsoCalendar
{
    public const int DateBytes = 10;

    public const int TimeBytes = 8;

    public const long MicrosecondsPerSecond = 1_000_000;

    private const int FractionDigitsMax = 6;

    /// <summary>Days from 0001-01-01 to 2000-01-01, PostgreSQL's day zero.</summary>
    private const int EpochDays = 730_119;

    /// <summary>Days from there to 10000-01-01.</summary>
    private const int DaysFromEpoch = 2_921_940;

    private const long MicrosecondsPerDay = 86_400 * MicrosecondsPerSecond;

    /// <summary>"0000-00-", first byte lowest.</summary>
    private const ulong DateTemplate = 0x2D30_302D_3030_3030;

    private const ulong DateSeparators = 0xFF00_00FF_0000_0000;

    /// <summary>"00:00:00", first byte lowest.</summary>
    private const ulong TimeTemplate = 0x3030_3A30_303A_3030;

    private const ulong TimeSeparators = 0x0000_FF00_00FF_0000;

    private static readonly ushort[] DaysBeforeMonth =
        [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

    /// <summary>Reads <c>YYYY-MM-DD</c>, a day of the proleptic Gregorian calendar in years 1 to 9999.</summary>
    /// <param name="text">At least <see cref="DateBytes"/> bytes; more are not looked at.</param>
    /// <param name="days">Days since 2000-01-01, negative before.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RecordErrorCode ReadDate(ReadOnlySpan<byte> text, out int days)
    {
        days = 0;
        ulong head = BinaryPrimitives.ReadUInt64LittleEndian(text) ^ DateTemplate;
        uint tens = (uint)text[8] - '0';
        uint ones = (uint)text[9] - '0';
        if (!TextWord.AreDigits(head) || (head & DateSeparators) != 0 || tens > 9 || ones > 9)
        {
            return RecordErrorCode.TypeMismatch;
        }

        uint year = (ByteOf(head, 0) * 1000) + (ByteOf(head, 1) * 100) + (ByteOf(head, 2) * 10) + ByteOf(head, 3);
        uint month = (ByteOf(head, 5) * 10) + ByteOf(head, 6);
        return DaysOf(year, month, (tens * 10) + ones, out days);
    }

    /// <summary>Whether a time is in the years 1 to 9999, which an offset may have left.</summary>
    /// <param name="microseconds">Since 2000-01-01 00:00:00.</param>
    public static bool IsInRange(long microseconds) =>
        microseconds >= -EpochDays * MicrosecondsPerDay && microseconds < DaysFromEpoch * MicrosecondsPerDay;

    /// <summary>The day of a year, a month and a day of it, if there is one.</summary>
    /// <param name="year">0 to 9999; the year 0 is out of range.</param>
    /// <param name="month">Any number, as it was read.</param>
    /// <param name="day">Likewise.</param>
    /// <param name="days">Days since 2000-01-01, negative before.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RecordErrorCode DaysOf(uint year, uint month, uint day, out int days)
    {
        days = 0;
        if (month - 1 > 11 || day == 0)
        {
            return RecordErrorCode.TypeMismatch;
        }

        uint isLeap = IsLeap(year) ? 1u : 0u;
        uint daysInMonth = (uint)DaysBeforeMonth[(int)month + 1] - DaysBeforeMonth[(int)month] + (month == 2 ? isLeap : 0);
        if (day > daysInMonth)
        {
            return RecordErrorCode.TypeMismatch;
        }

        if (year == 0)
        {
            return RecordErrorCode.OutOfRange;
        }

        uint past = year - 1;
        uint dayOfYear = DaysBeforeMonth[(int)month] + (month > 2 ? isLeap : 0) + day - 1;
        days = (int)((past * 365) + (past / 4) - (past / 100) + (past / 400) + dayOfYear) - EpochDays;
        return RecordErrorCode.None;
    }

    /// <summary>Whether a year has 366 days.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsLeap(uint year) => (year & 3) == 0 && (year % 100 != 0 || year % 400 == 0);

    /// <summary>
    /// Reads <c>hh:mm:ss[.f…]</c>. Digits after the sixth of a fraction must be zeros: a microsecond is the finest that
    /// PostgreSQL keeps, and rounding would change the value silently.
    /// </summary>
    /// <param name="text">Starts with the time.</param>
    /// <param name="microseconds">Since midnight, less than a day: neither 24:00:00 nor a leap second is taken.</param>
    /// <param name="length">Bytes that the time takes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static RecordErrorCode ReadTime(ReadOnlySpan<byte> text, out long microseconds, out int length)
    {
        microseconds = 0;
        length = TimeBytes;
        if (text.Length < TimeBytes)
        {
            return RecordErrorCode.TypeMismatch;
        }

        ulong clock = BinaryPrimitives.ReadUInt64LittleEndian(text) ^ TimeTemplate;
        uint hour = (ByteOf(clock, 0) * 10) + ByteOf(clock, 1);
        uint minute = (ByteOf(clock, 3) * 10) + ByteOf(clock, 4);
        uint second = (ByteOf(clock, 6) * 10) + ByteOf(clock, 7);
        if (!TextWord.AreDigits(clock) || (clock & TimeSeparators) != 0 || hour > 23 || minute > 59 || second > 59)
        {
            return RecordErrorCode.TypeMismatch;
        }

        microseconds = ((hour * 3600) + (minute * 60) + second) * MicrosecondsPerSecond;
        return text.Length > TimeBytes && text[TimeBytes] == '.'
            ? ReadFraction(text[(TimeBytes + 1)..], ref microseconds, ref length)
            : RecordErrorCode.None;
    }

    private static RecordErrorCode ReadFraction(ReadOnlySpan<byte> text, ref long microseconds, ref int length)
    {
        int end = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        ReadOnlySpan<byte> digits = end < 0 ? text : text[..end];
        if (digits.IsEmpty)
        {
            return RecordErrorCode.TypeMismatch;
        }

        uint fraction = 0;
        for (int i = 0; i < FractionDigitsMax; i++)
        {
            fraction = (fraction * 10) + (i < digits.Length ? (uint)digits[i] - '0' : 0);
        }

        microseconds += fraction;
        length += 1 + digits.Length;
        return digits.Length > FractionDigitsMax && digits[FractionDigitsMax..].ContainsAnyExcept((byte)'0')
            ? RecordErrorCode.OutOfRange
            : RecordErrorCode.None;
    }

    private static uint ByteOf(ulong bytes, int index) => (byte)(bytes >> (index * 8));
}
