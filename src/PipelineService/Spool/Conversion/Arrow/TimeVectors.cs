using PipelineService.Core.Parsing.Packed;
using PipelineService.Spool.Conversion.Packing;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>Dates, times and what lies between them.</summary>
internal abstract class TimeVector(int itemBits) : FixedVector(itemBits)
{
    private static readonly long[] Seconds = [1, 1_000, 1_000_000, 1_000_000_000];

    public override bool IsTextual => true;

    /// <summary>How many of a unit a second has.</summary>
    protected static long PerSecond(int unit) => Seconds[unit];
}

/// <param name="isInDays">Else in milliseconds.</param>
internal sealed class DateVector(bool isInDays, PackedTag packed) : TimeVector(isInDays ? 32 : 64)
{
    private const long MillisecondsPerDay = 86_400_000;

    protected override ColumnPacker? Packer { get; } = isInDays ? ColumnPacker.OfDates(packed) : null;

    protected override bool TryPack(long index, PackedValues values) =>
        packed == PackedTag.Date && isInDays && values.TryDate(Data.Read<int>(index));

    protected override void WriteValue(long index, RowText row)
    {
        long value = isInDays ? Data.Read<int>(index) : Data.Read<long>(index);
        if (isInDays || value % MillisecondsPerDay == 0)
        {
            ValueText.Date(row, isInDays ? value : value / MillisecondsPerDay);
        }
        else
        {
            ValueText.Timestamp(row, (Int128)value * 1_000_000, isInUtc: false); // more than a date, and not to be cut to one
        }
    }
}

/// <inheritdoc cref="ArrowType.Unit" path="/summary"/>
internal sealed class ClockVector(int unit) : TimeVector(unit < 2 ? 32 : 64)
{
    protected override void WriteValue(long index, RowText row)
    {
        long value = unit < 2 ? Data.Read<int>(index) : Data.Read<long>(index);
        ValueText.Time(row, (Int128)value * (1_000_000_000 / PerSecond(unit)));
    }
}

internal sealed class TimestampVector(int unit, bool isInUtc, PackedTag packed) : TimeVector(itemBits: 64)
{
    private const int Microseconds = 2;

    protected override ColumnPacker? Packer { get; } = ColumnPacker.OfTimes(1_000_000_000 / PerSecond(unit), isInUtc, packed);

    protected override bool TryPack(long index, PackedValues values) =>
        values.TryTimestamp(Data.Read<long>(index), 1_000_000_000 / PerSecond(unit), isInUtc, packed);

    protected override void WriteValue(long index, RowText row)
    {
        long value = Data.Read<long>(index);
        if (unit == Microseconds)
        {
            ValueText.TimestampOfMicroseconds(row, value, isInUtc);
        }
        else
        {
            ValueText.Timestamp(row, (Int128)value * (1_000_000_000 / PerSecond(unit)), isInUtc);
        }
    }
}

internal sealed class DurationVector(int unit) : TimeVector(itemBits: 64)
{
    protected override void WriteValue(long index, RowText row) =>
        ValueText.Interval(row, 0, 0, (Int128)Data.Read<long>(index) * (1_000_000_000 / PerSecond(unit)));
}

/// <param name="unit">Months; days and milliseconds; or months, days and nanoseconds.</param>
internal sealed class IntervalVector(int unit) : TimeVector(32 << unit)
{
    protected override void WriteValue(long index, RowText row)
    {
        switch (unit)
        {
            case 0:
                ValueText.Interval(row, Data.Read<int>(index), 0, 0);
                break;
            case 1:
                ValueText.Interval(row, 0, Data.Read<int>(2 * index), Data.Read<int>((2 * index) + 1) * 1_000_000L);
                break;
            default:
                ValueText.Interval(row, Data.Read<int>(4 * index), Data.Read<int>((4 * index) + 1), Data.Read<long>((2 * index) + 1));
                break;
        }
    }
}
