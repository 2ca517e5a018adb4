using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using PipelineService.Core.Datasets;
using PipelineService.Core.Profiles.Sketches;

namespace PipelineService.Core.Profiles;

/// <summary>
/// What is known of the values of one column, in memory that does not depend on how many there are. Of every value it is counted, measured
/// and told from others; the frequent values, the patterns and the spread are of a sample. Used by one thread at a time.
/// </summary>
/// <param name="field">The column.</param>
/// <param name="isHidden">Whether it holds personal data: then no value is kept, nor anything made of values.</param>
/// <param name="isRemembered">Whether all of its different values are kept, as long as they are not too many.</param>
internal abstract class ColumnProfile(FieldDefinition field, bool isHidden, bool isRemembered)
{
    /// <summary>Different values that are kept of a sample: any that makes up 1 % of it is among them.</summary>
    private const int FrequentMax = 256;

    /// <summary>Different values that are kept where all of them are asked for.</summary>
    private const int RememberedMax = 4_096;

    private const int PatternsMax = 64;

    private readonly DistinctSketch _distinct = new();

    public FieldDefinition Field { get; } = field;

    public bool IsHidden { get; } = isHidden;

    public long Nulls { get; private set; }

    /// <summary>Those that are not NULL.</summary>
    public long Values { get; private set; }

    public double Distinct => Math.Min(_distinct.Estimate(), Values);

    /// <summary>Of the sample.</summary>
    public FrequentValues? Frequent { get; } = isHidden ? null : new(FrequentMax);

    /// <summary>Of all rows; null where that is not asked for.</summary>
    public FrequentValues? Remembered { get; } = isRemembered && !isHidden ? new(RememberedMax) : null;

    /// <summary>Of the sample; only of texts.</summary>
    public FrequentValues? Patterns { get; protected init; }

    /// <summary>Of the sample; only of numbers.</summary>
    public QuantileSketch? Spread { get; protected init; }

    public static ColumnProfile Of(FieldDefinition field, bool isHidden, bool isRemembered) => field.SentType.Name switch
    {
        SqlTypeName.SmallInt or SqlTypeName.Integer or SqlTypeName.BigInt or SqlTypeName.Boolean or SqlTypeName.Date or SqlTypeName.Time
            or SqlTypeName.Timestamp or SqlTypeName.TimestampTz => new WordColumn(field, isHidden, isRemembered),
        SqlTypeName.Numeric => new NumericColumn(field, isHidden, isRemembered),
        SqlTypeName.Real or SqlTypeName.DoublePrecision => new FloatColumn(field, isHidden, isRemembered),
        SqlTypeName.Text or SqlTypeName.Varchar => new TextColumn(field, isHidden, isRemembered),
        _ => new OpaqueColumn(field, isHidden, isRemembered),
    };

    protected static FrequentValues NewPatterns() => new(PatternsMax);

    /// <summary>Takes the values of some rows in.</summary>
    /// <param name="bytes">The rows.</param>
    /// <param name="places">Where in them the value of each row begins, with its length; afterwards where it ends.</param>
    /// <param name="sampled">Whether a row is looked at more closely.</param>
    public void Add(ReadOnlySpan<byte> bytes, Span<int> places, ReadOnlySpan<bool> sampled)
    {
        for (int i = 0; i < places.Length; i++)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(bytes[places[i]..]);
            int start = places[i] + sizeof(int);
            if (length < 0)
            {
                Nulls++;
                places[i] = start;
                continue;
            }

            Add(bytes.Slice(start, length), sampled[i]);
            places[i] = start + length;
        }
    }

    /// <summary>Takes a value in.</summary>
    /// <param name="value">As it is stored, not NULL.</param>
    /// <param name="isSampled">Whether it is looked at more closely.</param>
    protected abstract void Add(ReadOnlySpan<byte> value, bool isSampled);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected void Count(ulong hash, ReadOnlySpan<byte> value, bool isSampled)
    {
        Values++;
        _distinct.Add(hash);
        if (isSampled)
        {
            Frequent?.Add(hash, value);
        }

        Remembered?.Add(hash, value);
    }

    public virtual void Merge(ColumnProfile other)
    {
        Nulls += other.Nulls;
        Values += other.Values;
        _distinct.Merge(other._distinct);
        Frequent?.Merge(other.Frequent!);
        Remembered?.Merge(other.Remembered!);
        Patterns?.Merge(other.Patterns!);
        Spread?.Merge(other.Spread!);
    }

    /// <summary>The least and the greatest value, as they are stored; null where there is none, or they are not to be told.</summary>
    public virtual (byte[]? Least, byte[]? Greatest) Extremes => default;

    /// <summary>The exact sum of numbers, as text; null of anything else.</summary>
    public virtual string? Sum => null;

    /// <summary>The mean of numbers; null of anything else, and where there is none.</summary>
    public virtual double? Mean => null;

    /// <summary>Shortest, longest and all together: characters of texts, bytes of what is known by its bytes only.</summary>
    public virtual Lengths? Lengths => null;

    /// <summary>Numbers that are none or have no end: they count for nothing else.</summary>
    public virtual long NotFinite => 0;

    /// <summary>A value as text.</summary>
    public string TextOf(ReadOnlySpan<byte> value) => ProfileText.Of(Field.SentType, value);

    public virtual void Write(BinaryWriter writer)
    {
        writer.Write(Nulls);
        writer.Write(Values);
        _distinct.Write(writer);
        Frequent?.Write(writer);
        Remembered?.Write(writer);
        Patterns?.Write(writer);
        Spread?.Write(writer);
    }

    public virtual void Read(BinaryReader reader)
    {
        Nulls = reader.ReadInt64();
        Values = reader.ReadInt64();
        _distinct.Read(reader);
        Frequent?.Read(reader);
        Remembered?.Read(reader);
        Patterns?.Read(reader);
        Spread?.Read(reader);
    }
}

/// <summary>How long values are.</summary>
/// <param name="Shortest">0 where there is none.</param>
public readonly record struct Lengths(long Shortest, long Longest, long Sum)
{
    internal static readonly Lengths None = new(long.MaxValue, 0, 0);

    internal Lengths With(long length) => new(Math.Min(Shortest, length), Math.Max(Longest, length), Sum + length);

    internal Lengths With(Lengths other) =>
        new(Math.Min(Shortest, other.Shortest), Math.Max(Longest, other.Longest), Sum + other.Sum);

    internal void Write(BinaryWriter writer)
    {
        writer.Write(Shortest);
        writer.Write(Longest);
        writer.Write(Sum);
    }

    internal static Lengths Read(BinaryReader reader) => new(reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64());
}
