using PipelineService.Core.Datasets;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding;

/// <summary>One end of a field's range.</summary>
/// <param name="Value">The bound, in the form in which values are compared.</param>
/// <param name="Code">What a value beyond it is refused with; it says whether the bound itself is in the range.</param>
internal sealed record ValueBound<TValue>(TValue Value, RecordErrorCode Code)
{
    public bool IsExclusive => Code is RecordErrorCode.ExclusiveMinimum or RecordErrorCode.ExclusiveMaximum;
}

/// <summary>Both ends of a field's range: of an inclusive and an exclusive bound at one end, the one that leaves fewer values.</summary>
/// <param name="Least">Null: there is none.</param>
/// <param name="Most">Null: there is none.</param>
internal readonly record struct ValueBounds<TValue>(ValueBound<TValue>? Least, ValueBound<TValue>? Most)
{
    public bool IsEmpty => Least is null && Most is null;

    /// <param name="parse">Reads a bound, given the name of its constraint and its text.</param>
    /// <param name="compare">As <see cref="IComparable{T}.CompareTo"/>.</param>
    /// <exception cref="FieldFaultException">No value lies between them.</exception>
    public static ValueBounds<TValue> Compile(
        FieldConstraints constraints, Func<string, string, TValue> parse, Comparison<TValue> compare)
    {
        ValueBound<TValue>? least = Tighter(
            Read("minimum", constraints.Minimum, RecordErrorCode.Minimum),
            Read("exclusiveMinimum", constraints.ExclusiveMinimum, RecordErrorCode.ExclusiveMinimum),
            compare);
        ValueBound<TValue>? most = Tighter(
            Read("maximum", constraints.Maximum, RecordErrorCode.Maximum),
            Read("exclusiveMaximum", constraints.ExclusiveMaximum, RecordErrorCode.ExclusiveMaximum),
            (one, other) => compare(other, one));
        if (least is not null && most is not null)
        {
            int order = compare(least.Value, most.Value);
            if (order > 0 || (order == 0 && (least.IsExclusive || most.IsExclusive)))
            {
                throw new FieldFaultException(
                    $"{NameOf(least)} is {(order > 0 ? "greater than" : "equal to")} {NameOf(most)}.");
            }
        }

        return new(least, most);

        ValueBound<TValue>? Read(string name, string? text, RecordErrorCode code) =>
            text is null ? null : new(parse(name, text), code);
    }

    private static ValueBound<TValue>? Tighter(
        ValueBound<TValue>? inclusive, ValueBound<TValue>? exclusive, Comparison<TValue> compare) =>
        inclusive is null || (exclusive is not null && compare(exclusive.Value, inclusive.Value) >= 0) ? exclusive : inclusive;

    private static string NameOf(ValueBound<TValue> bound) => bound.Code switch
    {
        RecordErrorCode.Minimum => "minimum",
        RecordErrorCode.Maximum => "maximum",
        RecordErrorCode.ExclusiveMinimum => "exclusiveMinimum",
        _ => "exclusiveMaximum",
    };
}
