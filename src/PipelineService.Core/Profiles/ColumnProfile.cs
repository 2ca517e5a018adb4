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

    /// <summary>Takes values in.</summary>
    /// <param name="bytes">The rows that have them.</param>
    /// <param name="values">They, and a place for their hashes.</param>
    /// <param name="rows">How many rows those are.</param>
    public void Add(ReadOnlySpan<byte> bytes, ColumnValues values, int rows)
    {
        Nulls += rows - values.Count;
        if (values.Count == 0)
        {
            return;
        }

        Values += values.Count;
        Measure(bytes, values);
        ReadOnlySpan<ulong> hashes = values.Hashes;
        _distinct.Add(hashes);
        if (!IsHidden)
        {
            foreach (int index in values.Sample)
            {
                Look(values.Of(bytes, index), hashes[index]);
            }
        }

        for (int i = 0; Remembered is { } remembered && i < hashes.Length; i++)
        {
            remembered.Add(hashes[i], values.Of(bytes, i));
        }
    }

    /// <summary>Takes every value into what is known of all of them, but for what is told from the hashes.</summary>
    /// <param name="bytes">The rows.</param>
    /// <param name="values">The values, at least one; their hashes are to be written.</param>
    protected abstract void Measure(ReadOnlySpan<byte> bytes, ColumnValues values);

    /// <summary>Takes a value of the sample in, where it may be shown.</summary>
    protected virtual void Look(ReadOnlySpan<byte> value, ulong hash) => Frequent!.Add(hash, value);

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
