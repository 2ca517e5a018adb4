using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Rules;
using PipelineService.Hosting;
using PipelineService.Spool;

namespace PipelineService.Write;

/// <summary>
/// Rejected records of one chunk as rows of <c>pipeline.dead_letters</c> in the form of binary COPY, reasons written as
/// JSON from bytes to bytes. What a reason says but for the value is the same for all records of a chunk and is made
/// once.
/// </summary>
/// <param name="chunk">Where the records are.</param>
/// <param name="rows">Takes the rows; the caller clears it between batches.</param>
internal sealed class DeadLetterRows(Chunk chunk, RowBuffer rows)
{
    /// <summary>The columns in <see cref="WriteSql.CopyDeadLetters"/>.</summary>
    private const short Columns = 7;

    private const byte JsonbVersion = 1;

    /// <summary>
    /// Characters of a sentence of the database that a reason keeps: a trigger may put a whole value into it.
    /// </summary>
    private const int MessageLengthMax = 1_000;

    /// <summary>The longest escape of a byte, <c>\u0000</c>.</summary>
    private const int EscapeBytesMax = 6;

    private readonly byte[] _jobId = chunk.Load.Plan.JobId.ToByteArray(bigEndian: true);
    private readonly byte _quote = chunk.Load.Plan.Rows.Definition.Dialect.Quote;
    private readonly Dictionary<(short Column, RecordErrorCode Code), byte[]> _reasons = [];
    private (RefusedRow Row, byte[] Reason) _lastRefused;
    private (RecordErrorCode Code, FieldCounts Fields, byte[] Reason) _lastCounted;

    /// <summary>A record that a rule or its own form rejects.</summary>
    public void Add(Reject reject, ReadOnlySpan<RecordError> errors)
    {
        int reasons = Begin(reject.Record, reject.Line, reject.RawStart);
        foreach (RecordError error in errors)
        {
            rows.Write(rows.Length == reasons ? [JsonbVersion, (byte)'['] : ","u8);
            rows.Write(ReasonOf(error));
            WriteValue(error);
            rows.Write("}"u8);
        }

        if (reject.ErrorsUntold > 0)
        {
            rows.Write(","u8);
            rows.Write(Reason(field: null, RecordErrorCode.MoreErrors, ErrorMessages.More(reject.ErrorsUntold)));
            rows.Write("null}"u8);
        }

        End(reasons, reject.RawStart, reject.RawLength);
    }

    /// <summary>A row that the database refused.</summary>
    /// <param name="refused">Which, and why.</param>
    /// <param name="encoded">The rows of the chunk, which have the value as text if it is one.</param>
    public void Add(RefusedRow refused, RowBuffer encoded)
    {
        // Mostly one constraint refuses row after row with the same words.
        if (_lastRefused.Reason is null || _lastRefused.Row with { Index = refused.Index } != refused)
        {
            string message = Excerpt.Cut(refused.Message, MessageLengthMax);
            _lastRefused = (refused, Reason(refused.Column, refused.Code, message));
        }

        RowMark row = encoded.Marks[refused.Index];
        int reasons = Begin(row.Record, row.Line, row.RawStart);
        rows.Write([JsonbVersion, (byte)'[']);
        rows.Write(_lastRefused.Reason);
        if (refused.Key is [short column] && IsSentAsText(column)
            && encoded.TryGetField(refused.Index, column, out ReadOnlySpan<byte> value))
        {
            WriteValue(value, ValueSpelling.Plain);
        }
        else
        {
            rows.Write("null"u8);
        }

        rows.Write("}"u8);
        End(reasons, row.RawStart, row.RawLength);
    }

    private bool IsSentAsText(short column) =>
        chunk.Load.Plan.Rows.Columns[column].Field.SentType.Name is SqlTypeName.Text or SqlTypeName.Varchar;

    private int Begin(long record, long line, int rawStart)
    {
        rows.BeginRow(Columns);
        rows.WriteBytesField(_jobId);
        rows.WriteInt64Field(record);
        rows.WriteInt64Field(line);
        rows.WriteInt64Field(chunk.StartOffset + rawStart);
        return rows.BeginField();
    }

    private void End(int reasons, int rawStart, int rawLength)
    {
        rows.Write("]"u8);
        rows.EndField(reasons);
        int kept = Math.Min(rawLength, chunk.Load.RawBytesMax);
        rows.WriteBytesField(chunk.Bytes.Span.Slice(rawStart, kept));
        rows.WriteBytesField([chunk.IsCut || kept < rawLength ? (byte)1 : (byte)0]);
        rows.EndRow(record: 0, line: 0, rawStart, rawLength);
    }

    private byte[] ReasonOf(RecordError error)
    {
        if (error.Fields.Found != error.Fields.Expected)
        {
            return ReasonOf(error.Code, error.Fields);
        }

        if (_reasons.TryGetValue((error.Column, error.Code), out byte[]? reason))
        {
            return reason;
        }

        if (error.Column == RecordError.WholeRecord)
        {
            reason = Reason(field: null, error.Code, ErrorMessages.For(error.Code));
        }
        else
        {
            FieldDefinition field = chunk.Load.Plan.Rows.Columns[error.Column].Field;
            reason = Reason(field.Name, error.Code, ErrorMessages.For(field, error.Code));
        }

        _reasons.Add((error.Column, error.Code), reason);
        return reason;
    }

    /// <summary>Too few or too many fields, mostly the same number in record after record.</summary>
    private byte[] ReasonOf(RecordErrorCode code, FieldCounts fields)
    {
        if (_lastCounted.Reason is null || (_lastCounted.Code, _lastCounted.Fields) != (code, fields))
        {
            _lastCounted = (code, fields, Reason(field: null, code, ErrorMessages.For(fields)));
        }

        return _lastCounted.Reason;
    }

    /// <summary>The members of a reason up to the value, which is to follow with the closing brace.</summary>
    private static byte[] Reason(string? field, RecordErrorCode code, string message)
    {
        string name = RecordErrorCodes.NameOf(code);
        return Encoding.UTF8.GetBytes(
            $"{{\"field\":{Quoted(field)},\"code\":{Quoted(name)},\"message\":{Quoted(message)},\"value\":");
    }

    // jsonb cannot hold U+0000.
    private static string Quoted(string? text) =>
        JsonSerializer.Serialize(text?.Replace('\0', '\uFFFD'), PipelineJson.Options);

    private void WriteValue(RecordError error)
    {
        if (error is { ValueLength: 0, Column: RecordError.WholeRecord })
        {
            rows.Write("null"u8);
            return;
        }

        WriteValue(chunk.Bytes.Span.Slice(error.ValueStart, error.ValueLength), error.Spelling);
    }

    private void WriteValue(ReadOnlySpan<byte> written, ValueSpelling spelling)
    {
        Span<byte> text = stackalloc byte[ErrorValue.BytesMax];
        text = text[..ErrorValue.Decode(written, spelling, _quote, text, out bool isCut)];
        rows.Write("\""u8);
        Span<byte> json = rows.GetSpan(text.Length * EscapeBytesMax);
        JavaScriptEncoder.UnsafeRelaxedJsonEscaping.EncodeUtf8(text, json, out _, out int length);
        rows.Advance(length);
        rows.Write(isCut ? "…\""u8 : "\""u8);
    }
}
