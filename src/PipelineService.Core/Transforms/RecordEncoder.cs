using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms;

/// <summary>Makes a row of a record that was read. One per job, shared by all workers.</summary>
internal sealed class RecordEncoder
{
    private const int NoSlot = -1;

    private readonly RecordReader _reader;
    private readonly short _columnCount;
    private readonly ColumnPlan[] _columns;
    private readonly int[] _slotOfColumn;
    private readonly int[] _fieldOfColumn;
    private readonly int[] _slotOfField;
    private readonly RecordStep[] _steps;
    private readonly Lineage _lineage;

    public RecordEncoder(RowPlan plan, RecordReader reader, Guid jobId)
    {
        _reader = reader;
        _columnCount = plan.ColumnCount;
        _columns = [.. plan.Columns];
        _fieldOfColumn = [.. plan.Columns.Select(column => column.Index)];
        _slotOfField = new int[plan.Definition.Columns.Length];
        _slotOfField.AsSpan().Fill(NoSlot);
        reader.SlotOfField.CopyTo(_slotOfField);
        _slotOfColumn = [.. _fieldOfColumn.Select(field => _slotOfField[field])];
        _steps = [.. plan.Steps];
        _lineage = new Lineage(plan, jobId);
    }

    /// <summary>For each column of the dataset the slot of its value; −1 when the data does not have it.</summary>
    public ReadOnlySpan<int> SlotOfField => _slotOfField;

    public bool HasSteps => _steps.Length > 0;

    /// <summary>Runs the steps over the record at hand.</summary>
    public StepResult RunSteps(ReadOnlySpan<byte> bytes, RecordValues values)
    {
        values.Spread(_slotOfField);
        OpenRecord record = new(bytes, _reader, values);
        for (int op = 0; op < _steps.Length; op++)
        {
            StepResult result = _steps[op].Apply(record);
            if (!result.IsKept)
            {
                if (result.IsFiltered)
                {
                    values.CountFor(op);
                }

                return result;
            }
        }

        return StepResult.Kept;
    }

    /// <summary>Writes the row of the record at hand.</summary>
    /// <returns>False when a value was refused: the errors are with the rejects, and there is no row.</returns>
    public bool Encode(ReadOnlySpan<byte> bytes, RecordPlace place, long record, long line, TransformWorkspace workspace)
    {
        RowBuffer rows = workspace.Rows;
        rows.BeginRow(_columnCount);
        if (!EncodeColumns(bytes, place, workspace))
        {
            rows.CancelRow();
            return false;
        }

        _lineage.Write(rows, record);
        rows.EndRow(record, line, place.Start, place.Length);
        return true;
    }

    /// <summary>The error of a value as it was sent, whatever steps have made of it.</summary>
    public RecordError ErrorOf(int column, RecordErrorCode code, RecordPlace place, RecordValues values)
    {
        int slot = _slotOfColumn[column];
        RecordValue value = slot < 0 ? default : values.Slots[slot];
        if (value.Kind == ValueKind.Absent || value.Spelling == ValueSpelling.Made)
        {
            return new RecordError((short)column, code, place.Start, ValueLength: 0);
        }

        return new RecordError((short)column, code, value.Start, value.Length, value.Spelling);
    }

    /// <summary>The error of a field that a step rejects a record for.</summary>
    public RecordError ErrorOf(StepResult result, RecordPlace place, RecordValues values)
    {
        int column = Array.IndexOf(_fieldOfColumn, result.Field);
        return column < 0
            ? new RecordError(RecordError.WholeRecord, result.Code, place.Start, ValueLength: 0)
            : ErrorOf(column, result.Code, place, values);
    }

    /// <summary>
    /// Encodes every column, also after one was refused: all that is wrong with a record is told at once.
    /// </summary>
    private bool EncodeColumns(ReadOnlySpan<byte> bytes, RecordPlace place, TransformWorkspace workspace)
    {
        ReadOnlySpan<RecordValue> values = HasSteps ? workspace.Values.Fields : workspace.Values.Slots;
        int[] indexes = HasSteps ? _fieldOfColumn : _slotOfColumn;
        ColumnPlan[] columns = _columns;
        RowBuffer rows = workspace.Rows;
        bool isGood = true;
        for (int column = 0; column < columns.Length; column++)
        {
            // Unsigned, −1 is past the end as well: the data does not have it.
            int index = indexes[column];
            RecordValue value = (uint)index < (uint)values.Length ? values[index] : default;
            RecordErrorCode code = value.IsPlainText
                ? columns[column].Encode(bytes.Slice(value.Start, value.Length), rows)
                : EncodeOther(columns[column], value, bytes, workspace);
            if (code != RecordErrorCode.None)
            {
                workspace.Rejects.AddError(ErrorOf(column, code, place, workspace.Values));
                isGood = false;
            }
        }

        return isGood;
    }

    private RecordErrorCode EncodeOther(
        ColumnPlan column, RecordValue value, ReadOnlySpan<byte> bytes, TransformWorkspace workspace)
    {
        if (value.IsMissing)
        {
            return column.EncodeMissing(workspace.Rows);
        }

        bool isMade = value.Spelling == ValueSpelling.Made;
        ReadOnlySpan<byte> written = isMade ? workspace.Values.MadeText(value) : bytes.Slice(value.Start, value.Length);
        if (value.Kind != ValueKind.Text)
        {
            return column.EncodeJson(value.Kind, written, workspace.Rows);
        }

        if (isMade)
        {
            return column.Encode(written, workspace.Rows);
        }

        Span<byte> scratch = workspace.Values.ScratchFor(written.Length);
        return _reader.TryUnescape(written, value.Spelling, scratch, out int length)
            ? column.Encode(scratch[..length], workspace.Rows)
            : RecordErrorCode.InvalidUtf8;
    }
}
