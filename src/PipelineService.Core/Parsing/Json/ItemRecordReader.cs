using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// JSON documents of which each has an array of records (<c>dialect.items</c>): each item is a record, and fields may read what stands in
/// the document beside the array. A document that cannot be opened is one record, and is rejected.
/// </summary>
/// <remarks>
/// A document is read twice: once for what its items share and how many there are, once for the items. The
/// <see cref="ItemScanner"/> counts by the same code, so that both agree. Slots of the item come first, then those of the document,
/// which stay from one item to the next.
/// </remarks>
public sealed class ItemRecordReader : RecordReader
{
    /// <summary>Bytes that the rows of a document may take that it has once, or not at all: shared values, and NULLs.</summary>
    internal const int MadeBytesMax = 32 << 20;

    private const int NullBytes = 4;

    private readonly JsonFieldNames _names;
    private readonly JsonObjectReader _objects;
    private readonly JsonFraming _framing;
    private readonly JsonPathTree? _paths;
    private readonly JsonPathTree _document;
    private readonly ImmutableArray<int> _shared;
    private readonly bool _hasRest;
    private readonly int _itemSlots;
    private readonly int _slotCount;
    private readonly int _items;

    /// <param name="schema">What is declared of the fields.</param>
    /// <param name="items">The names that lead to the array of the records.</param>
    /// <param name="keys">The only names of an item that are read; none where all of the schema's are.</param>
    /// <param name="framing">What stands between documents.</param>
    public ItemRecordReader(
        TableSchema schema, ImmutableArray<string> items, ImmutableArray<string> keys, JsonFraming framing)
    {
        _names = new JsonFieldNames(schema, keys);
        _objects = new JsonObjectReader(_names, schema);
        _framing = framing;
        _hasRest = schema.Rest is not null;
        JsonPathTree paths = new(_names.Count + (_hasRest ? 1 : 0));
        int[] slots = [.. schema.Fields.Select((field, index) => SlotInItem(field, index, paths))];
        _itemSlots = paths.SlotsEnd;
        _paths = paths.IsEmpty ? null : paths;
        _document = new JsonPathTree(_itemSlots);
        _items = _document.Add(items, field: -1);
        for (int field = 0; field < slots.Length; field++)
        {
            if (schema.Fields[field].Path is { IsOfDocument: true } path)
            {
                slots[field] = _document.Add(path.Names, field);
            }
        }

        _slotCount = _document.SlotsEnd;
        _shared = [.. slots.Where(slot => slot >= _itemSlots)];
        SlotOfField = [.. slots];
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
    /// <remarks>A document with a single item.</remarks>
    internal override void ReadOne<TSink>(
        ReadOnlySpan<byte> record, RecordValues values, RejectBuffer rejects, ref TSink sink) =>
        Read(record, new WholePlace(record), values, rejects, ref sink);

    /// <summary>Reads an item once more, without changing what is known of the documents.</summary>
    /// <param name="bytes">The chunk.</param>
    /// <param name="document">The document that it stands in.</param>
    /// <param name="start">Where it begins.</param>
    /// <param name="length">Its bytes.</param>
    /// <param name="values">Those with which the chunk was read.</param>
    /// <param name="rejects">Takes what is wrong with it.</param>
    /// <param name="sink">Is handed the record.</param>
    internal void ReadItem<TSink>(
        ReadOnlySpan<byte> bytes, JsonDocumentPlace document, int start, int length, RecordValues values, RejectBuffer rejects,
        ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        Span<RecordValue> slots = values.KeptSlots(_slotCount);
        if (values.OpenDocument != document.Start)
        {
            slots.Clear();
            _document.ReadObject(bytes[..document.End], document.Start, slots, values, rejects);
            values.OpenDocument = document.Start;
        }

        MemberOrder order = new(stackalloc int[_names.Count + 1]);
        ReadItem(bytes[..(start + length)], new RecordPlace(start, length, Line: 0), slots, order, values, rejects, ref sink);
    }

    /// <summary>
    /// How many records are in a document, and how many bytes their rows may take that the document has once or not at all.
    /// </summary>
    /// <param name="bytes">As the scanner of the framing has found it.</param>
    /// <param name="values">Has room for what is read of it.</param>
    /// <param name="errors">Has room for what is wrong with it.</param>
    internal (int Records, long MadeBytes) Count(ReadOnlySpan<byte> bytes, RecordValues values, RejectBuffer errors) => _framing switch
    {
        JsonFraming.Lines => Count(bytes, new JsonLines(bytes), values, errors),
        JsonFraming.Elements => Count(bytes, new ElementPlaces(bytes), values, errors),
        JsonFraming.Texts => Count(bytes, new TextPlaces(bytes), values, errors),
        _ => Count(bytes, new WholePlace(bytes), values, errors),
    };

    /// <inheritdoc/>
    internal override bool TryUnescape(
        ReadOnlySpan<byte> written, ValueSpelling spelling, Span<byte> text, out int length) =>
        JsonEscape.TryUnescape(written, text, out length);

    private (int Records, long MadeBytes) Count<TPlaces>(
        ReadOnlySpan<byte> bytes, TPlaces places, RecordValues values, RejectBuffer errors)
        where TPlaces : struct, IJsonPlaces, allows ref struct
    {
        (int records, long made) = (0, 0);
        Span<RecordValue> slots = values.ClearSlots(_slotCount);
        while (places.Read(out RecordPlace place))
        {
            errors.Clear();
            ReadOnlySpan<byte> json = bytes[..(place.Start + place.Length)];
            Open(json, place, places.IsValidUtf8(place), slots, values, errors, out Contents contents);
            records += contents.Count;
            made += contents.MadeBytes;
        }

        return (records, made);
    }

    private void Read<TPlaces, TSink>(
        ReadOnlySpan<byte> bytes, TPlaces places, RecordValues values, RejectBuffer rejects, ref TSink sink)
        where TPlaces : struct, IJsonPlaces, allows ref struct
        where TSink : struct, IRecordSink, allows ref struct
    {
        values.Documents.Clear();
        values.OpenDocument = -1;
        Span<RecordValue> slots = values.ClearSlots(_slotCount);
        MemberOrder order = new(stackalloc int[_names.Count + 1]);
        int records = 0;
        while (places.Read(out RecordPlace place))
        {
            ReadOnlySpan<byte> json = bytes[..(place.Start + place.Length)];
            RecordErrorCode fault = Open(json, place, places.IsValidUtf8(place), slots, values, rejects, out Contents contents);
            if (fault != RecordErrorCode.None)
            {
                rejects.AddError(new RecordError(RecordError.WholeRecord, fault, place.Start, ValueLength: 0));
            }

            if (rejects.OpenErrors > 0)
            {
                sink.Take(place, isRead: false);
                records++;
                continue;
            }

            RecordValue items = slots[_items];
            values.OpenDocument = place.Start;
            values.Documents.Add(
                new JsonDocumentPlace(place.Start, json.Length, items.Start, items.Start + items.Length, records));
            ReadItems(json, place, items, slots, order, values, rejects, ref sink);
            records += contents.Count;
        }
    }

    /// <summary>Looks at a document: whether it is one, what its items share, and how many there are.</summary>
    /// <param name="json">The bytes up to its end.</param>
    /// <param name="place">Where it stands.</param>
    /// <param name="isValidUtf8">Whether it is valid UTF-8.</param>
    /// <param name="slots">Takes what is read of it.</param>
    /// <param name="values">Has scratch for names with escapes.</param>
    /// <param name="rejects">Takes errors of single fields; with any of them the document is one record.</param>
    /// <param name="contents">How many records it is.</param>
    /// <returns>The fault of the document as a whole.</returns>
    private RecordErrorCode Open(
        ReadOnlySpan<byte> json, RecordPlace place, bool isValidUtf8, Span<RecordValue> slots, RecordValues values, RejectBuffer rejects,
        out Contents contents)
    {
        contents = new Contents(1, MadeBytes: 0);
        if (!isValidUtf8)
        {
            return RecordErrorCode.InvalidUtf8;
        }

        int start = JsonGrammar.EndOfBlanks(json, place.Start);
        int end = JsonGrammar.ByteAt(json, start) == '{' ? JsonGrammar.EndOfValue(json, start, depth: 0) : JsonGrammar.Malformed;
        if (end == JsonGrammar.Malformed || JsonGrammar.EndOfBlanks(json, end) != json.Length)
        {
            return RecordErrorCode.MalformedJson;
        }

        slots[_itemSlots..].Clear();
        _document.ReadObject(json, start, slots, values, rejects);
        RecordValue items = slots[_items];
        if (rejects.OpenErrors > 0 || items.Kind != ValueKind.Array)
        {
            return rejects.OpenErrors > 0 ? RecordErrorCode.None : RecordErrorCode.NoItems;
        }

        int count = CountOf(json, items);
        long made = (long)count * (SharedBytes(slots) + (NullBytes * SlotOfField.Length));
        contents = made > MadeBytesMax ? contents : new Contents(count, made);
        return made > MadeBytesMax ? RecordErrorCode.TooManyItems : RecordErrorCode.None;
    }

    private void ReadItems<TSink>(
        ReadOnlySpan<byte> json, RecordPlace document, RecordValue items, Span<RecordValue> slots, scoped MemberOrder order,
        RecordValues values, RejectBuffer rejects, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        int line = document.Line;
        int counted = document.Start;
        int position = JsonGrammar.EndOfBlanks(json, items.Start + 1);
        while (json[position] != ']')
        {
            int end = JsonGrammar.EndOfValue(json, position, depth: 1);
            line += json[counted..position].Count((byte)'\n');
            counted = position;
            ReadItem(json[..end], new RecordPlace(position, end - position, line), slots, order, values, rejects, ref sink);
            position = JsonGrammar.EndOfBlanks(json, end);
            position = json[position] == ',' ? JsonGrammar.EndOfBlanks(json, position + 1) : position;
        }
    }

    private void ReadItem<TSink>(
        ReadOnlySpan<byte> json, RecordPlace place, Span<RecordValue> slots, scoped MemberOrder order, RecordValues values,
        RejectBuffer rejects, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        slots[.._itemSlots].Clear();
        values.ClearRest();
        RecordErrorCode fault = _objects.Read(json, place.Start, slots, order, values, rejects);
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

            _paths?.Read(json, slots, values, rejects);
        }

        sink.Take(place, isRead: rejects.OpenErrors == 0);
    }

    private static int CountOf(ReadOnlySpan<byte> json, RecordValue items)
    {
        int count = 0;
        int position = JsonGrammar.EndOfBlanks(json, items.Start + 1);
        while (json[position] != ']')
        {
            count++;
            position = JsonGrammar.EndOfBlanks(json, JsonGrammar.EndOfValue(json, position, depth: 1));
            position = json[position] == ',' ? JsonGrammar.EndOfBlanks(json, position + 1) : position;
        }

        return count;
    }

    private long SharedBytes(ReadOnlySpan<RecordValue> slots)
    {
        long bytes = 0;
        foreach (int slot in _shared)
        {
            bytes += slots[slot].Length;
        }

        return bytes;
    }

    private int SlotInItem(FieldDefinition field, int index, JsonPathTree paths)
    {
        int slot = _names.SlotOfField[index];
        return slot >= 0 && field.Path is { Names.Length: > 1 } path ? paths.Add(path.Names, index, slot) : slot;
    }

    /// <summary>What is in a document.</summary>
    /// <param name="Count">Records.</param>
    /// <param name="MadeBytes">Bytes that their rows may take that the document has once or not at all.</param>
    private readonly record struct Contents(int Count, long MadeBytes);
}
