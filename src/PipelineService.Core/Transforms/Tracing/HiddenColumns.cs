using System.Collections.Immutable;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;

namespace PipelineService.Core.Transforms.Tracing;

/// <summary>
/// Columns whose values are shown to nobody who looks at records: those that hold personal data, and those that ops make of such a value
/// as long as it stands there as it was sent.
/// </summary>
public static class HiddenColumns
{
    /// <returns>0-based indexes among the columns of the dataset, in their order.</returns>
    public static ImmutableArray<int> Of(RowPlan plan)
    {
        if (plan.Hidden.IsEmpty)
        {
            return [];
        }

        ImmutableArray<TransformOp> ops = plan.Definition.Transforms;
        var worksOn = new ImmutableArray<int>[ops.Length];
        var plainUntil = plan.Hidden.ToDictionary(field => field, _ => int.MaxValue);
        FieldScope scope = new(plan.Definition.Schema);
        for (int op = 0; op < ops.Length; op++)
        {
            worksOn[op] = [.. scope.FieldsOf(ops[op]).Union(plan.Steps[op].Inputs)];
            scope.AddSetsOf(ops[op], op);
            foreach (int field in ops[op] is PrivacyOp { Pii: true } ? worksOn[op] : [])
            {
                plainUntil[field] = op;
            }
        }

        for (int op = 0; op < ops.Length; op++)
        {
            int place = op;
            if (worksOn[op].Any(field => plainUntil.TryGetValue(field, out int until) && place < until))
            {
                foreach (int field in plan.Steps[op].Gives)
                {
                    plainUntil.TryAdd(field, int.MaxValue);
                }
            }
        }

        return [.. plainUntil.Keys.Order()];
    }

    /// <summary>The same by their names.</summary>
    public static IReadOnlySet<string> NamesOf(RowPlan plan) =>
        Of(plan).Select(field => plan.Definition.Columns[field].Name).ToHashSet(StringComparer.Ordinal);
}
