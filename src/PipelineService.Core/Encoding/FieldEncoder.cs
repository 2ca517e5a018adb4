using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Encoding;

/// <summary>
/// Parses the values of one column, checks them against the column's constraints and writes them in PostgreSQL's binary
/// form. One sealed class per pair of field type and SQL type; immutable, shared by all workers; no allocation per value
/// for the scalar types.
/// </summary>
public abstract class FieldEncoder
{
    /// <summary>
    /// Takes a value in its written (lexical) form: a CSV field with quoting removed, or the text of a JSON string.
    /// Missing values have been dealt with before.
    /// </summary>
    /// <param name="text">The bytes as they came, not known to be valid UTF-8.</param>
    /// <param name="rows">Takes the length-prefixed value; untouched content does not matter when an error is returned,
    /// because the row is cancelled.</param>
    /// <returns><see cref="RecordErrorCode.None"/>, or why the value was refused.</returns>
    public abstract RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows);

    /// <summary>
    /// Takes a JSON value that is not a string and not null: a number, true, false, an object or an array.
    /// </summary>
    /// <param name="kind">Number, True, False, Object or Array.</param>
    /// <param name="json">The value's bytes as written: well-formed JSON, valid UTF-8.</param>
    /// <param name="rows">As for <see cref="Encode"/>.</param>
    public abstract RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows);

    /// <summary>Takes a value that was computed, of the kind that the field is in expressions; it is not null.</summary>
    /// <remarks>Where the encoder does not take such values as they are, by their text.</remarks>
    /// <param name="value">The value.</param>
    /// <param name="rows">As for <see cref="Encode"/>.</param>
    public virtual RecordErrorCode EncodeValue(in TypedValue value, RowBuffer rows)
    {
        if (value.Kind is TypedKind.Text or TypedKind.Json)
        {
            return Encode(value.Text.Span, rows);
        }

        Span<byte> text = stackalloc byte[TypedText.BytesMax];
        return Encode(text[..TypedText.Write(value, text)], rows);
    }

    /// <summary>Takes a value of a packed record that has a binary form, and is not null: as if its text had been sent.</summary>
    /// <param name="written">Begins with its tag.</param>
    /// <param name="rows">As for <see cref="Encode"/>.</param>
    internal virtual RecordErrorCode EncodePacked(ReadOnlySpan<byte> written, RowBuffer rows) => (PackedTag)written[0] switch
    {
        PackedTag.False => EncodeJson(ValueKind.False, "false"u8, rows),
        PackedTag.True => EncodeJson(ValueKind.True, "true"u8, rows),
        PackedTag.Decimal => EncodeDigits(written, rows),
        _ => EncodeValue(PackedValue.ValueOf(written), rows),
    };

    /// <summary>A number that a packed record has with its digits: as if it were written with all of them.</summary>
    private RecordErrorCode EncodeDigits(ReadOnlySpan<byte> written, RowBuffer rows)
    {
        Span<byte> text = stackalloc byte[PackedValue.TextBytesMax];
        return EncodeJson(ValueKind.Number, text[..PackedValue.WriteText(written, text)], rows);
    }
}
