using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Text;

/// <summary>Strings in text and varchar columns: the bytes as they are.</summary>
internal sealed class TextEncoder(FieldDefinition field, int? columnLength) : FieldEncoder
{
    private readonly TextRules _rules = new(field, columnLength);

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

/// <summary>
/// Strings in uuid columns: 8-4-4-4-12 hexadecimal digits of either case (RFC 9562, section 4). Binary form: the 16 bytes in
/// the order of the text.
/// </summary>
/// <remarks>Not Guid.TryParse: that one also takes braces, blanks and signs.</remarks>
internal sealed class UuidEncoder(FieldDefinition field) : FieldEncoder
{
    private const int TextBytes = 36;
    private const int HexBytes = 32;
    private const int ValueBytes = 16;

    private readonly TextRules _rules = new(field);

    public override RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        RecordErrorCode code = _rules.Check(text);
        if (code != RecordErrorCode.None)
        {
            return code;
        }

        if (text.Length != TextBytes || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
        {
            return RecordErrorCode.TypeMismatch;
        }

        Span<byte> hex = stackalloc byte[HexBytes];
        text[..8].CopyTo(hex);
        text[9..13].CopyTo(hex[8..]);
        text[14..18].CopyTo(hex[12..]);
        text[19..23].CopyTo(hex[16..]);
        text[24..].CopyTo(hex[20..]);

        Span<byte> value = stackalloc byte[ValueBytes];
        if (Convert.FromHexString(hex, value, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return RecordErrorCode.TypeMismatch;
        }

        rows.WriteBytesField(value);
        return RecordErrorCode.None;
    }

    public override RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows) =>
        RecordErrorCode.TypeMismatch;
}
