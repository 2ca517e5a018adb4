using System.Collections.Immutable;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Steps.Rows;

/// <summary>Asks a service by the values of some fields, and gives values of its answer to others.</summary>
internal sealed class HttpStep : ExternalStep
{
    private const string Question = "question", Code = "code", Excerpt = "excerpt";

    private readonly HttpOp _op;
    private readonly SlotReader _reader;
    private readonly SlotReader _kept;
    private readonly RecordKey _key;
    private readonly (int Field, TypedKind Kind)[] _sets;
    private readonly LookupUse _form;
    private readonly AskService? _ask;

    /// <param name="op">What is declared.</param>
    /// <param name="use">What it asks whom.</param>
    /// <param name="reader">Reads the values of the inputs that no step before has read.</param>
    /// <param name="kept">Reads the values that stay where nothing is known.</param>
    /// <param name="worksOn">0-based indexes of the fields that have the inputs.</param>
    /// <param name="sets">0-based indexes of the fields that it sets.</param>
    /// <param name="answerFields">What those take of an answer.</param>
    /// <param name="inputs">Fields of the data that the inputs come from.</param>
    public HttpStep(
        HttpOp op, ServiceUse use, SlotReader reader, SlotReader kept, ImmutableArray<int> worksOn, ImmutableArray<int> sets,
        AnswerFields answerFields, ImmutableArray<int> inputs)
    {
        (_op, Use, _reader, _kept, WorksOn, AnswerFields) = (op, use, reader, kept, worksOn, answerFields);
        (Gives, Inputs) = (sets, inputs);
        _key = new RecordKey(worksOn, use.Inputs);
        Input = new ServiceInput(use.Inputs);
        _sets = [.. sets.Zip(answerFields.Kinds)];

        // An answer as a row: the code, how a useless one begins, and the values.
        _form = new LookupUse(
            use.Op, use.Service, [new LookupColumn(Question, TypedKind.Text)],
            [
                new LookupColumn(Code, TypedKind.Integer), new LookupColumn(Excerpt, TypedKind.Text),
                .. answerFields.Kinds.Select(kind => new LookupColumn("", kind)),
            ],
            op.Pii);
    }

    private HttpStep(HttpStep other, AskService ask)
        : this(other._op, other.Use, other._reader, other._kept, other.WorksOn, other.Gives, other.AnswerFields, other.Inputs)
    {
        Hides = other.Hides;
        _ask = ask;
    }

    /// <summary>0-based indexes of the fields that have the inputs.</summary>
    public ImmutableArray<int> WorksOn { get; }

    /// <summary>Writes what is asked.</summary>
    public ServiceInput Input { get; }

    /// <summary>What the fields that it sets take of an answer.</summary>
    public AnswerFields AnswerFields { get; }

    /// <summary>What becomes of a record of which nothing is known.</summary>
    public OnMissing Missing => _op.Missing;

    private ServiceUse Use { get; }

    /// <inheritdoc/>
    public override ServiceUse? AsksService => Use;

    /// <inheritdoc/>
    public override int Op => Use.Op;

    /// <inheritdoc/>
    public override ImmutableArray<int> Gives { get; }

    /// <inheritdoc/>
    public override ImmutableArray<int> Inputs { get; }

    /// <inheritdoc/>
    public override bool Asks => _ask is not null;

    /// <inheritdoc/>
    public override bool Waits => true;

    /// <inheritdoc/>
    internal override RecordStep Bind(ExternalAnswers? answers) =>
        answers?.AskService is { } ask ? new HttpStep(this, ask) : this;

    /// <inheritdoc/>
    public override void Ask(OpenRecord record, ChunkQuestions questions)
    {
        if (_reader.Read(record).IsKept && _key.StateOf(record) == SlotState.Value)
        {
            questions.Add(_key.Of(record));
        }
    }

    /// <inheritdoc/>
    public override async Task AnswerAsync(ChunkQuestions questions, ChunkAnswers answers, CancellationToken cancellationToken) =>
        answers.Add(Op, questions.Count == 0 ? new LookupTable(_form) : await AskAsync(questions, cancellationToken).ConfigureAwait(false));

