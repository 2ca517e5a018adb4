using System.Runtime.CompilerServices;
using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding;

/// <summary>Bounds and allowed values of a scalar column, parsed once with the column's own type.</summary>
internal sealed class ValueRules<TValue>
    where TValue : struct, IComparable<TValue>, IEquatable<TValue>
{
    private readonly TValue? _least;
    private readonly TValue? _most;
    private readonly ValueBounds<TValue> _bounds;
    private readonly int _orderMin;
    private readonly int _orderMax;
    private readonly TValue[] _members;

    private ValueRules(ValueBounds<TValue> bounds, TValue[] members)
    {
        _bounds = bounds;
        _least = bounds.Least?.Value;
        _most = bounds.Most?.Value;
        _orderMin = bounds.Least is { IsExclusive: true } ? 1 : 0;
        _orderMax = bounds.Most is { IsExclusive: true } ? -1 : 0;
        _members = members;
    }

    /// <summary>The rules of a field, or null when it has none.</summary>
    public static ValueRules<TValue>? Compile<TFormat>(FieldDefinition field, TFormat format)
        where TFormat : struct, IScalarFormat<TValue>
    {
        TValue[] members = [.. field.Members.Select(member => Parse(field, "enum", member, format))];
        var bounds = ValueBounds<TValue>.Compile(
            field.Constraints,
            (constraint, text) => Parse(field, constraint, text, format),
            (one, other) => one.CompareTo(other));
        return bounds.IsEmpty && members.Length == 0 ? null : new(bounds, members);
    }

    public RecordErrorCode Check(TValue value)
    {
        // NaN is neither above nor below a bound; CompareTo would call it smaller than everything.
        if (_least is TValue least && (value.CompareTo(least) < _orderMin || IsNaN(value)))
        {
            return _bounds.Least!.Code;
        }

        if (_most is TValue most && (value.CompareTo(most) > _orderMax || IsNaN(value)))
        {
            return _bounds.Most!.Code;
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
