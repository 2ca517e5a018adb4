using System.Collections.Immutable;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Steps.Rows;

/// <summary>Finds the row of another dataset by the values of some fields, and gives values of it to others.</summary>
internal sealed class LookupStep : ExternalStep
{
    private readonly SlotReader _reader;
    private readonly SlotReader _kept;
    private readonly ImmutableArray<int> _worksOn;
    private readonly (int Slot, TypedKind Kind)[] _key;
    private readonly (int Field, TypedKind Kind)[] _sets;
    private readonly OnMissing _missing;
    private readonly bool _isPlainText;
    private readonly LookupTable? _table;
    private readonly ExternalAnswers? _answers;

    /// <param name="use">What it takes of which dataset.</param>
    /// <param name="reader">Reads the values of the key that no step before has read.</param>
    /// <param name="kept">Reads the values that stay where there is no row.</param>
    /// <param name="worksOn">0-based indexes of the fields that have the key.</param>
    /// <param name="sets">0-based indexes of the fields that it sets.</param>
    /// <param name="inputs">Fields of the data that the key comes from.</param>
    /// <param name="missing">What becomes of a record for which there is no row.</param>
    public LookupStep(
        LookupUse use, SlotReader reader, SlotReader kept, ImmutableArray<int> worksOn, ImmutableArray<int> sets,
        ImmutableArray<int> inputs, OnMissing missing)
    {
        (Use, _reader, _kept, _worksOn, _missing) = (use, reader, kept, worksOn, missing);
        (Gives, Inputs) = (sets, inputs);
        _key = [.. worksOn.Zip(use.Key, (field, column) => (RecordSlots.Of(field), column.Kind))];
        _sets = [.. sets.Zip(use.Values, (field, column) => (field, column.Kind))];
        _isPlainText = _key is [{ Kind: TypedKind.Text }];
    }

    private LookupStep(LookupStep other, ExternalAnswers answers)
        : this(other.Use, other._reader, other._kept, other._worksOn, other.Gives, other.Inputs, other._missing)
    {
        Hides = other.Hides;
        _answers = answers;
        _table = answers.TableOf(Op);
    }

    /// <inheritdoc/>
    public override LookupUse? LooksUp => Use;

    private LookupUse Use { get; }

    /// <inheritdoc/>
    public override int Op => Use.Op;

    /// <inheritdoc/>
    public override ImmutableArray<int> Gives { get; }

    /// <inheritdoc/>
    public override ImmutableArray<int> Inputs { get; }

    /// <inheritdoc/>
    public override bool Asks => _table is null && _answers is not null;

    /// <inheritdoc/>
    internal override RecordStep Bind(ExternalAnswers? answers) => answers is null ? this : new LookupStep(this, answers);

    /// <inheritdoc/>
    public override void Ask(OpenRecord record, ChunkQuestions questions)
    {
        if (_reader.Read(record).IsKept && StateOf(record) == SlotState.Value)
        {
            questions.Add(KeyOf(record));
        }
    }

    /// <inheritdoc/>
    public override async Task AnswerAsync(ChunkQuestions questions, ChunkAnswers answers, CancellationToken cancellationToken) =>
        answers.Add(Op, await (_answers ?? throw NotBound()).AskAsync(Use, questions, cancellationToken));

    /// <inheritdoc/>
    public override StepResult Apply(OpenRecord record)
    {
        StepResult read = _reader.Read(record);
        if (!read.IsKept)
        {
            return read;
        }

        switch (StateOf(record))
        {
            case SlotState.Null:
                return GiveNothing(record); // no value is passed over, and nothing is missing for it
            case SlotState.TooLong:
                return StepResult.Rejected(FieldAtFault, ExpressionError.NumberOverflow);
        }

        LookupTable table = _table ?? record.AnswerTo(Op) ?? throw NotBound();
        return table.TryFind(KeyOf(record), out byte[] page, out int start) ? Give(record, page, start) : Miss(record);
    }

    /// <summary>The one field of the key; of several none is at fault alone.</summary>
    private short FieldAtFault => _worksOn.Length == 1 ? (short)_worksOn[0] : RecordError.WholeRecord;

    /// <summary>Null where one value of the key is; too long where a number is that nobody can hold.</summary>
    private SlotState StateOf(OpenRecord record)
    {
        SlotState[] states = record.Slots.States;
        SlotState state = SlotState.Value;
        foreach ((int slot, _) in _key)
        {
            if (states[slot] == SlotState.Null)
            {
                return SlotState.Null;
            }

            state = states[slot] == SlotState.TooLong ? SlotState.TooLong : state;
        }

        return state;
    }

    private ReadOnlySpan<byte> KeyOf(OpenRecord record)
    {
        RecordSlots slots = record.Slots;
        if (_isPlainText)
        {
            return slots.Texts[_key[0].Slot].Span;
        }

        int length = 0;
        foreach ((int slot, TypedKind kind) in _key)
        {
            length += LookupKey.BytesOf(slots.Get(slot, kind));
        }

        Span<byte> key = record.ScratchFor(length);
        int written = 0;
        foreach ((int slot, TypedKind kind) in _key)
        {
            written += LookupKey.Write(slots.Get(slot, kind), key[written..]);
        }

        return key[..written];
    }

    private StepResult Give(OpenRecord record, byte[] page, int start)
    {
        foreach ((int field, TypedKind kind) in _sets)
        {
            if (!LookupPayload.TryTake(page, ref start, kind, out TypedValue value))
            {
                return StepResult.Rejected((short)field, ExpressionError.NumberOverflow);
            }

            record.SetValue(field, value);
        }

        return StepResult.Kept;
    }

    private StepResult Miss(OpenRecord record)
    {
        if (_missing == OnMissing.Reject)
        {
            return StepResult.Rejected(FieldAtFault, RecordErrorCode.LookupMissing);
        }

        record.CountFor(Op);
        return GiveNothing(record);
    }

    private StepResult GiveNothing(OpenRecord record)
    {
        if (_missing == OnMissing.Keep)
        {
            return _kept.Read(record);
        }

        foreach ((int field, TypedKind kind) in _sets)
        {
            record.SetValue(field, TypedValue.NullOf(kind));
        }

        return StepResult.Kept;
    }

    private InvalidOperationException NotBound() => new($"Op {Op} has not been told where \"{Use.Dataset}\" is.");
}
