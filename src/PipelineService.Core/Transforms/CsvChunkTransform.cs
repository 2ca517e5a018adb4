using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms;

/// <summary>Delimited text to rows, for one job.</summary>
/// <param name="plan">The dataset's columns.</param>
/// <param name="binding">Where each column stands in this job's records.</param>
/// <param name="dialect">How the records are written.</param>
/// <param name="recordBytesMax">The longest record; the same as the scanner's that cut the chunks.</param>
/// <param name="jobId">Written to each row when the dataset has lineage.</param>
public sealed class CsvChunkTransform(
    RowPlan plan, CsvHeaderBinding binding, CsvDialect dialect, int recordBytesMax, Guid jobId) : ChunkTransform
{
    private readonly ColumnPlan[] _columns = [.. plan.Columns];
    private readonly int[] _fieldOfColumn = [.. binding.FieldOfColumn];
    private readonly bool _isGuarded = binding.IsGuarded;
    private readonly Lineage _lineage = new(plan, jobId);

    /// <inheritdoc/>
    public override int OptionalColumns => dialect.Pads ? _columns.Length : _fieldOfColumn.Count(index => index < 0);

    /// <inheritdoc/>
    public override int Run(ReadOnlySpan<byte> bytes, ChunkPosition position, TransformWorkspace workspace)
    {
        workspace.Clear();
        CsvTokenizer reader = new(bytes, dialect, recordBytesMax, binding.SkipBlankLines, workspace.CsvFields);
        int records = 0;
        while (reader.Read(out CsvRecord record))
        {
            long number = position.FirstRecord + records++;
            long line = position.FirstLine + record.FirstLine;
            RecordErrorCode fault = FaultOf(record, workspace.CsvFields);
            if (fault != RecordErrorCode.None)
            {
                RecordError error = new(RecordError.WholeRecord, fault, record.Start, ValueLength: 0)
                {
                    Fields = fault is RecordErrorCode.TooFewFields or RecordErrorCode.TooManyFields
                        ? new FieldCounts(record.FieldCount, binding.FieldCount)
                        : default,
                };
                workspace.Rejects.Add(error, number, line, record.Start, record.Length);
                continue;
            }

            workspace.Rows.BeginRow(plan.ColumnCount);
            if (EncodeFields(bytes, record, workspace))
            {
                _lineage.Write(workspace.Rows, number);
                workspace.Rows.EndRow(number, line, record.Start, record.Length);
            }
            else
            {
                workspace.Rows.CancelRow();
                workspace.Rejects.Close(number, line, record.Start, record.Length);
            }
        }

        return records;
    }

    /// <inheritdoc/>
    public override RecordError ErrorOf(
        ReadOnlySpan<byte> bytes, RowMark row, short column, RecordErrorCode code, TransformWorkspace workspace)
    {
        int index = _fieldOfColumn[column];
        ReadOnlySpan<byte> raw = bytes.Slice(row.RawStart, row.RawLength);
        CsvTokenizer reader = new(raw, dialect, recordBytesMax, skipBlankLines: false, workspace.CsvFields);
        return reader.Read(out CsvRecord record) && index >= 0 && index < record.FieldCount
            ? ErrorOf(column, code, Told(raw, workspace.CsvFields[index], workspace), row.RawStart)
            : new RecordError(column, code, row.RawStart, ValueLength: 0);
    }

    private RecordErrorCode FaultOf(in CsvRecord record, CsvField[] fields) =>
        record.Fault != RecordErrorCode.None ? record.Fault
        : record.FieldCount < binding.FieldCount && !dialect.Pads ? RecordErrorCode.TooFewFields
        : record.FieldCount > binding.FieldCount && !dialect.Trims ? RecordErrorCode.TooManyFields
        : binding.IsGuarded && binding.RawField < record.FieldCount && fields[binding.RawField].Length > 0
            ? RecordErrorCode.Unmended
        : RecordErrorCode.None;

    /// <summary>
    /// Encodes every column, also after one was refused: all that is wrong with a record is told at once. A field that the
    /// record does not have, because the header has none such (−1) or the record ends before it, has no value.
    /// </summary>
    private bool EncodeFields(ReadOnlySpan<byte> bytes, in CsvRecord record, TransformWorkspace workspace)
    {
        CsvField[] fields = workspace.CsvFields;
        int[] fieldOfColumn = _fieldOfColumn;
        ColumnPlan[] columns = _columns;
        bool isGood = true;
        for (int column = 0; column < columns.Length; column++)
        {
            int index = fieldOfColumn[column];
            bool isAbsent = (uint)index >= (uint)record.FieldCount;
            CsvField field = isAbsent ? new CsvField(record.Start, 0, CsvFieldFlags.None) : fields[index];
            RecordErrorCode code = isAbsent ? columns[column].EncodeMissing(workspace.Rows)
                : columns[column].Encode(TextOf(bytes, field, workspace), workspace.Rows);
            if (code != RecordErrorCode.None)
            {
                workspace.Rejects.AddError(ErrorOf((short)column, code, Told(bytes, field, workspace), recordStart: 0));
                isGood = false;
            }
        }

        return isGood;
    }

    /// <param name="recordStart">Where the bytes start in the chunk in which the field was found.</param>
    private static RecordError ErrorOf(short column, RecordErrorCode code, CsvField field, int recordStart) => new(
        column, code, recordStart + field.Start, field.Length, field.HasEscapes ? ValueSpelling.CsvDoubled : ValueSpelling.Plain);

    /// <summary>The value as it is told: without the mark of a guarded file before it, which is written twice where it is the quote.</summary>
    private CsvField Told(ReadOnlySpan<byte> bytes, CsvField field, TransformWorkspace workspace)
    {
        if (!_isGuarded)
        {
            return field;
        }

        ReadOnlySpan<byte> cell = CsvText.Of(bytes, field, dialect.Quote, workspace.ScratchFor(field.Length));
        int guard = cell.Length - FormulaGuard.Undo(cell).Length;
        int written = field.HasEscapes && dialect.Quote == FormulaGuard.Mark ? 2 * guard : guard;
        return field with { Start = field.Start + written, Length = field.Length - written };
    }

    private ReadOnlySpan<byte> TextOf(ReadOnlySpan<byte> bytes, CsvField field, TransformWorkspace workspace)
    {
        Span<byte> scratch = field.HasEscapes ? workspace.ScratchFor(field.Length) : default;
        ReadOnlySpan<byte> text = CsvText.Of(bytes, field, dialect.Quote, scratch);
        return _isGuarded ? FormulaGuard.Undo(text) : text;
    }
}
