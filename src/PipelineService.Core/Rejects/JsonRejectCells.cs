using System.Collections.Immutable;
using System.Text.Json;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;

namespace PipelineService.Core.Rejects;

/// <summary>
/// The cells of rejected JSON records: the text of strings, the JSON of all else, and the first of the schema's missing
/// values for what is null or absent.
/// </summary>
public sealed class JsonRejectCells : RejectCells
{
    private readonly RowPlan _plan;
    private readonly JsonFieldNames _names;
    private readonly NdjsonRecordReader _reader;
    private readonly TransformWorkspace _workspace = new();
    private readonly RowBuffer _encoded = new(initialBytes: 256);
    private readonly byte[]? _missing;

    /// <param name="plan">The dataset's columns.</param>
    public JsonRejectCells(RowPlan plan)
    {
        _plan = plan;
        _names = new JsonFieldNames(plan);
        _reader = new NdjsonRecordReader(_names, plan.Definition.Schema.FieldsMatch);
        _missing = MissingCellOf(plan.Definition.Schema);
        Columns = [.. plan.Columns.Select(c => c.Field.NameInData).Distinct(StringComparer.Ordinal)];
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
        _workspace.Clear();
        Span<JsonSlice> values = _workspace.JsonValuesFor(_names.Count);
        bool isAll = _reader.Read(new JsonLine(raw, 0, 0, 0), isValidUtf8: false, values, _workspace) && !isCut;
        for (int slot = 0; slot < values.Length; slot++)
        {
            JsonSlice value = values[slot];
            bool isSame = value.Kind switch
            {
                JsonTokenType.None or JsonTokenType.Null => AppendMissing(line),
                JsonTokenType.String => AppendText(raw.Slice(value.Start, value.Length), value.IsEscaped, line),
                _ => AppendJson(slot, value.Kind, raw.Slice(value.Start, value.Length), line),
            };
            isAll &= isSame;
        }

        return isAll ? [] : raw;
    }

    private bool AppendMissing(CsvLine line)
    {
        line.Append(_missing);
        return _missing is not null;
    }

    private bool AppendText(ReadOnlySpan<byte> json, bool isEscaped, CsvLine line)
    {
        bool isText = true;
        if (isEscaped)
        {
            Span<byte> scratch = _workspace.ScratchFor(json.Length);
            isText = JsonEscape.TryUnescape(json, scratch, out int written);
            json = scratch[..written];
        }

        line.Append(json);
        return isText;
    }

    private bool AppendJson(int slot, JsonTokenType kind, ReadOnlySpan<byte> json, CsvLine line)
    {
        line.Append(json);
        bool isSame = true;
        for (int column = 0; column < _plan.Columns.Length; column++)
        {
            isSame &= _names.SlotOfColumn[column] != slot || MeansTheSameAsText(_plan.Columns[column], kind, json);
        }

        return isSame;
    }

    private bool MeansTheSameAsText(ColumnPlan column, JsonTokenType kind, ReadOnlySpan<byte> json)
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
