using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Steps.Rows;
using PipelineService.Core.Transforms.Tracing;
using PipelineService.Core.Values;

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
    private readonly int[] _lastChangeOfField;
    private readonly JobSlots? _jobSlots;
    private readonly Lineage _lineage;

    public RecordEncoder(RowPlan plan, RecordReader reader, JobFacts job)
    {
        _reader = reader;
        _columnCount = plan.ColumnCount;
        _columns = [.. plan.Columns];
        _fieldOfColumn = [.. plan.Columns.Select(column => column.Index)];
        _slotOfField = new int[plan.Definition.Columns.Length];
        _slotOfField.AsSpan().Fill(NoSlot);
        reader.SlotOfField.CopyTo(_slotOfField);
        _slotOfColumn = [.. _fieldOfColumn.Select(field => _slotOfField[field])];
        _steps = [.. plan.Steps.Select(step => step.Bind(job.Answers))];
        _lastChangeOfField = LastChanges(_steps, _slotOfField.Length);
        _jobSlots = _steps.Any(step => step.IsTyped) ? new JobSlots(job, _slotOfField.Length) : null;
        _lineage = new Lineage(plan, job.JobId);
    }

    /// <summary>For each column of the dataset the slot of its value; −1 when the data does not have it.</summary>
    public ReadOnlySpan<int> SlotOfField => _slotOfField;

    public bool HasSteps => _steps.Length > 0;

    /// <summary>The steps that ask for what they need, chunk by chunk, in their order.</summary>
    public IEnumerable<ExternalStep> Asking => _steps.OfType<ExternalStep>().Where(step => step.Asks);

    /// <summary>Gets the values of a worker ready for the records of a chunk.</summary>
    public void Prepare(RecordValues values) => _jobSlots?.Prepare(values.Typed);

    /// <summary>Runs the steps over the record at hand.</summary>
    /// <param name="bytes">The chunk.</param>
    /// <param name="workspace">Has its values.</param>
    /// <param name="number">1-based number of the record in the upload.</param>
    /// <param name="op">0-based index of the last step that was run.</param>
    public StepResult RunSteps<TWatch>(ReadOnlySpan<byte> bytes, TransformWorkspace workspace, long number, out int op)
        where TWatch : struct, IWatch
    {
        OpenRecord record = Open(bytes, workspace.Values, number);
        int count = TWatch.IsOn ? workspace.Trace!.CountOf(_steps.Length) : _steps.Length;
        return RunSteps<TWatch>(record, bytes, workspace, count, out op);
    }

    /// <summary>Runs the steps before one that asks, and takes in what that one asks of the record.</summary>
    /// <param name="bytes">The chunk.</param>
    /// <param name="workspace">Has its values.</param>
    /// <param name="number">1-based number of the record in the upload.</param>
    /// <param name="asking">The step.</param>
    /// <param name="questions">Takes the question, if the record comes as far.</param>
    public void Ask(
        ReadOnlySpan<byte> bytes, TransformWorkspace workspace, long number, ExternalStep asking, ChunkQuestions questions)
    {
        OpenRecord record = Open(bytes, workspace.Values, number);
        if (RunSteps<Unwatched>(record, bytes, workspace, asking.Op, out _).IsKept)
        {
            asking.Ask(record, questions);
        }
    }

    /// <summary>Shows a record that was read to who watches.</summary>
    /// <returns>False when it is another that is watched: nothing is done with this one.</returns>
    public bool Show(ReadOnlySpan<byte> bytes, RecordPlace place, long record, long line, bool isRead, TransformWorkspace workspace)
    {
        RecordTrace trace = workspace.Trace!;
        if (!trace.Wants(record))
        {
            workspace.Rejects.DropOpen();
            return false;
        }

        if (isRead)
        {
            workspace.Values.Spread(_slotOfField);
        }

        trace.Begin(place, line, isRead, bytes, workspace.Values, _slotOfField.Length);
        return true;
    }

    private OpenRecord Open(ReadOnlySpan<byte> bytes, RecordValues values, long number)
    {
        values.Spread(_slotOfField);
        if (_jobSlots is not null)
        {
            JobSlots.Begin(values.Typed, number);
        }

        return new OpenRecord(bytes, _reader, values);
    }

    private StepResult RunSteps<TWatch>(
        OpenRecord record, ReadOnlySpan<byte> bytes, TransformWorkspace workspace, int count, out int op)
        where TWatch : struct, IWatch
    {
        for (op = 0; op < count; op++)
        {
            StepResult result = _steps[op].Apply(record);
            if (TWatch.IsOn)
            {
                workspace.Trace!.Stepped(op, _steps[op], result, bytes, workspace.Values);
            }

            if (!result.IsKept)
            {
                if (result.IsFiltered)
                {
                    workspace.Values.CountFor(op);
                }

                return result;
            }
        }

        return StepResult.Kept;
    }

    /// <summary>Writes the row of the record at hand.</summary>
    /// <returns>False when a value was refused: the errors are with the rejects, and there is no row.</returns>
    public bool Encode<TWatch>(ReadOnlySpan<byte> bytes, RecordPlace place, long record, long line, TransformWorkspace workspace)
        where TWatch : struct, IWatch
    {
        RowBuffer rows = workspace.Rows;
        rows.BeginRow(_columnCount);
        if (TWatch.IsOn && workspace.Trace is { IsPartial: true } trace)
        {
            EncodeColumns<TWatch>(bytes, place, workspace, trace.StepsMax);
            rows.CancelRow();
            workspace.Rejects.DropOpen(); // whether it is rejected nobody knows
            return true;
        }

        if (!EncodeColumns<TWatch>(bytes, place, workspace))
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

    /// <summary>
    /// Tells why a step has rejected the record at hand, and what else is wrong with it as far as that is certain: every condition
    /// that does not hold, and the columns that no op that has not run may change.
    /// </summary>
    /// <param name="result">What the step said.</param>
    /// <param name="op">0-based index of the step.</param>
    /// <param name="bytes">The chunk.</param>
    /// <param name="place">Where the record stands in it.</param>
    /// <param name="workspace">Takes the errors.</param>
    public void Refuse<TWatch>(StepResult result, int op, ReadOnlySpan<byte> bytes, RecordPlace place, TransformWorkspace workspace)
        where TWatch : struct, IWatch
    {
        int steps = TWatch.IsOn ? Math.Min(_steps.Length, workspace.Trace!.StepsMax) : _steps.Length;
        int column = AddError(result, op, place, workspace);
        OpenRecord record = new(bytes, _reader, workspace.Values);

        // A condition that does not hold has changed nothing: the steps behind it see what they would have seen, as far as they ask for
        // nothing, since nobody has asked about this record.
        while (result.Code == RecordErrorCode.Require && ++op < steps && _steps[op] is not ExternalStep { Asks: true })
        {
            StepResult next = _steps[op].Apply(record);
            if (next.IsFiltered)
            {
                break;
            }

            if (!next.IsKept)
            {
                column = AddError(next, op, place, workspace);
                result = next;
            }
        }

        RowBuffer rows = workspace.Rows;
        rows.BeginRow(_columnCount);
        EncodeColumns<TWatch>(bytes, place, workspace, op, skipped: column);
        rows.CancelRow();
    }

    /// <returns>The column at fault, or −1.</returns>
    private int AddError(StepResult result, int op, RecordPlace place, TransformWorkspace workspace)
    {
        int column = Array.IndexOf(_fieldOfColumn, result.Field);
        RecordError error = column < 0
            ? new RecordError(RecordError.WholeRecord, result.Code, place.Start, ValueLength: 0)
            : ErrorOf(column, result.Code, place, workspace.Values);
        // A text that is no value of its field is refused by whoever reads it first: that says nothing of the op.
        bool isOwn = !_steps[op].IsTyped || result.Error != ExpressionError.None
            || result.Code == RecordErrorCode.Require || RecordErrorCodes.IsOfAnswer(result.Code) || IsOfScore(result.Code);
        int answer = isOwn && workspace.Values.TakeAnswer() is string told ? workspace.Rejects.KeepAnswer(told) : 0;
        workspace.Rejects.AddError(isOwn ? error with { Op = op, Expression = result.Error, Answer = answer } : error);
        return column;
    }

    private static bool IsOfScore(RecordErrorCode code) => code is RecordErrorCode.ScoreInputMissing or RecordErrorCode.ScoreInputTooLarge
        or RecordErrorCode.ScoreNotFinite or RecordErrorCode.ScoreFailed;

    /// <summary>
    /// Encodes every column, also after one was refused: all that is wrong with a record is told at once.
    /// </summary>
    /// <param name="bytes">The chunk.</param>
    /// <param name="place">Where the record stands in it.</param>
    /// <param name="workspace">Takes the values and the errors.</param>
    /// <param name="ops">How many steps have run; columns that others may change are passed over.</param>
    /// <param name="skipped">A column that is passed over, or −1.</param>
    private bool EncodeColumns<TWatch>(
        ReadOnlySpan<byte> bytes, RecordPlace place, TransformWorkspace workspace, int ops = int.MaxValue, int skipped = -1)
        where TWatch : struct, IWatch
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
            int start = TWatch.IsOn ? rows.Length : 0;
            RecordErrorCode code = value.IsPlainText
                ? columns[column].Encode(bytes.Slice(value.Start, value.Length), rows)
                : value.Kind == ValueKind.Packed ? columns[column].EncodePacked(bytes.Slice(value.Start, value.Length), rows)
                : EncodeOther(columns[column], value, bytes, workspace);
            if (TWatch.IsOn)
            {
                bool isSettled = column != skipped && IsSettled(column, ops);
                workspace.Trace!.Encoded(columns[column], code, isSettled, code == RecordErrorCode.None ? rows.Written(start) : []);
            }

            if (code != RecordErrorCode.None && column != skipped && IsSettled(column, ops))
            {
                workspace.Rejects.AddError(ErrorOf(column, code, place, workspace.Values));
                isGood = false;
            }
        }

        return isGood;
    }

    private bool IsSettled(int column, int ops) => ops == int.MaxValue || _lastChangeOfField[_fieldOfColumn[column]] < ops;

    /// <summary>For each field the index of the last step that may change it, or −1.</summary>
    private static int[] LastChanges(RecordStep[] steps, int fields)
    {
        int[] last = new int[fields];
        last.AsSpan().Fill(-1);
        for (int op = 0; op < steps.Length; op++)
        {
            foreach (int field in steps[op].Changes)
            {
                last[field] = op;
            }
        }

        return last;
    }

    private RecordErrorCode EncodeOther(
        ColumnPlan column, RecordValue value, ReadOnlySpan<byte> bytes, TransformWorkspace workspace)
    {
        if (value.IsMissing)
        {
            return column.EncodeMissing(workspace.Rows);
        }

        if (value.Kind == ValueKind.Typed)
        {
            return column.EncodeValue(workspace.Values.Typed.Get(RecordSlots.Of(column.Index)), workspace.Rows);
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
