using System.Collections.Immutable;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;
using PipelineService.Write.Rejects;

namespace PipelineService.Write;

/// <summary>
/// Rejected records of one chunk as rows of <c>pipeline.dead_letters</c> in the form of binary COPY, reasons written as
/// JSON from bytes to bytes.
/// </summary>
internal sealed class DeadLetterRows
{
    /// <summary>The columns in <see cref="WriteSql.CopyDeadLetters"/>.</summary>
    private const short Columns = 8;

    private const byte JsonbVersion = 1;

    private readonly TransformedChunk _chunk;
    private readonly RowBuffer _rows;
    private readonly byte[] _jobId;
    private readonly PlacesAsSent _places;
    private readonly DeadLetterReasons _reasons;
    private readonly DeadLetterValues _values;
    private (RejectedRow Row, byte[] Reason, IReadOnlyList<short> Columns) _lastRefused;

    /// <param name="chunk">
    /// The records and what became of them. The letters of its workspace take the rows; the caller clears them between batches.
    /// </param>
    public DeadLetterRows(TransformedChunk chunk)
    {
        (_chunk, _rows, _jobId) = (chunk, chunk.Workspace.Letters, chunk.Load.Plan.JobId.ToByteArray(bigEndian: true));
        (_places, _values) = (new PlacesAsSent(chunk), new DeadLetterValues(chunk));
        _reasons = new DeadLetterReasons(chunk, _places);
    }

    /// <summary>A record that a rule, a step or its own form rejects.</summary>
    public void Add(Reject reject, ReadOnlySpan<RecordError> errors)
    {
        _values.Begin(reject.RawStart, reject.RawLength, isComputed: HasExpression(errors));
        int reasons = Begin(reject.Record, reject.Line, reject.RawStart);
        foreach (RecordError error in errors)
        {
            _rows.Write(_rows.Length == reasons ? [JsonbVersion, (byte)'['] : ","u8);
            _rows.Write(_reasons.Of(error, reject));
            _values.WriteValue(error);
            if (error.Op is int op)
            {
                _values.WriteInputs(op);
            }

            _rows.Write("}"u8);
        }

        if (reject.ErrorsUntold > 0)
        {
            _rows.Write(","u8);
            _rows.Write(DeadLetterReasons.OfMore(reject.ErrorsUntold));
            _rows.Write("null}"u8);
        }

        End(reasons, reject.RawStart, reject.RawLength);
    }

    /// <summary>A row that the database refused.</summary>
    public void Add(RejectedRow refused)
    {
        // Mostly one constraint refuses row after row with the same words.
        if (_lastRefused.Reason is null || _lastRefused.Row with { Index = refused.Index } != refused)
        {
            _lastRefused = (refused, DeadLetterReasons.Of(refused), ColumnsOf(refused));
        }

        RowMark row = _chunk.Workspace.Rows.Marks[refused.Index];
        _values.Begin(row.RawStart, row.RawLength, isComputed: false);
        int reasons = Begin(row.Record, row.Line, row.RawStart);
        _rows.Write([JsonbVersion, (byte)'[']);
        _rows.Write(_lastRefused.Reason);
        WriteValues(row, refused.Code, _lastRefused.Columns);
        _rows.Write("}"u8);
        End(reasons, row.RawStart, row.RawLength);
    }

    private static bool HasExpression(ReadOnlySpan<RecordError> errors)
    {
        foreach (RecordError error in errors)
        {
            if (error.Expression != ExpressionError.None || error.Code is RecordErrorCode.Require or RecordErrorCode.LookupMissing)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The columns to blame, as indexes into the rows': of a key, or the one that is named.</summary>
    private IReadOnlyList<short> ColumnsOf(RejectedRow refused)
    {
        ImmutableArray<ColumnPlan> columns = _chunk.Load.Plan.Rows.Columns;
        return refused.Key ?? [.. Enumerable.Range(0, columns.Length).Where(i => columns[i].Field.Name == refused.Column).Select(i => (short)i)];
    }

    /// <summary>What the record has in the columns to blame; values of several with commas between.</summary>
    private void WriteValues(RowMark row, RecordErrorCode code, IReadOnlyList<short> columns)
    {
        if (columns.Count == 0)
        {
            _rows.Write("null"u8);
            return;
        }

        _rows.Write("\""u8);
        for (int i = 0; i < columns.Count; i++)
        {
            _rows.Write(i == 0 ? [] : ", "u8);
            _values.WriteText(_chunk.Load.Transform!.ErrorOf(_chunk.Bytes.Span, row, columns[i], code, _chunk.Workspace));
        }

        _rows.Write("\""u8);
    }

    private int Begin(long record, long line, int rawStart)
    {
        _rows.BeginRow(Columns);
        _rows.WriteBytesField(_jobId);
        _rows.WriteInt64Field(record);
        _rows.WriteInt64Field(line);
        if (_values.Document is { End: > 0 } document)
        {
            _rows.WriteInt64Field(_places.AsSent(document.Start));
            _rows.WriteInt64Field(record - _chunk.Extent.Position.FirstRecord - document.FirstRecord + 1);
        }
        else
        {
            _rows.WriteInt64Field(_places.AsSent(rawStart));
            _rows.WriteNull();
        }

        return _rows.BeginField();
    }

    private void End(int reasons, int rawStart, int rawLength)
    {
        _rows.Write("]"u8);
        _rows.EndField(reasons);
        _values.WriteRaw();
        _rows.EndRow(record: 0, line: 0, rawStart, rawLength);
    }
}
