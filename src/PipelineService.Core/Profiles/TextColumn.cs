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

    private const ulong BeyondAscii = 0x8080_8080_8080_8080;

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

    protected override void Measure(ReadOnlySpan<byte> bytes, ColumnValues values)
    {
        Span<ulong> hashes = values.Hashes;
        ReadOnlySpan<(int Start, int Length)> places = values.Values;
        Lengths lengths = _lengths;
        for (int i = 0; i < hashes.Length; i++)
        {
            ulong word = values.WordOf(bytes, i);
            int length = places[i].Length;
            bool isShort = length <= sizeof(ulong);
            hashes[i] = isShort ? ValueHash.Of(word, length) : ValueHash.Of(values.Of(bytes, i));
            bool isAscii = (word & BeyondAscii) == 0 && (isShort || Ascii.IsValid(bytes.Slice(places[i].Start, length)));
            lengths = lengths.With(isAscii ? length : CharactersIn(values.Of(bytes, i)));
            ulong start = BinaryPrimitives.ReverseEndianness(word);
            if (MayBeExtreme(start, isShort) && !IsHidden)
            {
                AddExtremes(values.Of(bytes, i), start);
            }
        }

        _lengths = lengths;
    }

    protected override void Look(ReadOnlySpan<byte> value, ulong hash)
    {
        base.Look(value, hash);
        Span<byte> pattern = stackalloc byte[ValuePattern.BytesMax];
        pattern = pattern[..ValuePattern.Write(value, pattern)];
        Patterns!.Add(ValueHash.Of(pattern), pattern);
    }

    public override void Merge(ColumnProfile other)
    {
        base.Merge(other);
        var texts = (TextColumn)other;
        _lengths = _lengths.With(texts._lengths);
        if (texts._leastLength >= 0)
        {
            AddExtremes(texts._least.AsSpan(0, texts._leastLength), texts._leastStart);
            AddExtremes(texts._greatest.AsSpan(0, texts._greatestLength), texts._greatestStart);
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
            _leastStart = BinaryPrimitives.ReverseEndianness(ValueHash.WordOf(_least.AsSpan(0, _leastLength)));
            _greatestStart = BinaryPrimitives.ReverseEndianness(ValueHash.WordOf(_greatest.AsSpan(0, _greatestLength)));
        }
    }

    /// <summary>
    /// Whether a value may be less than the least or greater than the greatest. Mostly its first eight bytes decide; one that has no more
    /// and begins as one that has no more is the same.
    /// </summary>
    private bool MayBeExtreme(ulong start, bool isShort) => start < _leastStart || start > _greatestStart
        || (start == _leastStart && !(isShort && _leastLength <= sizeof(ulong)))
        || (start == _greatestStart && !(isShort && _greatestLength <= sizeof(ulong)));

    /// <param name="start">The first eight bytes, ordered as they are: no text has a byte 0, with which a shorter one is filled up.</param>
    private void AddExtremes(ReadOnlySpan<byte> value, ulong start)
    {
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

    /// <summary>Code points, as <c>maxLength</c> counts them.</summary>
    private static int CharactersIn(ReadOnlySpan<byte> value)
    {
        int count = 0;
        foreach (byte b in value)
        {
            count += (b & 0xC0) != 0x80 ? 1 : 0;
        }

        return count;
    }
}
