using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Encoding.Text;

/// <summary>
/// A typed field in a text column: stored as written once the encoder of its type has found it to be a value. That
/// encoder's own output is dropped again, which costs some time but leaves one parser per type.
/// </summary>
internal sealed class WrittenTextEncoder(FieldEncoder check) : FieldEncoder
{
    public override RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        int start = rows.Length;
        RecordErrorCode code = check.Encode(text, rows);
        return code == RecordErrorCode.None ? Replace(start, text, rows) : code;
    }

    public override RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows)
    {
        int start = rows.Length;
        RecordErrorCode code = check.EncodeJson(kind, json, rows);
        return code == RecordErrorCode.None ? Replace(start, json, rows) : code;
    }

    public override RecordErrorCode EncodeValue(in TypedValue value, RowBuffer rows)
    {
        int start = rows.Length;
        RecordErrorCode code = check.EncodeValue(value, rows);
        if (code != RecordErrorCode.None || value.Kind is TypedKind.Text or TypedKind.Json)
        {
            return code == RecordErrorCode.None ? Replace(start, value.Text.Span, rows) : code;
        }

        Span<byte> text = stackalloc byte[TypedText.BytesMax];
        return Replace(start, text[..TypedText.Write(value, text)], rows);
    }

    private static RecordErrorCode Replace(int start, ReadOnlySpan<byte> text, RowBuffer rows)
    {
        rows.Truncate(start);
        return TextRules.WriteChecked(text, rows);
    }
}
