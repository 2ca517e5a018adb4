using System.Text.Json;
using PipelineService.Core.Parsing.Packed;

namespace PipelineService.Spool.Conversion.Arrow;

/// <summary>What writes each type of a column.</summary>
/// <param name="dictionaryOf">The dictionary of an id.</param>
internal sealed class ArrowVectors(Func<long, ArrowDictionary> dictionaryOf)
{
    /// <summary>Of a column.</summary>
    /// <param name="field">What the schema says of it.</param>
    /// <param name="wanted">What the dataset wants of its values.</param>
    /// <param name="packed">The binary form in which it takes them.</param>
    /// <exception cref="UnconvertibleException">It holds what is not read.</exception>
    public ArrowVector Of(ArrowField field, WantedForm wanted, PackedTag packed)
    {
        ArrowVector vector = Of(field, wanted == WantedForm.Base64 ? BytesForm.Base64 : BytesForm.Text, packed);
        bool isText = vector.IsTextual || vector.IsNested;
        return wanted is WantedForm.Text or WantedForm.Base64 && !isText ? new QuotedVector(vector) : vector;
    }

    private ArrowVector Of(ArrowField field, BytesForm bytes, PackedTag packed) => field.Dictionary is not { } encoding
        ? OfValues(field, bytes, packed)
        : new DictionaryVector(PlacesOf(encoding.Index), dictionaryOf(encoding.Id), () => OfValues(field, bytes, packed));

    /// <param name="bytes">How those are written that are no text by their type: as text, where they are a column.</param>
    private ArrowVector OfValues(ArrowField field, BytesForm bytes, PackedTag packed)
    {
        ArrowType type = field.Type;
        return type.Kind switch
        {
            ArrowKind.Null => new NullVector(),
            ArrowKind.Int => PlacesOf(type, packed),
            ArrowKind.FloatingPoint => new FloatVector(type.Width, packed),
            ArrowKind.Bool => new BoolVector(),
            ArrowKind.Decimal => new DecimalVector(type.Width, type.Scale, packed),
            ArrowKind.Date => new DateVector(isInDays: type.Unit == 0, packed),
            ArrowKind.Time => new ClockVector(type.Unit),
            ArrowKind.Timestamp => new TimestampVector(type.Unit, type.HasZone, packed),
            ArrowKind.Duration => new DurationVector(type.Unit),
            ArrowKind.Interval => new IntervalVector(type.Unit),
            ArrowKind.Utf8 or ArrowKind.LargeUtf8 => new VariableVector(BytesForm.Text, type.Kind == ArrowKind.LargeUtf8),
            ArrowKind.Binary or ArrowKind.LargeBinary => new VariableVector(bytes, type.Kind == ArrowKind.LargeBinary),
            ArrowKind.Utf8View => new ViewVector(BytesForm.Text),
            ArrowKind.BinaryView => new ViewVector(bytes),
            ArrowKind.FixedSizeBinary => new FixedBytesVector(
                field is { Extension: "arrow.uuid", Type.Width: 16 } ? BytesForm.Uuid : bytes, type.Width),
            ArrowKind.List or ArrowKind.LargeList => new ListVector(OfPart(field, 0), type.Kind == ArrowKind.LargeList),
            ArrowKind.ListView or ArrowKind.LargeListView => new ListViewVector(OfPart(field, 0), type.Kind == ArrowKind.LargeListView),
            ArrowKind.FixedSizeList => new FixedListVector(OfPart(field, 0), type.Width),
            ArrowKind.Struct => StructOf(field),
            ArrowKind.Map => MapOf(field),
            ArrowKind.Union => new UnionVector([.. field.Children.Select((_, i) => OfPart(field, i))], type.TypeIds, type.IsDense),
            _ => new RunsVector(PlacesOf(field.Children[0].Type), Of(field.Children[1], bytes, packed)),
        };
    }

    /// <summary>Bytes that are inside of something are base64: nothing says what text they would be.</summary>
    private ArrowVector OfPart(ArrowField field, int child) => Of(field.Children[child], BytesForm.Base64, PackedTag.Null);

    private StructVector StructOf(ArrowField field)
    {
        var members = new ArrowVector[field.Children.Length];
        byte[][] names = new byte[members.Length][];
        for (int i = 0; i < members.Length; i++)
        {
            members[i] = OfPart(field, i);
            names[i] = System.Text.Encoding.UTF8.GetBytes($"{(i == 0 ? "" : ",")}\"{JsonEncodedText.Encode(field.Children[i].Name)}\":");
        }

        return new StructVector(names, members);
    }

    private MapVector MapOf(ArrowField field)
    {
        ArrowField entries = field.Children[0];
        ArrowVector key = OfPart(entries, 0);
        return entries.Dictionary is null && !key.IsNested && entries.Children[0].Type.Kind != ArrowKind.Union
            ? new MapVector(new EntriesVector(key, OfPart(entries, 1)))
            : throw ArrowFaults.NotRead("maps whose keys are no plain values");
    }

    private static PlaceVector PlacesOf(ArrowType type, PackedTag packed = PackedTag.Null) => (type.Width, type.IsSigned) switch
    {
        (8, true) => new IntegerVector<sbyte>(packed),
        (8, false) => new IntegerVector<byte>(packed),
        (16, true) => new IntegerVector<short>(packed),
        (16, false) => new IntegerVector<ushort>(packed),
        (32, true) => new IntegerVector<int>(packed),
        (32, false) => new IntegerVector<uint>(packed),
        (64, true) => new IntegerVector<long>(packed),
        _ => new IntegerVector<ulong>(packed),
    };
}
