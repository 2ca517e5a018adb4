using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

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
}
