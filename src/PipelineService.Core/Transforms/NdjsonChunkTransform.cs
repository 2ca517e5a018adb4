using System.Text.Json;
using System.Text.Unicode;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms;

/// <summary>
/// Newline-delimited JSON to rows, for one job: each line is one object, its properties are the fields.
/// </summary>
/// <remarks>
/// Properties come in any order, but the columns of a row do not. So a first pass notes where the value of each field
/// stands (<see cref="NdjsonRecordReader"/>), and a second encodes the columns in theirs.
/// </remarks>
public sealed class NdjsonChunkTransform : ChunkTransform
{
    private readonly RowPlan _plan;
    private readonly Lineage _lineage;
    private readonly ColumnPlan[] _columns;
    private readonly JsonFieldNames _names;
    private readonly NdjsonRecordReader _reader;

    /// <param name="plan">The dataset's columns.</param>
    /// <param name="jobId">Written to each row when the dataset has lineage.</param>
    public NdjsonChunkTransform(RowPlan plan, Guid jobId)
    {
        _plan = plan;
        _lineage = new Lineage(plan, jobId);
        _columns = [.. plan.Columns];
        _names = new JsonFieldNames(plan);
        _reader = new NdjsonRecordReader(_names, plan.Definition.Schema.FieldsMatch);
    }

    /// <inheritdoc/>
    public override int OptionalColumns => _columns.Length;

    /// <inheritdoc/>
    public override int Run(ReadOnlySpan<byte> bytes, ChunkPosition position, TransformWorkspace workspace)
    {
        workspace.Clear();
        bool isAllValidUtf8 = Utf8.IsValid(bytes);
        int records = 0;
        int lines = 0;
        int start = 0;
        while (start < bytes.Length)
        {
            int found = bytes[start..].IndexOf((byte)'\n');
            int end = found < 0 ? bytes.Length : start + found;
            if (!LineScanner.IsBlank(bytes[start..end]))
            {
                int length = end - start - (bytes[end - 1] == (byte)'\r' ? 1 : 0);
                ReadOnlySpan<byte> json = bytes.Slice(start, length);
                JsonLine line = new(json, start, position.FirstRecord + records, position.FirstLine + lines);
                Transform(line, isAllValidUtf8, workspace);
                records++;
            }

            lines++;
            start = end + 1;
        }

        return records;
    }

    /// <inheritdoc/>
    public override RecordError ErrorOf(
        ReadOnlySpan<byte> bytes, RowMark row, short column, RecordErrorCode code, TransformWorkspace workspace)
    {
        Span<JsonSlice> values = workspace.JsonValuesFor(_names.Count);
        JsonLine line = new(bytes.Slice(row.RawStart, row.RawLength), row.RawStart, row.Record, row.Line);
        _reader.Read(line, isValidUtf8: true, values, workspace);
        return ErrorOf(column, code, values[_names.SlotOfColumn[column]], line);
    }

    private void Transform(JsonLine line, bool isValidUtf8, TransformWorkspace workspace)
    {
        Span<JsonSlice> values = workspace.JsonValuesFor(_names.Count);
        workspace.Rows.BeginRow(_plan.ColumnCount);
        if (_reader.Read(line, isValidUtf8, values, workspace) && EncodeColumns(line, values, workspace))
        {
            _lineage.Write(workspace.Rows, line.Record);
            workspace.Rows.EndRow(line.Record, line.Number, line.Start, line.Json.Length);
        }
        else
        {
            workspace.Rows.CancelRow();
            workspace.Rejects.Close(line.Record, line.Number, line.Start, line.Json.Length);
        }
    }

    /// <summary>
    /// Encodes every column, also after one was refused: all that is wrong with a record is told at once.
    /// </summary>
    private bool EncodeColumns(JsonLine line, ReadOnlySpan<JsonSlice> values, TransformWorkspace workspace)
    {
        ReadOnlySpan<int> slotOfColumn = _names.SlotOfColumn;
        bool isGood = true;
        for (int column = 0; column < _columns.Length; column++)
        {
            JsonSlice value = values[slotOfColumn[column]];
            RecordErrorCode code = Encode(_columns[column], value, line, workspace);
            if (code != RecordErrorCode.None)
            {
                workspace.Rejects.AddError(ErrorOf((short)column, code, value, line));
                isGood = false;
            }
        }

        return isGood;
    }

    private static RecordError ErrorOf(short column, RecordErrorCode code, JsonSlice value, JsonLine line) =>
        new(column, code, value.Kind == JsonTokenType.None ? line.Start : value.Start, value.Length, value.Spelling);

    private static RecordErrorCode Encode(
        ColumnPlan column, JsonSlice value, JsonLine line, TransformWorkspace workspace)
    {
        if (value.Kind is JsonTokenType.None or JsonTokenType.Null)
        {
            return column.EncodeMissing(workspace.Rows);
        }

        ReadOnlySpan<byte> text = line.Json.Slice(value.Start - line.Start, value.Length);
        if (value.Kind != JsonTokenType.String)
        {
            return column.EncodeJson(value.Kind, text, workspace.Rows);
        }

        if (!value.IsEscaped)
        {
            return column.Encode(text, workspace.Rows);
        }

        Span<byte> scratch = workspace.ScratchFor(text.Length);
        return JsonEscape.TryUnescape(text, scratch, out int length)
            ? column.Encode(scratch[..length], workspace.Rows)
            : RecordErrorCode.InvalidUtf8;
    }
}
