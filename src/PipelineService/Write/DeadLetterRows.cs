using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;
using PipelineService.Write.Rejects;

namespace PipelineService.Write;

/// <summary>
/// Rejected records of one chunk as rows of <c>pipeline.dead_letters</c> in the form of binary COPY, reasons written as
/// JSON from bytes to bytes. What a reason says but for the value is the same for all records of a chunk and is made
/// once.
/// </summary>
/// <param name="chunk">
/// The records and what became of them. The letters of its workspace take the rows; the caller clears them between batches.
/// </param>
internal sealed class DeadLetterRows(TransformedChunk chunk)
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

    private readonly RowBuffer _rows = chunk.Workspace.Letters;
    private readonly byte[] _jobId = chunk.Load.Plan.JobId.ToByteArray(bigEndian: true);
    private readonly CsvSyntax? _syntax = chunk.Load.Transform?.Syntax;
    private readonly Dictionary<(short Column, RecordErrorCode Code, JsonLineShape Line), byte[]> _reasons = [];
    private (RejectedRow Row, byte[] Reason, IReadOnlyList<short> Columns) _lastRefused;
    private (RecordErrorCode Code, FieldCounts Fields, byte[] Reason) _lastCounted;

    /// <summary>A record that a rule or its own form rejects.</summary>
    public void Add(Reject reject, ReadOnlySpan<RecordError> errors)
    {
        int reasons = Begin(reject.Record, reject.Line, reject.RawStart);
        foreach (RecordError error in errors)
        {
            _rows.Write(_rows.Length == reasons ? [JsonbVersion, (byte)'['] : ","u8);
            _rows.Write(ReasonOf(error, reject));
            WriteValue(error);
            _rows.Write("}"u8);
        }

        if (reject.ErrorsUntold > 0)
        {
            _rows.Write(","u8);
            _rows.Write(Reason(field: null, RecordErrorCode.MoreErrors, ErrorMessages.More(reject.ErrorsUntold)));
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
            string message = Excerpt.Cut(refused.Message, MessageLengthMax);
            _lastRefused = (refused, Reason(refused.Column, refused.Code, message), ColumnsOf(refused));
        }

        RowMark row = chunk.Workspace.Rows.Marks[refused.Index];
        int reasons = Begin(row.Record, row.Line, row.RawStart);
        _rows.Write([JsonbVersion, (byte)'[']);
        _rows.Write(_lastRefused.Reason);
        WriteValues(row, refused.Code, _lastRefused.Columns);
        _rows.Write("}"u8);
        End(reasons, row.RawStart, row.RawLength);
    }

    /// <summary>The columns to blame, as indexes into the rows': of a key, or the one that is named.</summary>
    private IReadOnlyList<short> ColumnsOf(RejectedRow refused)
    {
        ImmutableArray<ColumnPlan> columns = chunk.Load.Plan.Rows.Columns;
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
            WriteText(chunk.Load.Transform!.ErrorOf(chunk.Bytes.Span, row, columns[i], code, chunk.Workspace));
        }

        _rows.Write("\""u8);
    }

    private int Begin(long record, long line, int rawStart)
    {
        _rows.BeginRow(Columns);
        _rows.WriteBytesField(_jobId);
        _rows.WriteInt64Field(record);
        _rows.WriteInt64Field(line);
        _rows.WriteInt64Field(chunk.Extent.StartOffset + rawStart);
        return _rows.BeginField();
    }

    private void End(int reasons, int rawStart, int rawLength)
    {
        _rows.Write("]"u8);
        _rows.EndField(reasons);
        int kept = Math.Min(rawLength, chunk.Load.RawBytesMax);
        _rows.WriteBytesField(chunk.Bytes.Span.Slice(rawStart, kept));
        _rows.WriteBytesField([chunk.Extent.IsCut || kept < rawLength ? (byte)1 : (byte)0]);
        _rows.EndRow(record: 0, line: 0, rawStart, rawLength);
    }

    private byte[] ReasonOf(RecordError error, in Reject reject)
    {
        if (error.Fields.Found != error.Fields.Expected)
        {
            return ReasonOf(error.Code, error.Fields);
        }

        JsonLineShape line = error is { Column: RecordError.WholeRecord, Code: RecordErrorCode.MalformedJson }
            ? JsonLineShapes.Of(chunk.Bytes.Span.Slice(reject.RawStart, reject.RawLength))
            : default;
        if (_reasons.TryGetValue((error.Column, error.Code, line), out byte[]? reason))
        {
            return reason;
        }

        FieldDefinition? field =
            error.Column == RecordError.WholeRecord ? null : chunk.Load.Plan.Rows.Columns[error.Column].Field;
        string message = field is not null ? ErrorMessages.For(field, error.Code)
            : error.Code == RecordErrorCode.MalformedJson ? ErrorMessages.For(line)
            : error is { Code: RecordErrorCode.TooManyFields, ValueLength: > 0 } ? ErrorMessages.UnknownProperty
            : ErrorMessages.For(error.Code);
        reason = Reason(field?.Name, error.Code, message);
        _reasons.Add((error.Column, error.Code, line), reason);
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
            _rows.Write("null"u8);
            return;
        }

        _rows.Write("\""u8);
        WriteText(error);
        _rows.Write("\""u8);
    }

    private void WriteText(RecordError error)
    {
        Span<byte> text = stackalloc byte[ErrorValue.BytesMax];
        ReadOnlySpan<byte> written = chunk.Bytes.Span.Slice(error.ValueStart, error.ValueLength);
        text = text[..ErrorValue.Decode(written, error.Spelling, _syntax, text, out bool isCut)];
        Span<byte> json = _rows.GetSpan(text.Length * EscapeBytesMax);
        JavaScriptEncoder.UnsafeRelaxedJsonEscaping.EncodeUtf8(text, json, out _, out int length);
        _rows.Advance(length);
        _rows.Write(isCut ? "…"u8 : []);
    }
}
