using System.Buffers.Binary;
using System.Text;
using PipelineService.Core.Datasets;
using PipelineService.Core.Profiles.Sketches;

namespace PipelineService.Core.Profiles;

/// <summary>Texts. The least and the greatest are those by their bytes, which is the order of their code points.</summary>
internal sealed class TextColumn : ColumnProfile
{
    /// <summary>Bytes of the least and the greatest that are kept, and compared.</summary>
    internal const int ExtremeBytesMax = 128;

    private readonly byte[] _least = new byte[ExtremeBytesMax];
    private readonly byte[] _greatest = new byte[ExtremeBytesMax];
    private int _leastLength = -1;
    private int _greatestLength = -1;
    private ulong _leastStart = ulong.MaxValue;
    private ulong _greatestStart;
    private Lengths _lengths = Profiles.Lengths.None;

    public TextColumn(FieldDefinition field, bool isHidden, bool isRemembered)
        : base(field, isHidden, isRemembered) => Patterns = isHidden ? null : NewPatterns();

    public override Lengths? Lengths => Values > 0 ? _lengths : null;

    public override (byte[]? Least, byte[]? Greatest) Extremes =>
        IsHidden || Values == 0 ? default : (_least[.._leastLength], _greatest[.._greatestLength]);

    protected override void Add(ReadOnlySpan<byte> value, bool isSampled)
    {
        _lengths = _lengths.With(CharactersIn(value));
        if (!IsHidden)
        {
            AddExtremes(value);
            if (isSampled)
            {
                Span<byte> pattern = stackalloc byte[ValuePattern.BytesMax];
                pattern = pattern[..ValuePattern.Write(value, pattern)];
                Patterns!.Add(ValueHash.Of(pattern), pattern);
            }
        }

        Count(ValueHash.Of(value), value, isSampled);
    }

    public override void Merge(ColumnProfile other)
    {
        base.Merge(other);
        var texts = (TextColumn)other;
        _lengths = _lengths.With(texts._lengths);
        if (texts._leastLength >= 0)
        {
            AddExtremes(texts._least.AsSpan(0, texts._leastLength));
            AddExtremes(texts._greatest.AsSpan(0, texts._greatestLength));
        }
    }

    public override void Write(BinaryWriter writer)
    {
        base.Write(writer);
        _lengths.Write(writer);
        writer.Write(_leastLength);
        writer.Write(_greatestLength);
        writer.Write(_least);
        writer.Write(_greatest);
    }

    public override void Read(BinaryReader reader)
    {
        base.Read(reader);
        _lengths = Profiles.Lengths.Read(reader);
        (_leastLength, _greatestLength) = (reader.ReadInt32(), reader.ReadInt32());
        reader.BaseStream.ReadExactly(_least);
        reader.BaseStream.ReadExactly(_greatest);
        if (_leastLength >= 0)
        {
            _leastStart = StartOf(_least.AsSpan(0, _leastLength));
            _greatestStart = StartOf(_greatest.AsSpan(0, _greatestLength));
        }
    }

    private void AddExtremes(ReadOnlySpan<byte> value)
    {
        // Mostly the first eight bytes decide; no text has a byte 0, so that what is shorter is filled up with it.
        ulong start = StartOf(value);
        if (start > _leastStart && start < _greatestStart)
        {
            return;
        }

        value = value[..Math.Min(value.Length, ExtremeBytesMax)];
        if (_leastLength < 0 || (start <= _leastStart && value.SequenceCompareTo(_least.AsSpan(0, _leastLength)) < 0))
        {
            (_leastStart, _leastLength) = (start, value.Length);
            value.CopyTo(_least);
        }

        if (_greatestLength < 0 || (start >= _greatestStart && value.SequenceCompareTo(_greatest.AsSpan(0, _greatestLength)) > 0))
        {
            (_greatestStart, _greatestLength) = (start, value.Length);
            value.CopyTo(_greatest);
        }
    }

    private static ulong StartOf(ReadOnlySpan<byte> value)
    {
        if (value.Length >= sizeof(ulong))
        {
            return BinaryPrimitives.ReadUInt64BigEndian(value);
        }

        ulong start = 0;
        for (int i = 0; i < value.Length; i++)
        {
            start |= (ulong)value[i] << (56 - (8 * i));
        }

        return start;
    }

    /// <summary>Code points, as <c>maxLength</c> counts them.</summary>
    private static int CharactersIn(ReadOnlySpan<byte> value)
    {
        if (Ascii.IsValid(value))
        {
            return value.Length;
        }

        int count = 0;
        foreach (byte b in value)
        {
            count += (b & 0xC0) != 0x80 ? 1 : 0;
        }

        return count;
    }
}
