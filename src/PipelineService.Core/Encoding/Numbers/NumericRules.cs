using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Numbers;

/// <summary>
/// Bounds and allowed values of a numeric column, kept and compared in binary form: exact at any length, without a decimal
/// type that is too short.
/// </summary>
internal sealed class NumericRules
{
    private readonly byte[]? _minimum;
    private readonly byte[]? _maximum;
    private readonly byte[][] _members;

    private NumericRules(byte[]? minimum, byte[]? maximum, byte[][] members)
    {
        _minimum = minimum;
        _maximum = maximum;
        _members = members;
    }

    /// <summary>The rules of a field, or null when it has none.</summary>
    /// <param name="field">The field.</param>
    /// <param name="encoder">Its encoder, which has no rules yet: it encodes the bounds.</param>
    public static NumericRules? Compile(FieldDefinition field, NumericEncoder encoder)
    {
        FieldConstraints constraints = field.Constraints;
        byte[]? minimum = constraints.Minimum is string low ? Encode(field, "minimum", low, encoder) : null;
        byte[]? maximum = constraints.Maximum is string high ? Encode(field, "maximum", high, encoder) : null;
        byte[][] members = [.. constraints.Enum.Select(member => Encode(field, "enum", member, encoder))];
        if (minimum is not null && maximum is not null && NumericBinary.Compare(minimum, maximum) > 0)
        {
            throw new FieldFaultException("minimum is greater than maximum.");
        }

        return minimum is null && maximum is null && members.Length == 0 ? null : new(minimum, maximum, members);
    }

    public RecordErrorCode Check(ReadOnlySpan<byte> value)
    {
        bool isNaN = NumericBinary.IsNaN(value);
        if (_minimum is not null && (isNaN || NumericBinary.Compare(value, _minimum) < 0))
        {
            return RecordErrorCode.Minimum;
        }

        if (_maximum is not null && (isNaN || NumericBinary.Compare(value, _maximum) > 0))
        {
            return RecordErrorCode.Maximum;
        }

        return _members.Length == 0 || IsMember(value, isNaN) ? RecordErrorCode.None : RecordErrorCode.Enum;
    }

    private bool IsMember(ReadOnlySpan<byte> value, bool isNaN)
    {
        foreach (byte[] member in _members)
        {
            if (NumericBinary.IsNaN(member) == isNaN && (isNaN || NumericBinary.Compare(value, member) == 0))
            {
                return true;
            }
        }

        return false;
    }

    private static byte[] Encode(FieldDefinition field, string constraint, string text, NumericEncoder encoder)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
        var rows = new RowBuffer(initialBytes: 0);
        int start = rows.Length;
        RecordErrorCode code = encoder.Encode(bytes, rows);
        if (code != RecordErrorCode.None)
        {
            code = encoder.Encode(BoundText.DigitsOf(bytes), rows);
        }

        byte[] value = code == RecordErrorCode.None ? rows.Written(start)[sizeof(int)..].ToArray() : [];
        return value.Length == 0 || (constraint != "enum" && NumericBinary.IsNaN(value))
            ? throw BoundText.Fault(field, constraint, text)
            : value;
    }
}
