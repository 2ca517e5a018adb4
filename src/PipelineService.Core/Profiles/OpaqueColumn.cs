using PipelineService.Core.Datasets;
using PipelineService.Core.Profiles.Sketches;

namespace PipelineService.Core.Profiles;

/// <summary>
/// Values that are known by their bytes only: JSON, arrays, points, intervals, bytes; of those with a short form the frequent ones are told.
/// </summary>
internal sealed class OpaqueColumn(FieldDefinition field, bool isHidden, bool isRemembered)
    : ColumnProfile(field, isHidden, isRemembered)
{
    private readonly bool _isShort = field.SentType.Name is SqlTypeName.Uuid or SqlTypeName.Interval or SqlTypeName.Point;
    private Lengths _lengths = Profiles.Lengths.None;

    public override Lengths? Lengths => Values > 0 && !_isShort ? _lengths : null;

    protected override void Measure(ReadOnlySpan<byte> bytes, ColumnValues values)
    {
        Span<ulong> hashes = values.Hashes;
        Lengths lengths = _lengths;
        for (int i = 0; i < hashes.Length; i++)
        {
            ReadOnlySpan<byte> value = values.Of(bytes, i);
            hashes[i] = ValueHash.Of(value);
            lengths = lengths.With(value.Length);
        }

        _lengths = lengths;
    }

    protected override void Look(ReadOnlySpan<byte> value, ulong hash)
    {
        if (_isShort)
        {
            base.Look(value, hash);
        }
    }

    public override void Merge(ColumnProfile other)
    {
        base.Merge(other);
        _lengths = _lengths.With(((OpaqueColumn)other)._lengths);
    }

    public override void Write(BinaryWriter writer)
    {
        base.Write(writer);
        _lengths.Write(writer);
    }

    public override void Read(BinaryReader reader)
    {
        base.Read(reader);
        _lengths = Profiles.Lengths.Read(reader);
    }
}
