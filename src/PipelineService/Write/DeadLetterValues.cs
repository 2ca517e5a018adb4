using System.Collections.Immutable;
using System.Text;
using System.Text.Encodings.Web;
using PipelineService.Core.Encoding;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Charsets;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rejects;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;

namespace PipelineService.Write;

/// <summary>
/// What a dead letter shows of the data: the record, the value at fault, what an expression was given. Personal data is not shown: each
/// value of such a field is a mark, and of a record that cannot be read, where nobody knows what is what, nothing is shown.
/// </summary>
internal sealed class DeadLetterValues(TransformedChunk chunk)
{
    /// <summary>The longest escape of a byte, <c>\u0000</c>.</summary>
    private const int EscapeBytesMax = 6;

    private readonly RowPlan _plan = chunk.Load.Plan.Rows;
    private readonly ImmutableArray<int> _hidden = chunk.Load.Plan.Rows.Hidden;
    private readonly RowBuffer _rows = chunk.Workspace.Letters;
    private readonly CsvSyntax? _syntax = chunk.Load.Transform?.Syntax;
    private readonly SentRecord _sent = new(chunk.Load.Transform!);
    private readonly Dictionary<int, byte[][]> _namesOfInputs = [];
    private byte[] _composed = [];
    private int _rawStart;
    private int _rawLength;
    private bool _isComposed;
    private bool _isCut;
    private bool _isRead;

    /// <summary>Of an item of a document, that document; else the default.</summary>
    public JsonDocumentPlace Document { get; private set; }

    /// <summary>
    /// The record as it can be sent again: as it was sent or, of an item, in its document without the other items; where it is no text, as
    /// one.
    /// </summary>
    private ReadOnlySpan<byte> Record =>
        _isComposed ? _composed.AsSpan(0, _rawLength) : chunk.Bytes.Span.Slice(_rawStart, _rawLength);

    /// <summary>Looks at the record of the next letter.</summary>
    /// <param name="rawStart">Where it starts in the chunk.</param>
    /// <param name="rawLength">Its bytes.</param>
    /// <param name="isComputed">Whether an expression is to be told of.</param>
    public void Begin(int rawStart, int rawLength, bool isComputed)
    {
        (_rawStart, _rawLength) = (rawStart, rawLength);
        bool isFound = chunk.Workspace.Values.Documents.TryFind(rawStart, out JsonDocumentPlace document);
        _isComposed = isFound && !chunk.Extent.IsOversizedRecord;
        Document = _isComposed ? document : default;
        _isCut = _isComposed && !JsonDocumentItems.Compose(
            chunk.Bytes.Span, document, rawStart, rawLength, ref _composed, out _rawLength);
        if (chunk.Load.Transform?.TextOf(chunk.Bytes.Span.Slice(rawStart, rawLength)) is { } text)
        {
            (_composed, _rawLength, _isComposed) = (text, text.Length, true);
        }

        _isRead = (isComputed || !_hidden.IsEmpty) && !_plan.HidesRest && !_isCut
            && !chunk.Extent.IsOversizedRecord && _sent.Read(Record);
    }

    /// <summary>The value at fault, or null.</summary>
    public void WriteValue(in RecordError error)
    {
        bool isWhole = error.Column == RecordError.WholeRecord;
        if (error.ValueLength == 0 && (isWhole || error.Op is not null))
        {
            _rows.Write("null"u8);
            return;
        }

        _rows.Write("\""u8);
        WriteText(error);
        _rows.Write("\""u8);
    }

    /// <summary>The text at fault, as JSON without quotes.</summary>
    public void WriteText(in RecordError error)
    {
        bool isHidden = !_hidden.IsEmpty && error.ValueLength > 0
            && (!_isRead || error.Column == RecordError.WholeRecord || _hidden.Contains(_plan.Columns[error.Column].Index));
        Write(chunk.Bytes.Span.Slice(error.ValueStart, error.ValueLength), error.Spelling, isHidden);
    }

    /// <summary>What was sent for the fields behind an expression, behind the value: <c>,"inputs":{…}</c>.</summary>
    /// <param name="op">0-based index of the op.</param>
    public void WriteInputs(int op)
    {
        ImmutableArray<int> fields = _plan.Steps[op].Inputs;
        if (fields.IsEmpty || !_isRead)
        {
            return;
        }

        byte[][] names = NamesOf(op, fields);
        _rows.Write(",\"inputs\":{"u8);
        for (int i = 0; i < fields.Length; i++)
        {
            _rows.Write(names[i]);
            RecordValue value = _sent.ValueOf(fields[i]);
            if (value.IsMissing)
            {
                _rows.Write("null"u8);
                continue;
            }

            _rows.Write("\""u8);
            Write(Record.Slice(value.Start, value.Length), value.Spelling, _hidden.Contains(fields[i]));
            _rows.Write("\""u8);
        }

        _rows.Write("}"u8);
    }

