using System.Collections.Immutable;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Charsets;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Steps.Rows;
using PipelineService.Core.Transforms.Tracing;

namespace PipelineService.Core.Transforms;

/// <summary>Where a chunk stands in its upload.</summary>
/// <param name="FirstRecord">1-based number of its first record.</param>
/// <param name="FirstLine">1-based number of its first physical line.</param>
public readonly record struct ChunkPosition(long FirstRecord, long FirstLine);

/// <summary>
/// Stage 4: turns the bytes of a chunk into rows and rejects. The reader of the format finds the values of a record, the steps
/// of the plan work on them, and each column is encoded. Bound to one job (its plan, its header), immutable, shared by all
/// workers; what a run needs to write to is in its <see cref="TransformWorkspace"/>.
/// </summary>
public sealed class ChunkTransform
{
    /// <summary>A NULL in a row.</summary>
    private const int NullBytes = 4;

    private readonly RecordReader _reader;
    private readonly RecordEncoder _encoder;
    private readonly int[] _slotOfColumn;
    private readonly ExternalStep[] _asking;

    /// <param name="plan">The columns that are sent, and what is done before.</param>
    /// <param name="reader">Reads the records of the job.</param>
    /// <param name="job">The job: its id is written to each row when the dataset has lineage, and expressions may use all of it.</param>
    public ChunkTransform(RowPlan plan, RecordReader reader, JobFacts job)
    {
        _reader = reader;
        _encoder = new RecordEncoder(plan, reader, job);
        _slotOfColumn = [.. plan.Columns.Select(column => _encoder.SlotOfField[column.Index])];
        _asking = [.. _encoder.Asking];
    }

    /// <summary>
    /// Columns that a record may do without at no byte of its own, although a NULL takes four in a row: what decides
    /// how many short records a chunk may have.
    /// </summary>
    public int OptionalColumns =>
        (_reader.MayOmit ? _slotOfColumn.Length : _slotOfColumn.Count(slot => slot < 0)) + (_reader.BytesMade / NullBytes);

    /// <summary>How delimited text is written that it reads; null for other formats.</summary>
    public CsvSyntax? Syntax => _reader.Syntax;

    /// <inheritdoc cref="RecordReader.ItemNames"/>
    public ImmutableArray<byte[]> ItemNames => _reader.ItemNames;

    /// <inheritdoc cref="RecordReader.IsText"/>
    public bool IsText => _reader.IsText;

    /// <inheritdoc cref="RecordReader.TextOf"/>
    public byte[]? TextOf(ReadOnlySpan<byte> record) => _reader.TextOf(record);

    /// <summary>What the text was made UTF-8 with; null for text that is read as it was sent.</summary>
    public Transcoding? Text => _reader.Text;

    /// <summary>What stands between records of JSON.</summary>
    public JsonFraming Framing => _reader.Framing;

    /// <summary>Reads every record of the chunk; each becomes a row or a reject, or is left out by a step.</summary>
    /// <param name="bytes">Whole records only, starting at a record's start.</param>
    /// <param name="position">The numbers of the first record and line.</param>
    /// <param name="workspace">Cleared first; holds the rows and rejects afterwards.</param>
    /// <param name="answers">What <see cref="AnswerAsync"/> gave for the same bytes.</param>
    /// <returns>How many records were read: rows + rejects + filtered.</returns>
    public int Run(
        ReadOnlySpan<byte> bytes, ChunkPosition position, TransformWorkspace workspace, ChunkAnswers? answers = null) =>
        Run<Unwatched>(bytes, position, workspace, answers);

    /// <summary>
    /// Does with one record of a chunk what <see cref="AnswerAsync"/> and <see cref="Run(ReadOnlySpan{byte}, ChunkPosition,
    /// TransformWorkspace, ChunkAnswers?)"/> do with all of them, and shows each step to who watches. Nothing is asked for the others.
    /// </summary>
    /// <param name="bytes">As of <see cref="AnswerAsync"/>.</param>
    /// <param name="position">As of <see cref="AnswerAsync"/>.</param>
    /// <param name="workspace">Cleared first; holds the record's row or reject afterwards.</param>
    /// <param name="trace">Says which record, and keeps what it sees.</param>
    public async Task TraceAsync(
        ReadOnlyMemory<byte> bytes, ChunkPosition position, TransformWorkspace workspace, RecordTrace trace,
        CancellationToken cancellationToken)
    {
        workspace.Trace = trace;
        try
        {
            ChunkAnswers? answers = Asks ? await AskAsync(bytes, position, workspace, waited: null, cancellationToken) : null;
            Run<Watched>(bytes.Span, position, workspace, answers);
        }
        finally
        {
            workspace.Trace = null;
        }
    }

    private int Run<TWatch>(ReadOnlySpan<byte> bytes, ChunkPosition position, TransformWorkspace workspace, ChunkAnswers? answers)
        where TWatch : struct, IWatch
    {
        workspace.Clear();
        _encoder.Prepare(workspace.Values);
        workspace.Values.Answers = answers;
        ChunkRun<TWatch> run = new(_encoder, bytes, position, workspace);
        _reader.Read(bytes, workspace.Values, workspace.Rejects, ref run);
        workspace.Values.Answers = null;
        return run.Records;
    }

    /// <summary>Whether steps ask for what is not in the records: then <see cref="AnswerAsync"/> comes before <see cref="Run"/>.</summary>
    public bool Asks => _asking.Length > 0;

    /// <summary>Whether some of them ask who may take long to answer: whoever calls <see cref="AnswerAsync"/> should hold nothing meanwhile.</summary>
    public bool Waits => _asking.Any(step => step.Waits);

