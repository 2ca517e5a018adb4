using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Text;

/// <summary>Strings in text and varchar columns: the bytes as they are.</summary>
internal sealed class TextEncoder(FieldDefinition field, int? columnLength) : FieldEncoder
{
    private readonly TextRules _rules = new(field, columnLength);
    private readonly StringFormat _format = StringFormats.Of(field);

    public override RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        RecordErrorCode code = _rules.Check(text);
        if (code == RecordErrorCode.None && _format != StringFormat.Any)
        {
            code = StringFormats.Check(_format, text);
        }

        if (code == RecordErrorCode.None)
        {
            rows.WriteBytesField(text);
        }

        return code;
    }

    public override RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows) =>
        RecordErrorCode.TypeMismatch;
}

/// <summary>Values of any type in a text column: text as it is, every other JSON value as its JSON.</summary>
internal sealed class AnyEncoder(FieldDefinition field) : FieldEncoder
{
    private readonly TextRules _rules = new(field);

    public override RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        RecordErrorCode code = _rules.Check(text);
        if (code == RecordErrorCode.None)
        {
            rows.WriteBytesField(text);
        }

        return code;
    }

    public override RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows) =>
        Encode(json, rows);
}

/// <summary>Strings in uuid columns. Binary form: the 16 bytes in the order of the text.</summary>
internal sealed class UuidEncoder(FieldDefinition field) : FieldEncoder
{
    private readonly TextRules _rules = new(field);
    private readonly RecordErrorCode _refusal =
        field.Format == FieldFormats.Uuid ? RecordErrorCode.Format : RecordErrorCode.TypeMismatch;

    public override RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        RecordErrorCode code = _rules.Check(text);
        if (code != RecordErrorCode.None)
        {
            return code;
        }

        Span<byte> value = stackalloc byte[UuidText.ValueBytes];
        if (!UuidText.TryParse(text, value))
        {
            return _refusal;
        }

        rows.WriteBytesField(value);
        return RecordErrorCode.None;
    }

    public override RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows) =>
        RecordErrorCode.TypeMismatch;
}

/// <summary>
/// Strings of base64 in bytea columns: the bytes that they mean. Constraints are held against the text, as the reference
/// implementation does, so that they mean the same in a text column.
/// </summary>
internal sealed class Base64Encoder(FieldDefinition field) : FieldEncoder
{
    private readonly TextRules _rules = new(field);

    public override RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        RecordErrorCode code = _rules.Check(text);
        if (code != RecordErrorCode.None)
        {
            return code;
        }

        int start = rows.BeginField();
        if (!Base64Text.TryDecode(text, rows.GetSpan(Base64Text.BytesMaxOf(text)), out int length))
        {
            return RecordErrorCode.Format;
        }

        rows.Advance(length);
        rows.EndField(start);
        return RecordErrorCode.None;
    }

    public override RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows) =>
        RecordErrorCode.TypeMismatch;
}
