using System.Buffers.Binary;
using System.Numerics;
using PipelineService.Core.Parsing.Packed;

namespace PipelineService.Spool.Conversion.Packing;

/// <summary>
/// How values of one type are packed that all take as many bytes. Implemented by structs, so that whole columns are packed without a call
/// for each value.
/// </summary>
internal interface IPackedForm<T>
    where T : unmanaged
{
    /// <summary>Behind the tag.</summary>
    static abstract int Bytes { get; }

    PackedTag Tag { get; }

    /// <summary>Whether a value has this form; one that has not is told as text.</summary>
    bool Fits(T value);

    /// <param name="value">One that fits.</param>
    /// <param name="place">So many bytes.</param>
    void Write(T value, Span<byte> place);
}

/// <inheritdoc cref="PackedTag.Integer"/>
internal readonly struct IntegerForm<T> : IPackedForm<T>
    where T : unmanaged, IBinaryInteger<T>
{
    public static int Bytes => sizeof(long);

    public PackedTag Tag => PackedTag.Integer;

    public bool Fits(T value)
    {
        long number = long.CreateTruncating(value);
        return T.CreateTruncating(number) == value && T.IsNegative(value) == long.IsNegative(number);
    }

    public void Write(T value, Span<byte> place) => BinaryPrimitives.WriteInt64LittleEndian(place, long.CreateTruncating(value));
}

/// <inheritdoc cref="PackedTag.Decimal"/>
/// <param name="scale">Digits behind the point.</param>
internal readonly struct DecimalForm<T>(byte scale) : IPackedForm<T>
    where T : unmanaged, IBinaryInteger<T>
{
    public static int Bytes => sizeof(long) + 1;

    public PackedTag Tag => PackedTag.Decimal;

    public bool Fits(T value) => default(IntegerForm<T>).Fits(value) && long.CreateTruncating(value) != long.MinValue;

    public void Write(T value, Span<byte> place)
    {
        BinaryPrimitives.WriteInt64LittleEndian(place, long.CreateTruncating(value));
        place[sizeof(long)] = scale;
    }
}

internal static class DecimalForm
{
    private const int ScaleMax = 38;

    public static bool IsScale(int scale) => scale is >= 0 and <= ScaleMax;
}

/// <inheritdoc cref="PackedTag.Float"/>
internal readonly struct FloatForm : IPackedForm<double>
{
    public static int Bytes => sizeof(double);

    public PackedTag Tag => PackedTag.Float;

    public bool Fits(double value) => double.IsFinite(value);

    public void Write(double value, Span<byte> place) => BinaryPrimitives.WriteDoubleLittleEndian(place, value);
}

/// <inheritdoc cref="PackedTag.Single"/>
internal readonly struct SingleForm : IPackedForm<float>
{
    public static int Bytes => sizeof(float);

    public PackedTag Tag => PackedTag.Single;

    public bool Fits(float value) => float.IsFinite(value);

    public void Write(float value, Span<byte> place) => BinaryPrimitives.WriteSingleLittleEndian(place, value);
}

/// <summary>Days since 1970-01-01, those that records are loaded with.</summary>
internal readonly struct DateForm : IPackedForm<int>
{
    public const int DayMin = -719_162; // 0001-01-01
    public const int DayEnd = 2_932_897; // 10000-01-01
    public const int EpochDays = 10_957; // 2000-01-01

    public static int Bytes => sizeof(int);

    public PackedTag Tag => PackedTag.Date;

    public bool Fits(int value) => value is >= DayMin and < DayEnd;

    public void Write(int value, Span<byte> place) => BinaryPrimitives.WriteInt32LittleEndian(place, value - EpochDays);
}

/// <summary>Since 1970-01-01T00:00 in microseconds or more, those that records are loaded with.</summary>
/// <param name="tag">What they are.</param>
/// <param name="nanoseconds">Of one unit: whole microseconds, of which so many make a day.</param>
internal readonly struct TimeForm(PackedTag tag, long nanoseconds) : IPackedForm<long>
{
    private const long NanosecondsPerMicrosecond = 1_000;
    private const long NanosecondsPerDay = 86_400_000_000_000;
    private const long EpochMicroseconds = DateForm.EpochDays * (NanosecondsPerDay / NanosecondsPerMicrosecond);

    private readonly long _microseconds = nanoseconds / NanosecondsPerMicrosecond;
    private readonly long _least = DateForm.DayMin * (NanosecondsPerDay / nanoseconds);
    private readonly long _end = DateForm.DayEnd * (NanosecondsPerDay / nanoseconds);

    public static int Bytes => sizeof(long);

    public PackedTag Tag => tag;

    /// <summary>How it is packed in a column that takes moments or the time of some place; <see cref="PackedTag.Null"/> for not.</summary>
    /// <param name="isInUtc">Whether it is a moment, which is no time of a place.</param>
    /// <param name="wanted">What the column takes.</param>
    public static PackedTag TagOf(bool isInUtc, PackedTag wanted) =>
        wanted == PackedTag.Instant && isInUtc ? PackedTag.Instant
        : wanted is PackedTag.Instant or PackedTag.LocalDateTime && !isInUtc ? PackedTag.LocalDateTime
        : PackedTag.Null;

    public bool Fits(long value) => value >= _least && value < _end;

    public void Write(long value, Span<byte> place) => WriteMicroseconds(value * _microseconds, place);

    internal static void WriteMicroseconds(long value, Span<byte> place) =>
        BinaryPrimitives.WriteInt64LittleEndian(place, value - EpochMicroseconds);
}

/// <summary>The same in nanoseconds, those that are whole microseconds; all of 64 bits are in years that are loaded.</summary>
internal readonly struct NanosecondForm(PackedTag tag) : IPackedForm<long>
{
    private const long NanosecondsPerMicrosecond = 1_000;

    public static int Bytes => sizeof(long);

    public PackedTag Tag => tag;

    public bool Fits(long value) => value % NanosecondsPerMicrosecond == 0;

    public void Write(long value, Span<byte> place) => TimeForm.WriteMicroseconds(value / NanosecondsPerMicrosecond, place);
}