    private async Task<LookupTable> AskAsync(ChunkQuestions questions, CancellationToken cancellationToken)
    {
        LookupTable table = new(_form);

        ReadOnlyMemory<byte>[] keys = [.. questions.Keys];
        byte[][] inputs = [.. keys.Select(key => Input.Of(key.Span))];
        IReadOnlyList<ServiceAnswer> answers = await (_ask ?? throw NotBound())(Use, inputs, cancellationToken).ConfigureAwait(false);
        RecordSlots room = new();
        var row = new LookupValue[3 + _sets.Length];
        for (int i = 0; i < keys.Length; i++)
        {
            row[0] = Of(new TextSlice(keys[i].ToArray(), 0, keys[i].Length));
            Take(answers[i], room, row);
            table.Add(row);
        }

        return table;
    }

    /// <inheritdoc/>
    public override StepResult Apply(OpenRecord record)
    {
        StepResult read = _reader.Read(record);
        if (!read.IsKept)
        {
            return read;
        }

        switch (_key.StateOf(record))
        {
            case SlotState.Null:
                return GiveNothing(record, keeps: _op.Missing == OnMissing.Keep); // nothing is asked without a value
            case SlotState.TooLong:
                return StepResult.Rejected(_key.FieldAtFault, ExpressionError.NumberOverflow);
        }

        LookupTable table = record.AnswerTo(Op) ?? throw NotBound();
        if (!table.TryFind(_key.Of(record), out byte[] page, out int start))
        {
            throw new InvalidOperationException($"Op {Op} has not asked what a record needs.");
        }

        LookupPayload.TryTake(page, ref start, TypedKind.Integer, out TypedValue code);
        LookupPayload.TryTake(page, ref start, TypedKind.Text, out TypedValue excerpt);
        return (RecordErrorCode)code.Word switch
        {
            RecordErrorCode.None => Give(record, page, start),
            RecordErrorCode.EnrichmentMissing when _op.Missing != OnMissing.Reject =>
                GiveNothing(record, keeps: _op.Missing == OnMissing.Keep, isCounted: true),
            RecordErrorCode.EnrichmentFailed when _op.OnError == OnError.Null => GiveNothing(record, keeps: false, isCounted: true),
            var reason and > RecordErrorCode.EnrichmentFailed when _op.Unavailable == OnUnavailable.Null => LeaveGap(record, reason),
            var reason => Refuse(record, reason, excerpt),
        };
    }

    /// <summary>Takes an answer in, behind the question.</summary>
    private void Take(ServiceAnswer answer, RecordSlots room, LookupValue[] row)
    {
        (RecordErrorCode code, string? excerpt) = (answer.Code, answer.Excerpt);
        Span<LookupValue> values = row.AsSpan(3);
        if (code == RecordErrorCode.None && AnswerFields.Read(answer.Output!, room, values) >= 0)
        {
            code = RecordErrorCode.EnrichmentFailed;
            excerpt = ServiceExcerpt.Of(answer.Output!);
        }

        if (code != RecordErrorCode.None)
        {
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = new LookupValue(SlotState.Null, TypedValue.NullOf(_sets[i].Kind));
            }
        }

        row[1] = new LookupValue(SlotState.Value, TypedValue.Of((long)code));
        row[2] = excerpt is null ? new LookupValue(SlotState.Null, TypedValue.NullOf(TypedKind.Text)) : Of(TextSlice.Of(excerpt));
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

    private StepResult GiveNothing(OpenRecord record, bool keeps, bool isCounted = false)
    {
        if (isCounted)
        {
            record.CountFor(Op);
        }

        if (keeps)
        {
            return _kept.Read(record);
        }

        foreach ((int field, TypedKind kind) in _sets)
        {
            record.SetValue(field, TypedValue.NullOf(kind));
        }

        return StepResult.Kept;
    }

    private StepResult LeaveGap(OpenRecord record, RecordErrorCode reason)
    {
        record.NoteGap(Op, reason);
        return GiveNothing(record, keeps: false, isCounted: true);
    }

    private StepResult Refuse(OpenRecord record, RecordErrorCode reason, in TypedValue excerpt)
    {
        record.NoteAnswer(excerpt.IsNull ? null : excerpt.Text.ToString());
        return StepResult.Rejected(_key.FieldAtFault, reason);
    }

    private static LookupValue Of(TextSlice text) => new(SlotState.Value, TypedValue.Of(text));

    private InvalidOperationException NotBound() => new($"Op {Op} has not been told who asks \"{Use.Service}\".");
}
