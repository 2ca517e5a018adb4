using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding.Text;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Json;

/// <summary>
/// Arrays in array columns, which PostgreSQL reads from its own literal. Text is that literal as it is, or a JSON array; a
/// JSON array is written as the literal that means it. No text is both: what begins as JSON and is none, such as the bounds
/// in <c>[0:1]={a,b}</c>, is a literal.
/// </summary>
/// <remarks>A field of any type takes the same arrays, but no text of it is looked at for JSON.</remarks>
internal sealed class ArrayEncoder : FieldEncoder
{
    private readonly bool _isAny;
    private readonly bool _holdsJson;
    private readonly int _countMin;
    private readonly int _countMax;
    private readonly bool _isCounted;
    private readonly TextRules? _rules;

    public ArrayEncoder(FieldDefinition field)
    {
        _isAny = field.Type == FieldType.Any;
        _holdsJson = field.ColumnType.IsArrayOfJson;
        _countMin = field.Constraints.MinLength ?? 0;
        _countMax = field.Constraints.MaxLength ?? int.MaxValue;
        _isCounted = _countMin > 0 || _countMax < int.MaxValue;
        _rules = _isAny ? new TextRules(field) : null;
    }

    public override RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        RecordErrorCode code = _isAny ? RecordErrorCode.TypeMismatch : EncodeArray(text, rows);
        return code == RecordErrorCode.TypeMismatch ? EncodeLiteral(text, rows) : code;
    }

    public override RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows) =>
        kind == ValueKind.Array ? EncodeArray(json, rows)
        : _isAny ? EncodeLiteral(json, rows)
        : RecordErrorCode.TypeMismatch;

    /// <returns><see cref="RecordErrorCode.TypeMismatch"/> for what is no JSON array.</returns>
    private RecordErrorCode EncodeArray(ReadOnlySpan<byte> json, RowBuffer rows)
    {
        if (JsonScanner.FirstByte(json) != '[')
        {
            return RecordErrorCode.TypeMismatch;
        }

        RecordErrorCode code = JsonScanner.Scan(json, out int count);
        if (code == RecordErrorCode.None)
        {
            code = _rules is null ? Check(count) : _rules.Check(json);
        }

        if (code == RecordErrorCode.None)
        {
            ArrayLiteral.WriteField(json, _holdsJson, rows);
        }

        return code;
    }

    private RecordErrorCode EncodeLiteral(ReadOnlySpan<byte> literal, RowBuffer rows)
    {
        RecordErrorCode code = _rules is null ? TextRules.CheckStorable(literal) : _rules.Check(literal);
        if (code == RecordErrorCode.None && _isCounted)
        {
            code = Check(ArrayLiteral.CountElements(literal));
        }

        if (code == RecordErrorCode.None)
        {
            rows.WriteBytesField(literal);
        }

        return code;
    }

    private RecordErrorCode Check(int count) =>
        count < _countMin ? RecordErrorCode.MinLength
        : count > _countMax ? RecordErrorCode.MaxLength
        : RecordErrorCode.None;
}
