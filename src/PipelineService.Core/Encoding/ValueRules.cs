using System.Runtime.CompilerServices;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding;

/// <summary>Inclusive bounds and allowed values of a scalar column, parsed once with the column's own type.</summary>
internal sealed class ValueRules<TValue>
    where TValue : struct, IComparable<TValue>, IEquatable<TValue>
{
    private readonly TValue? _minimum;
    private readonly TValue? _maximum;
    private readonly TValue[] _members;

    private ValueRules(TValue? minimum, TValue? maximum, TValue[] members)
    {
        _minimum = minimum;
        _maximum = maximum;
        _members = members;
    }

    /// <summary>The rules of a field, or null when it has none.</summary>
    public static ValueRules<TValue>? Compile<TFormat>(FieldDefinition field, TFormat format)
        where TFormat : struct, IScalarFormat<TValue>
    {
        FieldConstraints constraints = field.Constraints;
        TValue? minimum = constraints.Minimum is string low ? Parse(field, "minimum", low, format) : null;
        TValue? maximum = constraints.Maximum is string high ? Parse(field, "maximum", high, format) : null;
        TValue[] members = [.. constraints.Enum.Select(member => Parse(field, "enum", member, format))];
        if (minimum is TValue least && maximum is TValue most && least.CompareTo(most) > 0)
        {
            throw new FieldFaultException("minimum is greater than maximum.");
        }

        return minimum is null && maximum is null && members.Length == 0 ? null : new(minimum, maximum, members);
    }

    public RecordErrorCode Check(TValue value)
    {
        // NaN is neither above nor below a bound; CompareTo would call it smaller than everything.
        if (_minimum is TValue minimum && (value.CompareTo(minimum) < 0 || IsNaN(value)))
        {
            return RecordErrorCode.Minimum;
        }

        if (_maximum is TValue maximum && (value.CompareTo(maximum) > 0 || IsNaN(value)))
        {
            return RecordErrorCode.Maximum;
        }

        return _members.Length != 0 && !_members.AsSpan().Contains(value) ? RecordErrorCode.Enum : RecordErrorCode.None;
    }

    private static TValue Parse<TFormat>(FieldDefinition field, string constraint, string text, TFormat format)
        where TFormat : struct, IScalarFormat<TValue>
    {
        if (BoundText.TryParse<TValue, TFormat>(text, format, out TValue value)
            && (constraint == "enum" || !IsNaN(value)))
        {
            return value;
        }

        throw BoundText.Fault(field, constraint, text);
    }

    private static bool IsNaN(TValue value) =>
        (typeof(TValue) == typeof(double) && double.IsNaN(Unsafe.BitCast<TValue, double>(value)))
        || (typeof(TValue) == typeof(float) && float.IsNaN(Unsafe.BitCast<TValue, float>(value)));
}