    /// <summary>
    /// What comes between reading a chunk and making rows of it, where steps ask for what is not in its records: the records are read up
    /// to the step, what it asks is collected, each thing once, and asked for together. The next step that asks sees the answers to the
    /// ones before it. Nothing is held meanwhile but the bytes of the chunk and its answers: the same bytes ask the same, so that
    /// records are read once more instead of being kept.
    /// </summary>
    /// <param name="bytes">As of <see cref="Run"/>.</param>
    /// <param name="position">As of <see cref="Run"/>.</param>
    /// <param name="workspace">Used while records are read; cleared.</param>
    /// <param name="waited">What those have answered before who may take long (<see cref="WaitedFor"/>): they are not asked again.</param>
    /// <returns>For <see cref="Run"/>, as long as the workspace is not used for another chunk; null where nothing is asked.</returns>
    public ValueTask<ChunkAnswers?> AnswerAsync(
        ReadOnlyMemory<byte> bytes, ChunkPosition position, TransformWorkspace workspace, CancellationToken cancellationToken,
        ChunkAnswers? waited = null) =>
        !Asks ? default
        : waited is not null && Array.TrueForAll(_asking, static step => step.Waits) ? new ValueTask<ChunkAnswers?>(waited)
        : AskAsync(bytes, position, workspace, waited, cancellationToken);

    /// <summary>Of what a chunk was answered what is kept while it waits, whatever becomes of the workspace.</summary>
    public ChunkAnswers? WaitedFor(ChunkAnswers? answers)
    {
        if (answers is null || !Waits)
        {
            return null;
        }

        ChunkAnswers kept = new();
        foreach (ExternalStep step in _asking.Where(step => step.Waits))
        {
            kept.Add(step.Op, answers.TableOf(step.Op)!);
        }

        return kept;
    }

    private async ValueTask<ChunkAnswers?> AskAsync(
        ReadOnlyMemory<byte> bytes, ChunkPosition position, TransformWorkspace workspace, ChunkAnswers? waited,
        CancellationToken cancellationToken)
    {
        ChunkAnswers answers = new();
        RecordTrace? trace = workspace.Trace;
        foreach (ExternalStep step in _asking)
        {
            if (step.Op >= trace?.StepsMax)
            {
                break; // nobody knows its answer
            }

            if (step.Waits && waited?.TableOf(step.Op) is { } known)
            {
                answers.Add(step.Op, known);
                continue;
            }

            ChunkQuestions questions = trace is null
                ? CollectFor<Unwatched>(step, bytes.Span, position, workspace, answers)
                : CollectFor<Watched>(step, bytes.Span, position, workspace, answers);
            await step.AnswerAsync(questions, answers, cancellationToken);
        }

        return answers;
    }

    private ChunkQuestions CollectFor<TWatch>(
        ExternalStep step, ReadOnlySpan<byte> bytes, ChunkPosition position, TransformWorkspace workspace, ChunkAnswers answers)
        where TWatch : struct, IWatch
    {
        workspace.Clear();
        _encoder.Prepare(workspace.Values);
        workspace.Values.Answers = answers;
        ChunkQuestions questions = step.Begin(workspace);
        AskingRun<TWatch> run = new(_encoder, bytes, position, workspace, step, questions);
        _reader.Read(bytes, workspace.Values, workspace.Rejects, ref run);
        workspace.Values.Answers = null;
        workspace.Clear();
        return questions;
    }

    /// <summary>Reads one record, without transforming it.</summary>
    /// <returns>Whether it could be read as it must.</returns>
    internal bool ReadOne(ReadOnlySpan<byte> bytes, RecordValues values, RejectBuffer errors)
    {
        SingleRecord record = default;
        _reader.ReadOne(bytes, values, errors, ref record);
        return record.IsRead;
    }

    /// <summary>The slot in which the reader puts the value of a field; −1 when the data does not have it.</summary>
    internal int SlotOf(int field) => _encoder.SlotOfField[field];

    /// <summary>
    /// The error of a field of a row that the database refused: where in the chunk its value stands is found by reading the record
    /// once more, since nobody asks that of rows that land.
    /// </summary>
    /// <param name="bytes">The chunk.</param>
    /// <param name="row">A row that <see cref="Run"/> made of it.</param>
    /// <param name="column">0-based index of the column in the plan.</param>
    /// <param name="code">Why it was refused.</param>
    /// <param name="workspace">Of the run; its rows and rejects stay as they are.</param>
    /// <returns>With a length of 0 where the record has no value for the column.</returns>
    public RecordError ErrorOf(
        ReadOnlySpan<byte> bytes, RowMark row, short column, RecordErrorCode code, TransformWorkspace workspace)
    {
        SingleRecord record = default;
        int start = row.RawStart;
        if (_reader.Own is ItemRecordReader items && workspace.Values.Documents.TryFind(start, out JsonDocumentPlace document))
        {
            items.ReadItem(bytes, document, start, row.RawLength, workspace.Values, workspace.Rejects, ref record);
            start = 0;
        }
        else
        {
            _reader.ReadOne(bytes.Slice(start, row.RawLength), workspace.Values, workspace.Rejects, ref record);
        }

        int slot = _slotOfColumn[column];
        RecordValue value = record.IsRead && slot >= 0 ? workspace.Values.Slots[slot] : default;
        return value.Spelling == ValueSpelling.Made
            ? new RecordError(column, code, row.RawStart, ValueLength: 0)
            : new RecordError(column, code, start + value.Start, value.Length, value.Spelling);
    }
}
