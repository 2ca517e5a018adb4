using System.Buffers.Binary;
using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Profiles.Sketches;

namespace PipelineService.Core.Profiles;

/// <summary>Values that are stored as one whole number: integers, booleans, dates and times.</summary>
internal sealed class WordColumn : ColumnProfile
{
    private readonly bool _isNumber;
    private long _least = long.MaxValue;
    private long _greatest = long.MinValue;
    private Int128 _sum;
    private int _bytes = sizeof(long);

    public WordColumn(FieldDefinition field, bool isHidden, bool isRemembered)
        : base(field, isHidden, isRemembered)
    {
        _isNumber = field.SentType.Name is SqlTypeName.SmallInt or SqlTypeName.Integer or SqlTypeName.BigInt;
        Spread = _isNumber && !isHidden ? new QuantileSketch() : null;
    }

    public override string? Sum => IsTold ? _sum.ToString(CultureInfo.InvariantCulture) : null;

    public override double? Mean => IsTold ? (double)_sum / Values : null;

    public override (byte[]? Least, byte[]? Greatest) Extremes =>
        IsHidden || Values == 0 || Field.SentType.Name == SqlTypeName.Boolean ? default : (Stored(_least), Stored(_greatest));

    private bool IsTold => _isNumber && !IsHidden && Values > 0;

    protected override void Measure(ReadOnlySpan<byte> bytes, ColumnValues values)
    {
        Span<long> words = stackalloc long[ColumnValues.CountMax];
        words = words[..values.Count];
        _bytes = values.Values[0].Length;
        Read(bytes, values.Values, _bytes, words);
        Span<ulong> hashes = values.Hashes;
        (long least, long greatest, long high, ulong low) = (_least, _greatest, 0, 0);
        for (int i = 0; i < words.Length; i++)
        {
            long word = words[i];
            hashes[i] = ValueHash.Of(word);
            least = Math.Min(least, word);
            greatest = Math.Max(greatest, word);
            high += word >> 32;
            low += (uint)word;
        }

        if (!IsHidden)
        {
            (_least, _greatest) = (least, greatest);
            _sum += ((Int128)high << 32) + low;
        }
    }

    protected override void Look(ReadOnlySpan<byte> value, ulong hash)
    {
        base.Look(value, hash);
        Spread?.Add(WordOf(value));
    }

    /// <summary>All values of a column have as many bytes.</summary>
    private static void Read(ReadOnlySpan<byte> bytes, ReadOnlySpan<(int Start, int Length)> values, int length, Span<long> words)
    {
        if (length == sizeof(long))
        {
            for (int i = 0; i < words.Length; i++)
            {
                words[i] = BinaryPrimitives.ReadInt64BigEndian(bytes[values[i].Start..]);
            }
        }
        else if (length == sizeof(int))
        {
            for (int i = 0; i < words.Length; i++)
            {
                words[i] = BinaryPrimitives.ReadInt32BigEndian(bytes[values[i].Start..]);
            }
        }
        else
        {
            for (int i = 0; i < words.Length; i++)
            {
                words[i] = WordOf(bytes.Slice(values[i].Start, length));
            }
        }
    }

    private static long WordOf(ReadOnlySpan<byte> value) => value.Length switch
    {
        sizeof(long) => BinaryPrimitives.ReadInt64BigEndian(value),
        sizeof(int) => BinaryPrimitives.ReadInt32BigEndian(value),
        sizeof(short) => BinaryPrimitives.ReadInt16BigEndian(value),
        _ => value[0],
    };

    public override void Merge(ColumnProfile other)
    {
        base.Merge(other);
        var words = (WordColumn)other;
        _least = Math.Min(_least, words._least);
        _greatest = Math.Max(_greatest, words._greatest);
        _sum += words._sum;
        _bytes = words.Values > 0 ? words._bytes : _bytes;
    }

    public override void Write(BinaryWriter writer)
    {
        base.Write(writer);
        writer.Write(_least);
        writer.Write(_greatest);
        writer.Write((long)(_sum >> 64));
        writer.Write((ulong)_sum);
        writer.Write((byte)_bytes);
    }

    public override void Read(BinaryReader reader)
    {
        base.Read(reader);
        _least = reader.ReadInt64();
        _greatest = reader.ReadInt64();
        _sum = ((Int128)reader.ReadInt64() << 64) | reader.ReadUInt64();
        _bytes = reader.ReadByte();
    }

    private byte[] Stored(long word)
    {
        byte[] value = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(value, word);
        return value[^_bytes..];
    }
}
