using System.Runtime.CompilerServices;
using PipelineService.Spool.Conversion.Packing;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>Values of which each is of one of several types.</summary>
/// <param name="children">Of each type.</param>
/// <param name="ids">Their numbers; null where they are counted.</param>
/// <param name="isDense">Whether offsets say where in its child a value is.</param>
internal sealed class UnionVector(ArrowVector[] children, int[]? ids, bool isDense) : ArrowVector
{
    private ByteSlice _types;
    private ByteSlice _offsets;

    protected override bool HasValidity => false;

    protected override void BindBuffers(BatchCursor batch)
    {
        if (batch.HasUnionNulls && batch.TakeBuffer().Length > 0)
        {
            throw ArrowFaults.NotRead("unions with nulls of their own, as before Arrow 1.0");
        }

        _types = batch.TakeBuffer().Holding(Length, itemBits: 8);
        _offsets = isDense ? batch.TakeBuffer().Holding(Length, itemBits: 32) : default;
        Array.ForEach(children, child => child.Bind(batch));
    }

    public override bool IsThere(long index) => base.IsThere(index) && ChildOf(index).IsThere(PlaceOf(index));

    protected override void WriteValue(long index, RowText row) => ChildOf(index).Write(PlaceOf(index), row);

    public override void WriteName(long index, RowText row)
    {
        ArrowVector child = ChildOf(index);
        if (child.IsNested)
        {
            child.Write(PlaceOf(index), row);
        }
        else
        {
            child.WriteName(PlaceOf(index), row);
        }
    }

    private ArrowVector ChildOf(long index)
    {
        int id = _types.Read<sbyte>(index);
        int child = ids is null ? id : Array.IndexOf(ids, id);
        return child >= 0 && child < children.Length
            ? children[child]
            : throw ArrowFaults.Damaged("a value of a union is of none of its types");
    }

    private long PlaceOf(long index) => isDense ? _offsets.Read<int>(index) : index;
}

/// <summary>Values that are said once for all the places that they are repeated at.</summary>
/// <param name="ends">Where each run ends.</param>
internal sealed class RunsVector(PlaceVector ends, ArrowVector values) : ArrowVector
{
    private long _run;

    public override bool IsTextual => values.IsTextual;

    public override bool IsNested => values.IsNested;

    protected override bool HasValidity => false;

    protected override void BindBuffers(BatchCursor batch)
    {
        ends.Bind(batch);
        values.Bind(batch);
        _run = 0;
    }

    public override bool IsThere(long index) => base.IsThere(index) && values.IsThere(Find(index));

    protected override void WriteValue(long index, RowText row) => values.Write(Find(index), row);

    protected override bool TryPack(long index, PackedValues packed)
    {
        values.Pack(Find(index), packed);
        return true;
    }

    public override void WriteName(long index, RowText row) => values.WriteName(Find(index), row);

    /// <summary>The run that has a place: mostly that of the place before, or the next one.</summary>
    private long Find(long index)
    {
        if (Has(_run, index) || Has(++_run, index))
        {
            return _run;
        }

        (long low, long high) = (0, ends.Length);
        while (low < high)
        {
            long middle = low + ((high - low) / 2);
            (low, high) = ends.PlaceAt(middle) <= index ? (middle + 1, high) : (low, middle);
        }

        return low < ends.Length ? _run = low : throw ArrowFaults.Damaged("a value is in none of its runs");
    }

    private bool Has(long run, long index) =>
        run < ends.Length && index < ends.PlaceAt(run) && (run == 0 || index >= ends.PlaceAt(run - 1));
}

/// <summary>Values that stand in a dictionary.</summary>
/// <param name="places">Where in it.</param>
/// <param name="make">Makes what writes its values.</param>
internal sealed class DictionaryVector(PlaceVector places, ArrowDictionary dictionary, Func<ArrowVector> make) : ArrowVector
{
    /// <summary>So many values are kept as they are packed, in so many bytes: they are asked for again and again.</summary>
    private const int PackedMax = 1 << 16;
    private const int PackedBytesMax = 1 << 20;

    private readonly ArrowVector _sample = make();
    private readonly List<(ArrowBatch Batch, ArrowVector Values, long First)> _parts = [];
    private readonly PackedValues _packed = new();
    private readonly (int Start, int Length)[] _found = new (int, int)[PackedRows.TogetherMax];

