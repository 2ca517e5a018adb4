using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;

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

    /// <param name="plan">The columns that are sent, and what is done before.</param>
    /// <param name="reader">Reads the records of the job.</param>
    /// <param name="job">The job: its id is written to each row when the dataset has lineage, and expressions may use all of it.</param>
    public ChunkTransform(RowPlan plan, RecordReader reader, JobFacts job)
    {
        _reader = reader;
        _encoder = new RecordEncoder(plan, reader, job);
        _slotOfColumn = [.. plan.Columns.Select(column => _encoder.SlotOfField[column.Index])];
    }

    /// <summary>
    /// Columns that a record may do without at no byte of its own, although a NULL takes four in a row: what decides
    /// how many short records a chunk may have.
    /// </summary>
    public int OptionalColumns =>
        (_reader.MayOmit ? _slotOfColumn.Length : _slotOfColumn.Count(slot => slot < 0)) + (_reader.BytesMade / NullBytes);

    /// <summary>How delimited text is written that it reads; null for other formats.</summary>
    public CsvSyntax? Syntax => _reader.Syntax;

    /// <summary>What stands between records of JSON.</summary>
    public JsonFraming Framing => _reader.Framing;

    /// <summary>Reads every record of the chunk; each becomes a row or a reject, or is left out by a step.</summary>
    /// <param name="bytes">Whole records only, starting at a record's start.</param>
    /// <param name="position">The numbers of the first record and line.</param>
    /// <param name="workspace">Cleared first; holds the rows and rejects afterwards.</param>
    /// <returns>How many records were read: rows + rejects + filtered.</returns>
    public int Run(ReadOnlySpan<byte> bytes, ChunkPosition position, TransformWorkspace workspace)
    {
        workspace.Clear();
        _encoder.Prepare(workspace.Values);
        ChunkRun run = new(_encoder, bytes, position, workspace);
        _reader.Read(bytes, workspace.Values, workspace.Rejects, ref run);
        return run.Records;
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
        if (_reader is ItemRecordReader items && workspace.Values.Documents.TryFind(start, out JsonDocumentPlace document))
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
