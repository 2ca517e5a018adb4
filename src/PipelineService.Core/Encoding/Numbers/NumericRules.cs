using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding.Numbers;

/// <summary>
/// Bounds and allowed values of a numeric column, kept and compared in binary form: exact at any length, without a decimal
/// type that is too short.
/// </summary>
internal sealed class NumericRules
{
    private readonly ValueBounds<byte[]> _bounds;
    private readonly byte[][] _members;

    private NumericRules(ValueBounds<byte[]> bounds, byte[][] members)
    {
        _bounds = bounds;
        _members = members;
    }

    /// <summary>The rules of a field, or null when it has none.</summary>
    /// <param name="field">The field.</param>
    /// <param name="encoder">Its encoder, which has no rules yet: it encodes the bounds.</param>
    public static NumericRules? Compile(FieldDefinition field, NumericEncoder encoder)
    {
        byte[][] members = [.. field.Members.Select(member => Encode(field, "enum", member, encoder))];
        var bounds = ValueBounds<byte[]>.Compile(
            field.Constraints,
            (constraint, text) => Encode(field, constraint, text, encoder),
            (one, other) => NumericBinary.Compare(one, other));
        return bounds.IsEmpty && members.Length == 0 ? null : new(bounds, members);
    }

    public RecordErrorCode Check(ReadOnlySpan<byte> value)
    {
        bool isNaN = NumericBinary.IsNaN(value);
        if (_bounds.Least is { } least && (isNaN || NumericBinary.Compare(value, least.Value) < (least.IsExclusive ? 1 : 0)))
        {
            return least.Code;
        }

        if (_bounds.Most is { } most && (isNaN || NumericBinary.Compare(value, most.Value) > (most.IsExclusive ? -1 : 0)))
        {
            return most.Code;
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
