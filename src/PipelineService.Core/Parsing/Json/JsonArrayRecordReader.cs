using System.Buffers;
using System.Collections.Immutable;
using System.Text.Encodings.Web;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rules;
using Utf8Text = System.Text.Encoding;

namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// JSON of arrays, mostly newline-delimited: each record is one array, its items are the fields. A slot is an item, in the order of
/// the data.
/// </summary>
/// <param name="binding">Where each field of the schema stands in this job's records.</param>
/// <param name="ragged">What becomes of records with fewer or more items.</param>
/// <param name="framing">What stands between records.</param>
/// <param name="names">Of the items, where the arrays stand for objects: of files that are converted.</param>
public sealed class JsonArrayRecordReader(
    HeaderBinding binding, RaggedRows ragged, JsonFraming framing = JsonFraming.Lines, ImmutableArray<string> names = default) : RecordReader
{
    private readonly bool _pads = (ragged & RaggedRows.Pad) != 0;
    private readonly bool _trims = (ragged & RaggedRows.Trim) != 0;

    /// <inheritdoc/>
    public override ImmutableArray<int> SlotOfField => binding.FieldOfColumn;

    /// <inheritdoc/>
    public override bool MayOmit => _pads;

    /// <inheritdoc/>
    internal override JsonFraming Framing => framing;

    /// <inheritdoc/>
    internal override ImmutableArray<byte[]> ItemNames { get; } = names.IsDefault
        ? []
        : [.. names.Select(name => Utf8Text.UTF8.GetBytes($"\"{JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\":"))];

    /// <inheritdoc/>
    public override int BytesMade => binding.Rest.Sum(cell => cell.Name.Length);

    /// <inheritdoc/>
    internal override void Read<TSink>(
        ReadOnlySpan<byte> bytes, RecordValues values, RejectBuffer rejects, ref TSink sink)
    {
        switch (framing)
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

    private void Read<TPlaces, TSink>(
        ReadOnlySpan<byte> bytes, TPlaces places, RecordValues values, RejectBuffer rejects, ref TSink sink)
        where TPlaces : struct, IJsonPlaces, allows ref struct
        where TSink : struct, IRecordSink, allows ref struct
    {
        Span<RecordValue> all = values.ClearSlots(binding.FieldCount + (binding.Rest.IsEmpty ? 0 : 1));
        Span<RecordValue> slots = all[..binding.FieldCount];
        while (places.Read(out RecordPlace place))
        {
            int count = 0;
            RecordErrorCode fault = places.IsValidUtf8(place)
                ? ReadItems(bytes[..(place.Start + place.Length)], place.Start, slots, out count)
                : RecordErrorCode.InvalidUtf8;
            if (count < slots.Length)
            {
                slots[count..].Clear();
            }

            fault = fault == RecordErrorCode.None ? FaultOf(count) : fault;
            if (!binding.Rest.IsEmpty && fault == RecordErrorCode.None)
            {
                fault = KeepRest(bytes, all, values);
            }

            if (fault != RecordErrorCode.None)
            {
                rejects.AddError(ErrorOf(place, fault, count));
            }

            sink.Take(place, isRead: fault == RecordErrorCode.None);
        }
    }

    /// <inheritdoc/>
    internal override bool TryUnescape(
        ReadOnlySpan<byte> written, ValueSpelling spelling, Span<byte> text, out int length) =>
        JsonEscape.TryUnescape(written, text, out length);

    /// <param name="json">The bytes up to the end of the record; known to be valid UTF-8.</param>
    /// <param name="start">Where it starts in them.</param>
    /// <param name="slots">Takes the first items.</param>
    /// <param name="count">How many items there are, also those that found no slot.</param>
    internal static RecordErrorCode ReadItems(ReadOnlySpan<byte> json, int start, Span<RecordValue> slots, out int count)
    {
        count = 0;
        int position = JsonGrammar.EndOfBlanks(json, start);
        if (JsonGrammar.ByteAt(json, position) != '[')
        {
            return RecordErrorCode.MalformedJson;
        }

        position = JsonGrammar.EndOfBlanks(json, position + 1);
        bool isClosed = JsonGrammar.ByteAt(json, position) == ']';
        while (!isClosed)
        {
            position = JsonValues.Read(json, position, out RecordValue value);
            if (position == JsonGrammar.Malformed)
            {
                return RecordErrorCode.MalformedJson;
            }

            if (count < slots.Length)
            {
                slots[count] = value;
            }

            count++;
            position = JsonGrammar.EndOfBlanks(json, position);
            byte found = JsonGrammar.ByteAt(json, position);
            isClosed = found == ']';
            if (!isClosed && found != ',')
            {
                return RecordErrorCode.MalformedJson;
            }

            position = JsonGrammar.EndOfBlanks(json, isClosed ? position : position + 1);
        }

        return JsonGrammar.EndOfBlanks(json, position + 1) == json.Length ? RecordErrorCode.None : RecordErrorCode.MalformedJson;
    }

    /// <summary>Lays the items that the schema does not declare together, each as it was written.</summary>
    private RecordErrorCode KeepRest(ReadOnlySpan<byte> bytes, Span<RecordValue> slots, RecordValues values)
    {
        values.ClearRest();
        foreach (RestCell cell in binding.Rest)
        {
            RecordValue item = slots[cell.Field];
            int quote = item.Kind == ValueKind.Text ? 1 : 0;
            if (item.Kind != ValueKind.Absent
                && !cell.TryKeepJson(bytes.Slice(item.Start - quote, item.Length + (2 * quote)), values))
            {
                return RecordErrorCode.ResultTooLong;
            }
        }

        slots[^1] = values.CloseRest();
        return RecordErrorCode.None;
    }

    /// <summary>Writes a record as the object that it stands for.</summary>
    /// <param name="record">A well-formed array.</param>
    /// <param name="names">See <see cref="ItemNames"/>.</param>
    /// <returns>Null when it is not one with so many items.</returns>
    public static byte[]? ToObject(ReadOnlySpan<byte> record, ImmutableArray<byte[]> names)
    {
        var items = new RecordValue[names.Length];
        if (ReadItems(record, start: 0, items, out int count) != RecordErrorCode.None || count != names.Length)
        {
            return null;
        }

        ArrayBufferWriter<byte> written = new(record.Length + names.Sum(name => name.Length + 1) + 1);
        for (int i = 0; i < items.Length; i++)
        {
            written.Write(i == 0 ? "{"u8 : ","u8);
            written.Write(names[i]);
            int quote = items[i].Kind == ValueKind.Text ? 1 : 0;
            written.Write(record.Slice(items[i].Start - quote, items[i].Length + (2 * quote)));
        }

        written.Write(items.Length == 0 ? "{}"u8 : "}"u8);
        return written.WrittenSpan.ToArray();
    }

    private RecordErrorCode FaultOf(int count) =>
        count < binding.FieldCount && !_pads ? RecordErrorCode.TooFewFields
        : count > binding.FieldCount && !_trims ? RecordErrorCode.TooManyFields
        : RecordErrorCode.None;

    private RecordError ErrorOf(RecordPlace place, RecordErrorCode fault, int count) =>
        new(RecordError.WholeRecord, fault, place.Start, ValueLength: 0)
        {
            Fields = fault is RecordErrorCode.TooFewFields or RecordErrorCode.TooManyFields
                ? new FieldCounts(count, binding.FieldCount)
                : default,
        };
}
