using System.Buffers;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Encoding.Numbers;

/// <summary>
/// Brings numbers to the plain form before their encoder sees them, so that the encoders know one form only. JSON numbers
/// are plain by their grammar and go straight through.
/// </summary>
internal sealed class FormattedNumberEncoder(NumberFormat format, FieldEncoder plain, SqlTypeName column) : FieldEncoder
{
    private const int StackBytes = 256;

    public override RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        byte[]? rented = text.Length > StackBytes ? ArrayPool<byte>.Shared.Rent(text.Length) : null;
        Span<byte> buffer = rented ?? stackalloc byte[StackBytes];
        RecordErrorCode code = format.Normalize(text, buffer, out int length);
        if (code == RecordErrorCode.None)
        {
            int start = rows.Length;
            code = plain.Encode(buffer[..length], rows);
            if (code == RecordErrorCode.None && column == SqlTypeName.Text)
            {
                // A text column keeps what was written, marks included.
                rows.Truncate(start);
                rows.WriteBytesField(text);
            }
        }

        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return code;
    }

    public override RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows) =>
        plain.EncodeJson(kind, json, rows);

    public override RecordErrorCode EncodeValue(in TypedValue value, RowBuffer rows) => plain.EncodeValue(value, rows);
}
