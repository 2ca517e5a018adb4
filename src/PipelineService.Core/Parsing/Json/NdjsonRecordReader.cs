using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// JSON of objects, mostly newline-delimited: each record is one object, its properties are the fields. Properties come in any order,
/// and a slot is a name that the schema reads.
/// </summary>
public sealed class NdjsonRecordReader : RecordReader
{
    private readonly JsonFieldNames _names;
    private readonly JsonObjectReader _objects;
    private readonly bool _hasRest;
    private readonly JsonFraming _framing;

    /// <summary>Values that stand deeper, or null when none does. Their slots are behind those of the names and the rest.</summary>
    private readonly JsonPathTree? _paths;
    private readonly int _slotCount;

    /// <param name="schema">What is declared of the fields.</param>
    /// <param name="keys">The only names that are read; none where all of the schema's are, and no others may be there.</param>
    /// <param name="framing">What stands between records.</param>
    public NdjsonRecordReader(
        TableSchema schema, ImmutableArray<string> keys = default, JsonFraming framing = JsonFraming.Lines)
    {
        _names = new JsonFieldNames(schema, keys);
        _objects = new JsonObjectReader(_names, schema);
        _hasRest = schema.Rest is not null;
        _framing = framing;
        JsonPathTree paths = new(_names.Count + (_hasRest ? 1 : 0));
        SlotOfField = [.. schema.Fields.Select((field, index) => SlotOf(field, index, paths))];
        _paths = paths.IsEmpty ? null : paths;
        _slotCount = paths.SlotsEnd;
    }

    /// <inheritdoc/>
    public override ImmutableArray<int> SlotOfField { get; }

    /// <inheritdoc/>
    public override bool MayOmit => true;

    /// <inheritdoc/>
    internal override JsonFraming Framing => _framing;

    /// <inheritdoc/>
    internal override void Read<TSink>(
        ReadOnlySpan<byte> bytes, RecordValues values, RejectBuffer rejects, ref TSink sink)
    {
        switch (_framing)
        {
            case JsonFraming.Lines:
                Read(bytes, new JsonLines(bytes), values, rejects, ref sink);
                break;
            case JsonFraming.Elements:
                Read(bytes, new ElementPlaces(bytes), values, rejects, ref sink);
                break;
            case JsonFraming.Texts:
                Read(bytes, new TextPlaces(bytes), values, rejects, ref sink);
                break;
            default:
                ReadOne(bytes, values, rejects, ref sink);
                break;
        }
    }

    /// <inheritdoc/>
    internal override void ReadOne<TSink>(
        ReadOnlySpan<byte> record, RecordValues values, RejectBuffer rejects, ref TSink sink) =>
        Read(record, new WholePlace(record), values, rejects, ref sink);

    /// <inheritdoc/>
    internal override bool TryUnescape(
        ReadOnlySpan<byte> written, ValueSpelling spelling, Span<byte> text, out int length) =>
        JsonEscape.TryUnescape(written, text, out length);

    private void Read<TPlaces, TSink>(
        ReadOnlySpan<byte> bytes, TPlaces places, RecordValues values, RejectBuffer rejects, ref TSink sink)
        where TPlaces : struct, IJsonPlaces, allows ref struct
        where TSink : struct, IRecordSink, allows ref struct
    {
        Span<RecordValue> slots = values.ClearSlots(_slotCount);
        MemberOrder order = new(stackalloc int[_names.Count + 1]);
        while (places.Read(out RecordPlace place))
        {
            slots.Clear();
            values.ClearRest();
            RecordErrorCode fault = places.IsValidUtf8(place)
                ? _objects.Read(bytes[..(place.Start + place.Length)], place.Start, slots, order, values, rejects)
                : RecordErrorCode.InvalidUtf8;
            if (fault != RecordErrorCode.None)
            {
                rejects.AddError(new RecordError(RecordError.WholeRecord, fault, place.Start, ValueLength: 0));
            }
            else
            {
                if (_hasRest)
                {
                    slots[_names.Count] = values.CloseRest();
                }

                _paths?.Read(bytes, slots, values, rejects);
            }

            sink.Take(place, isRead: rejects.OpenErrors == 0);
        }
    }

    private int SlotOf(FieldDefinition field, int index, JsonPathTree paths)
    {
        int slot = _names.SlotOfField[index];
        return slot >= 0 && field.Path is { Names.Length: > 1 } path ? paths.Add(path.Names, index, slot) : slot;
    }
}
