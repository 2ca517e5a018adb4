using System.Collections.Immutable;
using System.Runtime.InteropServices;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Scoring;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Steps.Rows;

/// <summary>
/// Lets a model give values for a record. The records of a chunk are given to it in blocks before they come to the step again, which then
/// takes what there is for each.
/// </summary>
internal sealed class ScoreStep : ExternalStep
{
    private readonly SlotReader _reader;
    private readonly OnError _onError;
    private readonly ScoreModel? _model;
    private readonly ScoreLayout? _layout;

    /// <param name="use">What it takes of which model.</param>
    /// <param name="reader">Reads the values that no step before has read.</param>
    /// <param name="sets">0-based indexes of the fields that it sets.</param>
    /// <param name="inputs">Fields of the data that its values come from.</param>
    /// <param name="onError">What becomes of a record for which the model gives nothing.</param>
    public ScoreStep(ScoreUse use, SlotReader reader, ImmutableArray<int> sets, ImmutableArray<int> inputs, OnError onError) =>
        (Use, _reader, Gives, Inputs, _onError) = (use, reader, sets, inputs, onError);

    private ScoreStep(ScoreStep other, ScoreModel model)
        : this(other.Use, other._reader, other.Gives, other.Inputs, other._onError)
    {
        Hides = other.Hides;
        (_model, _layout) = (model, model.Layout);
    }

    /// <inheritdoc/>
    public override ScoreUse? Scores => Use;

    private ScoreUse Use { get; }

    /// <inheritdoc/>
    public override int Op => Use.Op;

    /// <inheritdoc/>
    public override ImmutableArray<int> Gives { get; }

    /// <inheritdoc/>
    public override ImmutableArray<int> Inputs { get; }

    /// <inheritdoc/>
    public override bool Asks => _model is not null;

    /// <inheritdoc/>
    internal override RecordStep Bind(ExternalAnswers? answers) => answers?.ModelOf(Op) is { } model ? new ScoreStep(this, model) : this;

    /// <inheritdoc/>
    public override ChunkQuestions Begin(TransformWorkspace workspace)
    {
        ChunkScores scores = workspace.ScoresOf(Op);
        scores.Begin(_model ?? throw NotBound());
        return new ChunkQuestions { Scores = scores };
    }

    /// <inheritdoc/>
    public override void Ask(OpenRecord record, ChunkQuestions questions)
    {
        if (_reader.Read(record).IsKept && FaultOf(record.Slots, out _) == RecordErrorCode.None)
        {
            ChunkScores scores = questions.Scores!;
            Fill(scores.Block, scores.Row, record.Slots);
            scores.Add(record.Slots.Words[RecordSlots.Record]);
        }
    }