    /// <summary>How an answer begins that the op could not use, behind the inputs: <c>,"answer":"…"</c>.</summary>
    /// <param name="op">0-based index of the op.</param>
    /// <param name="answer">Null: nothing is told.</param>
    public void WriteAnswer(int op, string? answer)
    {
        if (answer is null)
        {
            return;
        }

        // It may repeat what was asked, and holds what the op sets.
        bool isHidden = _plan.Steps[op].Inputs.Concat(_plan.Steps[op].Gives).Any(_hidden.Contains);
        _rows.Write(",\"answer\":"u8);
        _rows.Write(Encoding.UTF8.GetBytes(DeadLetterReasons.Quoted(isHidden ? Encoding.UTF8.GetString(HiddenMark.Text) : answer)));
    }

    /// <summary>The record as a field of the row, as far as it is kept, and whether that is not all of it as another.</summary>
    public void WriteRaw()
    {
        ReadOnlySpan<byte> record = Record;
        int field = _rows.BeginField();
        bool isCut = chunk.Extent.IsCut | _isCut;
        if (_hidden.IsEmpty)
        {
            isCut |= !TryAppend(record, field);
        }
        else
        {
            isCut |= !_isRead || !TryAppendMasked(record, field);
        }

        if (!isCut && chunk.Load.Transform is { ItemNames.IsEmpty: false } transform)
        {
            isCut = !TryNameItems(field, transform.ItemNames);
        }

        _rows.EndField(field);
        _rows.WriteBytesField([isCut ? (byte)1 : (byte)0]);
    }

    /// <summary>
    /// Of a file that is converted, the record as the object that can be sent again as NDJSON. One that cannot be read stays as it was
    /// made.
    /// </summary>
    private bool TryNameItems(int field, ImmutableArray<byte[]> names)
    {
        if (JsonArrayRecordReader.ToObject(_rows.Written(field), names) is not { } named)
        {
            return true;
        }

        _rows.Truncate(field);
        return TryAppend(named, field);
    }

    private bool TryAppendMasked(ReadOnlySpan<byte> record, int field)
    {
        ReadOnlySpan<byte> mark = _syntax is null ? HiddenMark.Text : HiddenMark.In(_syntax);
        int written = 0;
        foreach (RecordValue value in _sent.ValuesOf(_hidden))
        {
            ReadOnlySpan<byte> quote = value.Kind == ValueKind.Text ? [] : "\""u8;
            if (!TryAppend(record[written..value.Start], field) || !TryAppend(quote, field) || !TryAppend(mark, field)
                || !TryAppend(quote, field))
            {
                return false;
            }

            written = value.Start + value.Length;
        }

        return TryAppend(record[written..], field);
    }

    /// <returns>False when it is more than is kept: then its beginning is.</returns>
    private bool TryAppend(ReadOnlySpan<byte> bytes, int field)
    {
        if (chunk.Load.Transform?.Text is { } text && WrongBytes.Find(bytes) >= 0)
        {
            byte[] asSent = new byte[bytes.Length];
            bytes = asSent.AsSpan(0, WrongBytes.Undo(bytes, text.Encoding.IsUtf16, asSent));
        }

        int room = chunk.Load.RawBytesMax - (_rows.Length - field);
        _rows.Write(bytes[..Math.Min(bytes.Length, room)]);
        return bytes.Length <= room;
    }

    private byte[][] NamesOf(int op, ImmutableArray<int> fields)
    {
        if (!_namesOfInputs.TryGetValue(op, out byte[][]? names))
        {
            ImmutableArray<Core.Datasets.FieldDefinition> declared = _plan.Definition.Schema.Fields;
            names =
            [
                .. fields.Select((field, i) =>
                    Encoding.UTF8.GetBytes($"{(i == 0 ? "" : ",")}{DeadLetterReasons.Quoted(declared[field].Name)}:")),
            ];
            _namesOfInputs.Add(op, names);
        }

        return names;
    }

    private void Write(ReadOnlySpan<byte> written, ValueSpelling spelling, bool isHidden)
    {
        if (isHidden)
        {
            _rows.Write(HiddenMark.Text);
            return;
        }

        Span<byte> text = stackalloc byte[ErrorValue.BytesMax];
        text = text[..ErrorValue.Decode(written, spelling, _syntax, text, out bool isCut)];
        Span<byte> json = _rows.GetSpan(text.Length * EscapeBytesMax);
        JavaScriptEncoder.UnsafeRelaxedJsonEscaping.EncodeUtf8(text, json, out _, out int length);
        _rows.Advance(length);
        _rows.Write(isCut ? "…"u8 : []);
    }
}