    /// <summary>Where each value is as it is packed, behind one that is not there; no length where that was not asked for yet.</summary>
    private (int Start, int Length)[] _places = [];

    public override long Length => places.Length;

    public override bool IsTextual => _sample.IsTextual;

    public override bool IsNested => _sample.IsNested;

    public override void Bind(BatchCursor batch)
    {
        places.Bind(batch);
        int same = 0;
        while (same < _parts.Count && same < dictionary.Parts.Count && ReferenceEquals(_parts[same].Batch, dictionary.Parts[same]))
        {
            same++;
        }

        bool isOther = same < _parts.Count || same < dictionary.Parts.Count;
        _parts.RemoveRange(same, _parts.Count - same);
        foreach (ArrowBatch part in dictionary.Parts.Skip(same))
        {
            long first = _parts.Count == 0 ? 0 : _parts[^1].First + _parts[^1].Values.Length;
            ArrowVector values = make();
            BatchCursor cursor = new(part);
            values.Bind(cursor);
            cursor.ThrowUnlessAllIsTaken();
            _parts.Add(values.Length == part.Length
                ? (part, values, first)
                : throw ArrowFaults.Damaged("a dictionary has not as many values as it says"));
        }

        if (isOther)
        {
            long count = _parts.Count == 0 ? 0 : _parts[^1].First + _parts[^1].Values.Length;
            _places = count < PackedMax ? new (int, int)[count + 1] : [];
            _packed.Clear(PackedBytesMax);
        }
    }

    public override bool IsThere(long index) => places.IsThere(index) && ValuesOf(index, out long place).IsThere(place);

    protected override void WriteValue(long index, RowText row) => ValuesOf(index, out long place).Write(place, row);

    protected override bool TryPack(long index, PackedValues values)
    {
        ValuesOf(index, out long place).Pack(place, values);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override bool TryMeasure(long first, Span<int> lengths)
    {
        for (int i = 0; i < lengths.Length; i++)
        {
            if (!TryFind(first + i, out _found[i]))
            {
                return false;
            }
        }

        for (int i = 0; i < lengths.Length; i++)
        {
            lengths[i] += _found[i].Length;
        }

        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void WriteMeasured(long first, Span<byte> rows, Span<int> places)
    {
        ReadOnlySpan<byte> packed = _packed.Written;
        for (int i = 0; i < places.Length; i++)
        {
            (int start, int length) = _found[i];
            packed.Slice(start, length).CopyTo(rows[places[i]..]);
            places[i] += length;
        }
    }

    public override void WriteName(long index, RowText row) => ValuesOf(index, out long place).WriteName(place, row);

    /// <summary>Finds a value as it is packed, and packs it when it is the first time.</summary>
    /// <returns>False where that is not kept.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool TryFind(long index, out (int Start, int Length) found)
    {
        bool isThere = places.IsThere(index);
        long place = isThere ? places.PlaceAt(index) : -1;
        if (place >= _places.Length - 1 || (isThere && place < 0))
        {
            found = default;
            return false;
        }

        ref (int Start, int Length) known = ref _places[(int)place + 1];
        if (known.Length == 0 && _packed.Length < PackedBytesMax)
        {
            int start = _packed.Length;
            if (isThere)
            {
                PartOf(ref place).Pack(place, _packed);
            }
            else
            {
                _packed.Null();
            }

            known = (start, _packed.Length - start);
        }

        found = known;
        return known.Length > 0;
    }

    private ArrowVector ValuesOf(long index, out long place)
    {
        place = places.PlaceAt(index);
        return PartOf(ref place);
    }

    /// <summary>The part that has a value.</summary>
    /// <param name="place">That of the value: in the dictionary, then in the part.</param>
    private ArrowVector PartOf(ref long place)
    {
        (int low, int high) = (0, _parts.Count);
        while (high - low > 1)
        {
            int middle = (low + high) / 2;
            (low, high) = _parts[middle].First <= place ? (middle, high) : (low, middle);
        }

        if (_parts.Count == 0 || place < 0 || place - _parts[low].First >= _parts[low].Values.Length)
        {
            throw ArrowFaults.Damaged("a value stands in none of the places of its dictionary");
        }

        place -= _parts[low].First;
        return _parts[low].Values;
    }
}

/// <summary>What a dictionary holds: as it came first, and what came to it.</summary>
internal sealed class ArrowDictionary
{
    public List<ArrowBatch> Parts { get; } = [];
}