    /// <inheritdoc/>
    public override Task AnswerAsync(ChunkQuestions questions, ChunkAnswers answers, CancellationToken cancellationToken)
    {
        questions.Scores!.End();
        answers.Add(Op, questions.Scores);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public override StepResult Apply(OpenRecord record)
    {
        StepResult read = _reader.Read(record);
        if (!read.IsKept)
        {
            return read;
        }

        ChunkScores scores = record.ScoresFor(Op) ?? throw NotBound();
        if (!scores.TryFind(record.Slots.Words[RecordSlots.Record], out int index))
        {
            RecordErrorCode code = FaultOf(record.Slots, out int field);
            return code != RecordErrorCode.None ? GiveUp(record, field, code)
                : throw new InvalidOperationException($"Op {Op} was not asked about a record that comes to it.");
        }

        return scores.IsScored(index) ? Take(record, scores, index) : GiveUp(record, Gives[0], RecordErrorCode.ScoreFailed);
    }

    private StepResult Take(OpenRecord record, ChunkScores scores, int index)
    {
        ImmutableArray<ScoreResult> results = _layout!.Results;
        for (int i = 0; i < results.Length; i++)
        {
            if (!scores.TryTake(index, i, out TypedValue value))
            {
                return GiveUp(record, results[i].Field, RecordErrorCode.ScoreNotFinite);
            }

            record.SetValue(results[i].Field, value);
        }

        return StepResult.Kept;
    }

    private StepResult GiveUp(OpenRecord record, int field, RecordErrorCode code)
    {
        if (_onError == OnError.Reject)
        {
            return StepResult.Rejected((short)field, code);
        }

        record.CountFor(Op);
        foreach (ScoreResult result in _layout!.Results)
        {
            record.SetValue(result.Field, TypedValue.NullOf(result.Kind));
        }

        return StepResult.Kept;
    }

    /// <summary>Why the model cannot be asked about the record at hand.</summary>
    private RecordErrorCode FaultOf(RecordSlots slots, out int field)
    {
        SlotState[] states = slots.States;
        foreach (ScoreInput input in _layout!.Inputs)
        {
            foreach (ref readonly ScoreColumn column in input.Columns.AsSpan())
            {
                field = column.Field;
                if (field == ScoreColumn.Constant)
                {
                    continue;
                }

                int slot = RecordSlots.Of(field);
                switch (states[slot])
                {
                    case SlotState.Null when !column.HasDefault:
                        return RecordErrorCode.ScoreInputMissing;
                    case SlotState.TooLong:
                    case SlotState.Value when input.Tensor.Kind == TensorKind.Int32 && (int)slots.Words[slot] != slots.Words[slot]:
                        return RecordErrorCode.ScoreInputTooLarge;
                }
            }
        }

        field = RecordError.WholeRecord;
        return RecordErrorCode.None;
    }

    private void Fill(ScoreBlock block, int row, RecordSlots slots)
    {
        ImmutableArray<ScoreInput> inputs = _layout!.Inputs;
        for (int i = 0; i < inputs.Length; i++)
        {
            ReadOnlySpan<ScoreColumn> columns = inputs[i].Columns.AsSpan();
            Span<byte> bytes = block.Inputs[i];
            int start = row * columns.Length;
            switch (inputs[i].Tensor.Kind)
            {
                case TensorKind.Float:
                    Span<float> floats = MemoryMarshal.Cast<byte, float>(bytes).Slice(start, columns.Length);
                    for (int column = 0; column < columns.Length; column++)
                    {
                        floats[column] = (float)NumberOf(columns[column], slots);
                    }

                    break;
                case TensorKind.Double:
                    Span<double> doubles = MemoryMarshal.Cast<byte, double>(bytes).Slice(start, columns.Length);
                    for (int column = 0; column < columns.Length; column++)
                    {
                        doubles[column] = NumberOf(columns[column], slots);
                    }

                    break;
                case TensorKind.Int64:
                    Span<long> longs = MemoryMarshal.Cast<byte, long>(bytes).Slice(start, columns.Length);
                    for (int column = 0; column < columns.Length; column++)
                    {
                        longs[column] = WordOf(columns[column], slots);
                    }

                    break;
                case TensorKind.Int32:
                    Span<int> integers = MemoryMarshal.Cast<byte, int>(bytes).Slice(start, columns.Length);
                    for (int column = 0; column < columns.Length; column++)
                    {
                        integers[column] = (int)WordOf(columns[column], slots);
                    }

                    break;
                case TensorKind.Boolean:
                    for (int column = 0; column < columns.Length; column++)
                    {
                        bytes[start + column] = (byte)WordOf(columns[column], slots);
                    }

                    break;
                default:
                    for (int column = 0; column < columns.Length; column++)
                    {
                        block.SetText(i, start + column, TextOf(columns[column], slots));
                    }

                    break;
            }
        }
    }

    private static bool IsDefault(in ScoreColumn column, RecordSlots slots, out int slot)
    {
        slot = RecordSlots.Of(column.Field);
        return column.Field == ScoreColumn.Constant || slots.States[slot] == SlotState.Null;
    }

    private static double NumberOf(in ScoreColumn column, RecordSlots slots) =>
        IsDefault(column, slots, out int slot) ? column.Number : column.Kind switch
        {
            TypedKind.Number => (double)slots.Numbers[slot],
            TypedKind.Float => slots.Floats[slot],
            _ => slots.Words[slot],
        };

    private static long WordOf(in ScoreColumn column, RecordSlots slots) =>
        IsDefault(column, slots, out int slot) ? (long)column.Number : slots.Words[slot];

    private static ReadOnlySpan<byte> TextOf(in ScoreColumn column, RecordSlots slots) =>
        IsDefault(column, slots, out int slot) ? column.Text.Span : slots.Texts[slot].Span;

    private InvalidOperationException NotBound() => new($"Op {Op} has not been told where model \"{Use.Model}\" is.");
}
