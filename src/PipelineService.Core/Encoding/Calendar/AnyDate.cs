using System.Text;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>The date of an <see cref="AnyForm"/>.</summary>
internal struct AnyDate
{
    private const int MonthsOfYear = 12;

    private int _year;
    private int _month;
    private int _day;
    private bool _isAmbiguous;

    /// <summary>Whether the text went on with a time where the year may stand: it must come behind that.</summary>
    public bool NeedsYear { get; private set; }

    public readonly RecordErrorCode Days(out int days)
    {
        RecordErrorCode code = IsoCalendar.DaysOf((uint)_year, (uint)_month, (uint)_day, out days);
        return code == RecordErrorCode.None && _isAmbiguous ? RecordErrorCode.Format : code;
    }

    public bool TryRead(ref AnyText rest)
    {
        int weekday = Math.Max(
            CalendarNames.StartsWithWeekday(rest.Rest, isShort: false), CalendarNames.StartsWithWeekday(rest.Rest, isShort: true));
        if (weekday > 0)
        {
            rest.Skip(weekday);
            _ = rest.TryTake((byte)'.') || rest.TryTake((byte)',');
            if (rest.TakeBlanks() == 0)
            {
                return false;
            }
        }

        return rest.Digits switch
        {
            0 => TryReadMonthFirst(ref rest),
            4 => TryReadYearFirst(ref rest),
            8 => TryReadDigits(ref rest),
            _ => TryReadDayFirst(ref rest),
        };
    }

    /// <summary>The year behind the time.</summary>
    public bool TryReadYear(ref AnyText rest) => rest.TakeBlanks() > 0 && rest.TryTakeNumber(4, 4, out _year);

    /// <summary><c>2024-01-26</c>, <c>2024/1/26</c>, <c>2024.01.26</c>.</summary>
    private bool TryReadYearFirst(ref AnyText rest) =>
        rest.TryTakeNumber(4, 4, out _year)
        && rest.TryTakeMark(out byte mark)
        && rest.TryTakeNumber(1, 2, out _month)
        && rest.TryTake(mark)
        && rest.TryTakeNumber(1, 2, out _day);

    /// <summary><c>20240126</c>.</summary>
    private bool TryReadDigits(ref AnyText rest)
    {
        bool isRead = rest.TryTakeNumber(8, 8, out int digits);
        (_year, _month, _day) = (digits / 10_000, digits / 100 % 100, digits % 100);
        return isRead;
    }

    /// <summary><c>Jan 26, 2024</c>, <c>January 26 2024</c>, <c>Jan 26 15:00:00 2024</c>.</summary>
    private bool TryReadMonthFirst(ref AnyText rest)
    {
        if (!TryReadMonth(ref rest) || rest.TakeBlanks() == 0 || !TryReadDay(ref rest))
        {
            return false;
        }

        AnyText behind = rest;
        behind.TryTake((byte)',');
        if (behind.TakeBlanks() == 0)
        {
            return false;
        }

        AnyText year = behind;
        if (year.TryTakeNumber(4, 4, out _year))
        {
            rest = year;
            return true;
        }

        NeedsYear = true;
        return true;
    }

    /// <summary><c>26 Jan 2024</c>, <c>26-Jan-2024</c>, <c>26JAN2024</c>, and <c>26/01/2024</c> if it is no day of another month.</summary>
    private bool TryReadDayFirst(ref AnyText rest)
    {
        if (!TryReadDay(ref rest))
        {
            return false;
        }

        if (rest.IsDigitSecond && rest.TryTakeMark(out byte mark))
        {
            return rest.TryTakeNumber(1, 2, out _month)
                && rest.TryTake(mark)
                && rest.TryTakeNumber(4, 4, out _year)
                && TryTellApart();
        }

        byte joint = TakeJoint(ref rest, (byte)'.');
        if (!TryReadMonth(ref rest))
        {
            return false;
        }

        return TakeJoint(ref rest, (byte)',') == joint && rest.TryTakeNumber(4, 4, out _year);
    }

    /// <summary>Which of two numbers is the month.</summary>
    private bool TryTellApart()
    {
        if (_month > MonthsOfYear)
        {
            (_day, _month) = (_month, _day);
        }

        _isAmbiguous = _day <= MonthsOfYear && _day != _month;
        return _day > 0 && _month is > 0 and <= MonthsOfYear;
    }

    private bool TryReadDay(ref AnyText rest)
    {
        if (!rest.TryTakeNumber(1, 2, out _day))
        {
            return false;
        }

        bool isOrdinal = rest.Rest.Length > 2
            && (Is(rest, "st"u8) || Is(rest, "nd"u8) || Is(rest, "rd"u8) || Is(rest, "th"u8));
        rest.Skip(isOrdinal ? 2 : 0);
        return true;
    }

    private bool TryReadMonth(ref AnyText rest)
    {
        int name = CalendarNames.StartsWithMonth(rest.Rest, isShort: false, out _month);
        name = name > 0 ? name : CalendarNames.StartsWithMonth(rest.Rest, isShort: true, out _month);
        rest.Skip(name);
        rest.TryTake((byte)'.');
        return name > 0;
    }

    /// <summary>What may stand beside the name of a month: nothing, blanks, a mark of its own with blanks, or a dash or slash.</summary>
    /// <returns>The dash or slash: it must be the same on both sides; 0 for all else.</returns>
    private static byte TakeJoint(ref AnyText rest, byte mark)
    {
        foreach (byte joint in "-/"u8)
        {
            if (rest.TryTake(joint))
            {
                return joint;
            }
        }

        rest.TryTake(mark);
        rest.TakeBlanks();
        return 0;
    }

    private static bool Is(AnyText rest, ReadOnlySpan<byte> suffix) => Ascii.EqualsIgnoreCase(rest.Rest[..2], suffix);
}
