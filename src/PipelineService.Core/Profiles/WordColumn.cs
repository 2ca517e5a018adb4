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

    protected override void Add(ReadOnlySpan<byte> value, bool isSampled)
    {
        long word = value.Length switch
        {
            sizeof(long) => BinaryPrimitives.ReadInt64BigEndian(value),
            sizeof(int) => BinaryPrimitives.ReadInt32BigEndian(value),
            sizeof(short) => BinaryPrimitives.ReadInt16BigEndian(value),
            _ => value[0],
        };
        _bytes = value.Length;
        if (!IsHidden)
        {
            _least = Math.Min(_least, word);
            _greatest = Math.Max(_greatest, word);
            _sum += word;
            if (isSampled)
            {
                Spread?.Add(word);
            }
        }

        Count(ValueHash.Of(word), value, isSampled);
    }

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
