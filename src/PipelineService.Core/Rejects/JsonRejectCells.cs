using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Rejects;

/// <summary>
/// The cells of rejected JSON records: the text of strings, the JSON of all else, and the first of the schema's missing
/// values for what is null or absent.
/// </summary>
public sealed class JsonRejectCells : RejectCells
{
    private readonly ColumnPlan[] _columns;
    private readonly RecordReader _reader;
    private readonly RecordValues _values = new();
    private readonly RejectBuffer _errors = new();
    private readonly RowBuffer _encoded = new(initialBytes: 256);
    private readonly byte[]?[] _missing;
    private readonly int[] _slots;
    private readonly int _restSlot = -1;

    private JsonRejectCells(RowPlan plan, RecordReader reader, ImmutableArray<string>? names)
    {
        TableSchema schema = plan.Definition.Schema;
        ImmutableArray<int> slots = reader.SlotOfField;
        _reader = reader;
        _columns =
        [
            .. plan.Columns.Where(column => column.Index < slots.Length && slots[column.Index] >= 0 && !schema.IsRest(column.Field)),
        ];
        Columns = names ?? [.. _columns.Select(c => c.Field.NameInData).Distinct(StringComparer.Ordinal)];
        _missing = [.. Columns.Select(name => MissingCellOf(schema, name))];
        _slots = [.. Columns.Select((name, index) => names is null ? SlotOf(name) : index)];
        for (int field = 0; field < slots.Length; field++)
        {
            _restSlot = schema.IsRest(schema.Fields[field]) ? slots[field] : _restSlot;
        }
    }

    /// <summary>The cells of objects, by the names that are read.</summary>
    /// <param name="plan">The dataset's columns; those that only transforms set are not in the data, and get no cell.</param>
    public static JsonRejectCells OfObjects(RowPlan plan) =>
        new(plan, JsonObjects.ReaderOf(plan.Definition, JsonFraming.Whole), names: null);

    /// <summary>The cells of arrays, item by item.</summary>
    /// <param name="plan">The dataset's columns.</param>
    /// <param name="names">What the upload calls its items, in its order; null where it goes by position.</param>
    public static JsonRejectCells OfArrays(RowPlan plan, ImmutableArray<string>? names)
    {
        TableSchema schema = plan.Definition.Schema;
        HeaderBinding binding =
            names is { } header ? HeaderBinding.ByName(header, schema, out _)! : HeaderBinding.ByPosition(schema);
        return new(
            plan,
            new JsonArrayRecordReader(binding, plan.Definition.Dialect.RaggedRows),
            names ?? [.. schema.FieldsInData.Select(field => field.NameInData)]);
    }

    /// <inheritdoc/>
    public override ImmutableArray<string> Columns { get; }

    /// <inheritdoc/>
    /// <remarks>
    /// A cell has no type. Where the text of a number, say, would be loaded as something else than the number was (or where
    /// it was refused), the cells do not say all; and so where a property is unknown, comes twice, or cannot be read.
    /// </remarks>
    public override ReadOnlySpan<byte> Write(ReadOnlySpan<byte> raw, bool isCut, CsvLine line)
    {
        _errors.Clear();
        SingleRecord record = default;
        _reader.ReadOne(raw, _values, _errors, ref record);
        bool isAll = record.IsRead && !isCut && !HasRest();
        for (int column = 0; column < Columns.Length; column++)
        {
            int slot = _slots[column];
            RecordValue value = _values.Slots[slot];
            bool isSame = value.Kind switch
            {
                ValueKind.Absent or ValueKind.Null => AppendMissing(column, line),
                ValueKind.Text => AppendText(raw.Slice(value.Start, value.Length), value.Spelling, line),
                _ => AppendJson(slot, value.Kind, raw.Slice(value.Start, value.Length), line),
            };
            isAll &= isSame;
        }

        return isAll ? [] : raw;
    }

    /// <summary>Whether there is what no column has a cell for.</summary>
    private bool HasRest() => _restSlot >= 0 && !_values.Slots[_restSlot].IsMissing;

    /// <summary>The slot of the values of a column; the first one's where fields of one name stand at different places.</summary>
    private int SlotOf(string name) => _reader.SlotOfField[Array.Find(_columns, column => column.Field.NameInData == name)!.Index];

    private bool AppendMissing(int column, CsvLine line)
    {
        AppendMissing(_missing[column], line);
        return _missing[column] is not null || line.CanSayNull;
    }

    private bool AppendText(ReadOnlySpan<byte> json, ValueSpelling spelling, CsvLine line)
    {
        bool isText = true;
        if (spelling == ValueSpelling.JsonEscaped)
        {
            Span<byte> scratch = _values.ScratchFor(json.Length);
            isText = JsonEscape.TryUnescape(json, scratch, out int written);
            json = scratch[..written];
        }

        line.Append(json);
        return isText;
    }

    private bool AppendJson(int slot, ValueKind kind, ReadOnlySpan<byte> json, CsvLine line)
    {
        line.Append(json);
        bool isSame = true;
        foreach (ColumnPlan column in _columns)
        {
            isSame &= _reader.SlotOfField[column.Index] != slot || MeansTheSameAsText(column, kind, json);
        }

        return isSame;
    }

    private bool MeansTheSameAsText(ColumnPlan column, ValueKind kind, ReadOnlySpan<byte> json)
    {
        _encoded.Clear();
        int start = _encoded.Length;
        RecordErrorCode asJson = column.EncodeJson(kind, json, _encoded);
        int middle = _encoded.Length;
        RecordErrorCode asText = column.Encode(json, _encoded);
        ReadOnlySpan<byte> both = _encoded.Written(start);
        return asJson == asText
            && (asJson != RecordErrorCode.None || both[..(middle - start)].SequenceEqual(both[(middle - start)..]));
    }
}
