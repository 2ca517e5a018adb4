using System.Runtime.CompilerServices;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

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

    public override RecordErrorCode EncodeValue(in TypedValue value, RowBuffer rows) =>
        value.Kind == TypedKind.Text ? Encode(value.Text.Span, rows)
        : TryNarrow(value, out TValue scalar) ? CheckAndWrite(scalar, rows)
        : RecordErrorCode.OutOfRange;

    internal override RecordErrorCode EncodePacked(ReadOnlySpan<byte> written, RowBuffer rows) =>
        TryReadPacked(written, out TValue value) ? CheckAndWrite(value, rows) : base.EncodePacked(written, rows);

    /// <summary>The usual case, decided without a look at what else a value may be: one that is in the form of the column.</summary>
    private static bool TryReadPacked(ReadOnlySpan<byte> written, out TValue value)
    {
        value = default;
        var tag = (PackedTag)written[0];
        if (typeof(TValue) == typeof(bool))
        {
            value = Unsafe.BitCast<bool, TValue>(tag == PackedTag.True);
            return tag is PackedTag.True or PackedTag.False;
        }

        if (typeof(TValue) == typeof(double) && tag == PackedTag.Float)
        {
            double number = PackedValue.FloatOf(written);
            value = Unsafe.BitCast<double, TValue>(number);
            return double.IsFinite(number);
        }

        if (typeof(TValue) == typeof(int) && tag == PackedTag.Date)
        {
            value = Unsafe.BitCast<int, TValue>(PackedValue.DayOf(written));
            return true;
        }

        if (tag is not (PackedTag.Integer or PackedTag.LocalDateTime or PackedTag.Instant))
        {
            return false;
        }

        long word = PackedValue.WordOf(written);
        if (typeof(TValue) == typeof(long))
        {
            value = Unsafe.BitCast<long, TValue>(word);
            return true;
        }

        if (typeof(TValue) == typeof(int))
        {
            value = Unsafe.BitCast<int, TValue>((int)word);
            return (int)word == word;
        }

        if (typeof(TValue) == typeof(short))
        {
            value = Unsafe.BitCast<short, TValue>((short)word);
            return (short)word == word;
        }

        return false;
    }

    /// <summary>The value in the width of the column; what is stored as floating point is rounded, all else is exact.</summary>
    private static bool TryNarrow(in TypedValue value, out TValue scalar)
    {
        scalar = default;
        if (typeof(TValue) == typeof(double) || typeof(TValue) == typeof(float))
        {
            // PostgreSQL's NaN has no sign bit, that of .NET has.
            double number = double.IsNaN(value.Float) ? double.Abs(double.NaN) : value.Float;
            float single = (float)number;
            scalar = typeof(TValue) == typeof(double)
                ? Unsafe.BitCast<double, TValue>(number)
                : Unsafe.BitCast<float, TValue>(single);
            return typeof(TValue) == typeof(double)
                || (float.IsInfinity(single) == double.IsInfinity(number) && (single == 0) == (number == 0));
        }

        long word = value.Word;
        if (typeof(TValue) == typeof(long))
        {
            scalar = Unsafe.BitCast<long, TValue>(word);
            return true;
        }

        if (typeof(TValue) == typeof(int))
        {
            scalar = Unsafe.BitCast<int, TValue>((int)word);
            return (int)word == word;
        }

        if (typeof(TValue) == typeof(short))
        {
            scalar = Unsafe.BitCast<short, TValue>((short)word);
            return (short)word == word;
        }

        if (typeof(TValue) == typeof(bool))
        {
            scalar = Unsafe.BitCast<bool, TValue>(word != 0);
            return true;
        }

        throw new InvalidOperationException($"{value.Kind} is no {typeof(TValue)}.");
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
