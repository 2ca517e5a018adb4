using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>What the directives of a pattern have read; what none says is 0.</summary>
internal struct PatternValues
{
    /// <summary>Years of two digits: those from here on are of the twentieth century (POSIX, strptime).</summary>
    private const int FirstOfTwentiethCentury = 69;

    private const int MicrosecondDigits = 6;

    public int Month;
    public int Day;
    public int OffsetSeconds;
    public bool HasOffset;
    public bool IsAfternoon;

    private int _year;
    private int _dayOfYear;
    private int _hour;
    private int _minute;
    private int _second;
    private int _microsecond;
    private bool _hasYear;
    private bool _isHalfDay;

    public void Set(char directive, int number, int digits)
    {
        switch (directive)
        {
            case 'Y':
                (_year, _hasYear) = (number, true);
                break;
            case 'y':
                (_year, _hasYear) = (number + (number < FirstOfTwentiethCentury ? 2000 : 1900), true);
                break;
            case 'm':
                Month = number;
                break;
            case 'd':
                Day = number;
                break;
            case 'j':
                _dayOfYear = number;
                break;
            case 'H':
                _hour = number;
                break;
            case 'I':
                (_hour, _isHalfDay) = (number % 12, true);
                break;
            case 'M':
                _minute = number;
                break;
            case 'S':
                _second = number;
                break;
            case 'f':
                for (_microsecond = number; digits < MicrosecondDigits; digits++)
                {
                    _microsecond *= 10;
                }

                break;
        }
    }

    /// <summary>Puts them together; a month or a day that the pattern does not have is the first one.</summary>
    public readonly RecordErrorCode Finish(out CalendarReading reading)
    {
        int hour = _hour + (_isHalfDay && IsAfternoon ? 12 : 0);
        long microseconds =
            (((((hour * 60L) + _minute) * 60) + _second) * IsoCalendar.MicrosecondsPerSecond) + _microsecond;
        RecordErrorCode code = Days(out int days);
        reading = new CalendarReading(days, microseconds, OffsetSeconds, HasOffset);

        // %S takes leap seconds, which no column has.
        return _second > 59 ? RecordErrorCode.TypeMismatch : code;
    }

    private readonly RecordErrorCode Days(out int days)
    {
        if (!_hasYear)
        {
            days = 0;
            return RecordErrorCode.None;
        }

        if (_dayOfYear == 0)
        {
            return IsoCalendar.DaysOf((uint)_year, (uint)Math.Max(Month, 1), (uint)Math.Max(Day, 1), out days);
        }

        RecordErrorCode code = IsoCalendar.DaysOf((uint)_year, 1, 1, out days);
        days += _dayOfYear - 1;
        return _dayOfYear == 366 && !IsoCalendar.IsLeap((uint)_year) ? RecordErrorCode.TypeMismatch : code;
    }
}
