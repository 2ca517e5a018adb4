using System.Buffers.Binary;

namespace PipelineService.Core.Encoding.Calendar;

/// <summary>
/// A duration as PostgreSQL keeps it: months, days and microseconds apart, because months have no fixed number of days.
/// </summary>
/// <remarks>
/// Two orders for two questions. Bounds ask which is longer, and PostgreSQL answers with 30 days a month
/// (<c>interval_cmp_value</c> in utils/adt/timestamp.c). Members of an enum ask whether it is the same duration, and XML
/// Schema knows that for certain: <c>PT24H</c> is <c>P1D</c> and <c>P12M</c> is <c>P1Y</c>, but <c>P30D</c> is no month.
/// </remarks>
internal readonly struct Interval(int months, int days, long microseconds) : IComparable<Interval>, IEquatable<Interval>
{
    public const long MicrosecondsPerDay = 86_400 * IsoCalendar.MicrosecondsPerSecond;

    private const int DaysPerMonth = 30;

    public int Months { get; } = months;

    public int Days { get; } = days;

    public long Microseconds { get; } = microseconds;

    private Int128 Length => ((((Int128)Months * DaysPerMonth) + Days) * MicrosecondsPerDay) + Microseconds;

    /// <summary>An interval from its binary form, see <see cref="DurationFormat"/>.</summary>
    public static Interval Read(ReadOnlySpan<byte> value) => new(
        BinaryPrimitives.ReadInt32BigEndian(value[(sizeof(long) + sizeof(int))..]),
        BinaryPrimitives.ReadInt32BigEndian(value[sizeof(long)..]),
        BinaryPrimitives.ReadInt64BigEndian(value));

    public int CompareTo(Interval other) => Length.CompareTo(other.Length);

    public bool Equals(Interval other) => Months == other.Months && Length == other.Length;

    public override bool Equals(object? obj) => obj is Interval other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Months, Length);
}
