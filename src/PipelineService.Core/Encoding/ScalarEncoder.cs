using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding;

/// <summary>
/// How values of a fixed-size SQL type are written in the data and in COPY. Implemented by structs, so that
/// <see cref="ScalarEncoder{TValue, TFormat}"/> is compiled once per type with the parser inlined.
/// </summary>
internal interface IScalarFormat<TValue>
    where TValue : struct
{
    /// <summary>Reads the lexical form.</summary>
    RecordErrorCode Parse(ReadOnlySpan<byte> text, out TValue value);

    /// <summary>Reads a JSON value that is neither a string nor null.</summary>
    RecordErrorCode ParseJson(ValueKind kind, ReadOnlySpan<byte> json, out TValue value);

    /// <summary>Writes the length-prefixed binary value.</summary>
    static abstract void Write(TValue value, RowBuffer rows);
}

/// <summary>Encodes one scalar type: parse, bounds and members, write.</summary>
internal sealed class ScalarEncoder<TValue, TFormat> : FieldEncoder
    where TValue : struct, IComparable<TValue>, IEquatable<TValue>
    where TFormat : struct, IScalarFormat<TValue>
{
    private readonly TFormat _format;
    private readonly ValueRules<TValue>? _rules;

    public ScalarEncoder(FieldDefinition field, TFormat format)
    {
        _format = format;
        _rules = ValueRules<TValue>.Compile(field, format);
    }

    public override RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        RecordErrorCode code = _format.Parse(text, out TValue value);
        return code == RecordErrorCode.None ? CheckAndWrite(value, rows) : code;
    }

    public override RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows)
    {
        RecordErrorCode code = _format.ParseJson(kind, json, out TValue value);
        return code == RecordErrorCode.None ? CheckAndWrite(value, rows) : code;
    }

    private RecordErrorCode CheckAndWrite(TValue value, RowBuffer rows)
    {
        RecordErrorCode code = _rules is null ? RecordErrorCode.None : _rules.Check(value);
        if (code == RecordErrorCode.None)
        {
            TFormat.Write(value, rows);
        }

        return code;
    }
}
