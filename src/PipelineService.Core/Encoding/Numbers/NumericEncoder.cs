using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing;
using PipelineService.Core.Parsing.Packed;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Encoding.Numbers;

/// <summary>
/// Numbers and integers in numeric columns: the stored value is the written one, display scale included, as numeric_in of
/// PostgreSQL would store it. <c>numeric(p,s)</c> refuses what it would have to round.
/// </summary>
internal sealed class NumericEncoder : FieldEncoder
{
    private readonly bool _isInteger;
    private readonly bool _isConstrained;
    private readonly int _scale;
    private readonly int _integerDigitsMax;
    private readonly ulong[] _digitsEnd;
    private readonly NumericRules? _rules;

    /// <param name="field">The field, with plain numbers (see <see cref="NumberFormat"/>).</param>
    /// <param name="column">A numeric type, with or without precision.</param>
    /// <param name="isInteger">Whether the lexical form is that of integers: no point, no exponent.</param>
    public NumericEncoder(FieldDefinition field, SqlType column, bool isInteger)
    {
        _isInteger = isInteger;
        _isConstrained = column.Precision is not null;
        _scale = column.Scale;
        _integerDigitsMax = column.Precision is int precision ? precision - column.Scale : NumericBinary.FirstWeightMax + 1;
        _digitsEnd =
        [
            .. Enumerable.Range(0, ShortDecimal.DigitsMax + 1)
                .Select(scale => (ulong)Math.Pow(10, Math.Min(_integerDigitsMax + scale, ShortDecimal.DigitsMax))),
        ];
        _rules = NumericRules.Compile(field, this);
    }

    public override RecordErrorCode Encode(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        int start = rows.Length;
        RecordErrorCode code = WriteShort(text, rows) ? RecordErrorCode.None : WriteAny(text, rows);
        return code == RecordErrorCode.None && _rules is not null ? Check(start, rows) : code;
    }

    public override RecordErrorCode EncodeJson(ValueKind kind, ReadOnlySpan<byte> json, RowBuffer rows) =>
        kind == ValueKind.Number ? Encode(json, rows) : RecordErrorCode.TypeMismatch;

    /// <remarks>
    /// A computed number is rounded to the scale of the column, as PostgreSQL does it when a row is inserted: a quotient has digits that
    /// nobody has written.
    /// </remarks>
    public override RecordErrorCode EncodeValue(in TypedValue value, RowBuffer rows)
    {
        if (value.Kind != TypedKind.Number)
        {
            return base.EncodeValue(value, rows);
        }

        decimal number = _isConstrained && value.Number.Scale > _scale
            ? Math.Round(value.Number, _scale, MidpointRounding.AwayFromZero)
            : value.Number;
        if (_isInteger)
        {
            decimal whole = decimal.Truncate(number);
            if (whole != number)
            {
                return RecordErrorCode.TypeMismatch;
            }

            number = whole;
        }

        int start = rows.Length;
        if (!WriteShort(number, rows))
        {
            Span<byte> text = stackalloc byte[TypedText.BytesMax];
            number.TryFormat(text, out int length, default, CultureInfo.InvariantCulture);
            return Encode(text[..length], rows);
        }

        return _rules is null ? RecordErrorCode.None : Check(start, rows);
    }

    internal override RecordErrorCode EncodePacked(ReadOnlySpan<byte> written, RowBuffer rows)
    {
        if (written[0] != (byte)PackedTag.Decimal)
        {
            return base.EncodePacked(written, rows);
        }

        (long digits, int scale) = PackedValue.DecimalOf(written);
        int start = rows.Length;
        return !WriteShort(new ShortDecimal(digits < 0, digits < 0 ? (ulong)-digits : (ulong)digits, scale), rows) ? base.EncodePacked(written, rows)
            : _rules is null ? RecordErrorCode.None
            : Check(start, rows);
    }

    /// <summary>The usual case, as of texts.</summary>
    private bool WriteShort(ShortDecimal number, RowBuffer rows) =>
        number.Digits < ShortDecimal.DigitsEnd && number.Scale <= (_isInteger ? 0 : ShortDecimal.DigitsMax)
        && (!_isConstrained || (number.Scale <= _scale && number.Digits < _digitsEnd[number.Scale]))
        && NumericBinary.TryWriteShort(number, _isConstrained ? _scale : number.Scale, rows);

    /// <summary>The usual case, as of texts.</summary>
    private bool WriteShort(decimal number, RowBuffer rows)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(number, bits);
        ulong digits = ((ulong)(uint)bits[1] << 32) | (uint)bits[0];
        int scale = number.Scale;
        if (bits[2] != 0 || digits >= ShortDecimal.DigitsEnd
            || (_isConstrained && (scale > _scale || scale > ShortDecimal.DigitsMax || digits >= _digitsEnd[scale])))
        {
            return false;
        }

        return NumericBinary.TryWriteShort(
            new ShortDecimal(decimal.IsNegative(number), digits, scale), _isConstrained ? _scale : scale, rows);
    }

    private RecordErrorCode Check(int start, RowBuffer rows) => _rules!.Check(rows.Written(start)[sizeof(int)..]);

    /// <summary>
    /// The usual case: few digits, no exponent, nothing to refuse. False leaves the value to <see cref="WriteAny"/>, which
    /// decides about everything.
    /// </summary>
    private bool WriteShort(ReadOnlySpan<byte> text, RowBuffer rows) =>
        ShortDecimal.TryParse(text, out ShortDecimal number)
        && (!_isConstrained || (number.Scale <= _scale && number.Digits < _digitsEnd[number.Scale]))
        && !(_isInteger && text.Contains((byte)'.'))
        && NumericBinary.TryWriteShort(number, _isConstrained ? _scale : number.Scale, rows);

    private RecordErrorCode WriteAny(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        if (!DecimalText.TryParse(text, out DecimalText number))
        {
            return _isInteger ? RecordErrorCode.TypeMismatch : WriteSpecial(text, rows);
        }

        if (_isInteger && text.ContainsAny((byte)'.', (byte)'e', (byte)'E'))
        {
            return RecordErrorCode.TypeMismatch;
        }

        long scale = _isConstrained ? _scale : number.Scale;
        if (!number.HasNumericExponent || scale > NumericBinary.ScaleMax || number.LastWeight < -scale
            || (!number.IsZero && number.FirstWeight >= _integerDigitsMax))
        {
            return RecordErrorCode.OutOfRange;
        }

        NumericBinary.Write(number, (int)scale, rows);
        return RecordErrorCode.None;
    }

    private RecordErrorCode WriteSpecial(ReadOnlySpan<byte> text, RowBuffer rows)
    {
        SpecialNumber special = SpecialNumbers.KindOf(text);
        if (special == SpecialNumber.None)
        {
            return RecordErrorCode.TypeMismatch;
        }

        // numeric(p,s) holds NaN but no infinity.
        if (_isConstrained && special != SpecialNumber.NaN)
        {
            return RecordErrorCode.OutOfRange;
        }

        NumericBinary.Write(special, rows);
        return RecordErrorCode.None;
    }
}
