using System.Buffers.Binary;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>
/// Durations as ISO 8601 writes them: <c>[-]PnYnMnDTnHnMnS</c> with parts left out, the seconds with a fraction, or
/// <c>[-]PnW</c>. Binary form: microseconds as int64, then days and months as int32.
/// </summary>
/// <remarks>
/// Source: https://www.w3.org/TR/xmlschema-2/#duration, which the standard takes over; weeks are from ISO 8601. A fraction of
/// another part than the seconds is refused: half a month has no length.
/// </remarks>
internal readonly struct DurationFormat : IScalarFormat<Interval>
{
    private const int ValueBytes = sizeof(long) + sizeof(int) + sizeof(int);

    public RecordErrorCode Parse(ReadOnlySpan<byte> text, out Interval value)
    {
        value = default;
        bool isNegative = text.StartsWith("-"u8);
        DurationText rest = new(isNegative ? text[1..] : text);
        if (!rest.TryTake((byte)'P'))
        {
            return RecordErrorCode.TypeMismatch;
        }

        // In this order, each once or not at all; weeks stand alone.
        long years = 0, months = 0, days = 0, microseconds = 0;
        if (!rest.TryPart((byte)'W', out long weeks))
        {
            rest.TryPart((byte)'Y', out years);
            rest.TryPart((byte)'M', out months);
            rest.TryPart((byte)'D', out days);
            microseconds = rest.TryTake((byte)'T') ? rest.ReadTime() : 0;
        }

        if (!rest.IsRead)
        {
            return RecordErrorCode.TypeMismatch;
        }

        Int128 allMonths = ((Int128)years * 12) + months;
        Int128 allDays = ((Int128)weeks * 7) + days;
        if (rest.IsOutOfRange || allMonths > int.MaxValue || allDays > int.MaxValue)
        {
            return RecordErrorCode.OutOfRange;
        }

        int sign = isNegative ? -1 : 1;
        value = new Interval(sign * (int)allMonths, sign * (int)allDays, sign * microseconds);
        return RecordErrorCode.None;
    }

    public RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out Interval value)
    {
        value = default;
        return RecordErrorCode.TypeMismatch;
    }

    public static void Write(Interval value, RowBuffer rows)
    {
        Span<byte> field = rows.GetSpan(sizeof(int) + ValueBytes);
        BinaryPrimitives.WriteInt32BigEndian(field, ValueBytes);
        BinaryPrimitives.WriteInt64BigEndian(field[sizeof(int)..], value.Microseconds);
        BinaryPrimitives.WriteInt32BigEndian(field[(sizeof(int) + sizeof(long))..], value.Days);
        BinaryPrimitives.WriteInt32BigEndian(field[(sizeof(int) + sizeof(long) + sizeof(int))..], value.Months);
        rows.Advance(sizeof(int) + ValueBytes);
    }
}

/// <summary>What is left of a duration, and what was wrong so far.</summary>
file ref struct DurationText(ReadOnlySpan<byte> text)
{
    private const int DigitsMax = 18;
    private const int FractionDigits = 6;

    private ReadOnlySpan<byte> _rest = text;
    private bool _needsPart = true;

    /// <summary>Whether all of it was read, and each designator had its parts.</summary>
    public readonly bool IsRead => _rest.IsEmpty && !_needsPart;

    public bool IsOutOfRange { get; private set; }

    public bool TryTake(byte expected)
    {
        bool isThere = !_rest.IsEmpty && _rest[0] == expected;
        _rest = isThere ? _rest[1..] : _rest;
        return isThere;
    }

    /// <summary>A number with its designator, if the text goes on with it.</summary>
    public bool TryPart(byte designator, out long value)
    {
        int digits = Digits(_rest);
        bool isThere = digits > 0 && digits < _rest.Length && _rest[digits] == designator;
        value = isThere ? Take(digits, digits + 1) : 0;
        return isThere;
    }

    /// <summary>Hours, minutes and seconds behind the T, at least one of them.</summary>
    /// <returns>Microseconds.</returns>
    public long ReadTime()
    {
        _needsPart = true;
        TryPart((byte)'H', out long hours);
        TryPart((byte)'M', out long minutes);
        long fraction = ReadSeconds(out long seconds);
        Int128 whole = ((((Int128)hours * 60) + minutes) * 60) + seconds;
        Int128 all = (whole * IsoCalendar.MicrosecondsPerSecond) + fraction;
        IsOutOfRange |= all > long.MaxValue;
        return IsOutOfRange ? 0 : (long)all;
    }

    /// <summary>The seconds, which alone may have a fraction.</summary>
    /// <returns>Microseconds of the fraction.</returns>
    private long ReadSeconds(out long seconds)
    {
        int digits = Digits(_rest);
        if (TryPart((byte)'S', out seconds) || digits == 0 || digits == _rest.Length || _rest[digits] != '.')
        {
            return 0;
        }

        ReadOnlySpan<byte> behind = _rest[(digits + 1)..];
        int fractionDigits = Digits(behind);
        if (fractionDigits == 0 || fractionDigits == behind.Length || behind[fractionDigits] != 'S')
        {
            return 0;
        }

        // As of times: a microsecond is the finest that PostgreSQL keeps.
        ReadOnlySpan<byte> fraction = behind[..fractionDigits];
        IsOutOfRange |= fractionDigits > FractionDigits && fraction[FractionDigits..].ContainsAnyExcept((byte)'0');
        long microseconds = 0;
        for (int i = 0; i < FractionDigits; i++)
        {
            microseconds = (microseconds * 10) + (i < fraction.Length ? fraction[i] - '0' : 0);
        }

        seconds = Take(digits, digits + 1 + fractionDigits + 1);
        return microseconds;
    }

    private long Take(int digits, int length)
    {
        ReadOnlySpan<byte> number = _rest[..digits].TrimStart((byte)'0');
        _rest = _rest[length..];
        _needsPart = false;
        IsOutOfRange |= number.Length > DigitsMax;
        long value = 0;
        foreach (byte digit in number[..Math.Min(number.Length, DigitsMax)])
        {
            value = (value * 10) + (digit - '0');
        }

        return value;
    }

    private static int Digits(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return end < 0 ? text.Length : end;
    }
}
