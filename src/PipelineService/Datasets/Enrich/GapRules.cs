using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions;

namespace PipelineService.Datasets.Enrich;

/// <summary>
/// Whether a gap that an op leaves can be filled later. It is filled in the stored row alone: so that row must be found, must have what the
/// service was asked by, and nothing else in it may have been made of what was lacking.
/// </summary>
internal static class GapRules
{
    private const string Else = " Use \"wait\" or \"reject\".";

    /// <summary>Why it cannot; null where it can.</summary>
    /// <param name="index">0-based index of the op.</param>
    public static string? FaultOf(DatasetDefinition definition, int index)
    {
        if (!definition.Load.Lineage)
        {
            return "Gaps are filled in rows that are found by their lineage, and load.lineage is false." + Else;
        }

        if (definition.Lookup is not null)
        {
            return "Rows that others look up are copied when their upload ends: what is filled in later would not be seen." + Else;
        }

        TransformOp op = definition.Transforms[index];
        var scope = FieldScope.Of(definition);
        HashSet<string> sets = [.. op.Sets.Select(set => set.Name)];
        if (sets.FirstOrDefault(name => definition.Columns.Any(c => c.Name == name && c.Constraints.Required)) is { } required)
        {
            return $"\"{Excerpt.Of(required)}\" is required, so that no row can lack it." + Else;
        }

        if (op.Fields.FirstOrDefault(sets.Contains) is { } own)
        {
            return $"\"{Excerpt.Of(own)}\" is what the service is asked by, and takes its answer: the row would have neither." + Else;
        }

        for (int later = index + 1; later < definition.Transforms.Length; later++)
        {
            TransformOp other = definition.Transforms[later];
            string place = $"op {later} ({other.Word})";
            HashSet<string> used = [.. UsedBy(other, definition, scope)];
            if (sets.FirstOrDefault(used.Contains) is { } read)
            {
                return $"{place} works on \"{Excerpt.Of(read)}\", and what comes of that could not be filled in later." + Else;
            }

            HashSet<string> changed = [.. other.Sets.Select(set => set.Name)];
            if (other is not (ExpressionOp or ExternalOp))
            {
                changed.UnionWith(used);
            }

            if (op.Fields.FirstOrDefault(changed.Contains) is { } lost)
            {
                return $"{place} changes \"{Excerpt.Of(lost)}\", so that the row no longer has what the service is asked by." + Else;
            }

            if (sets.FirstOrDefault(changed.Contains) is { } overwritten)
            {
                return $"{place} gives \"{Excerpt.Of(overwritten)}\" a value as well." + Else;
            }
        }

        return null;
    }

    private static IEnumerable<string> UsedBy(TransformOp op, DatasetDefinition definition, FieldScope scope)
    {
        ImmutableArray<FieldDefinition> columns = definition.Columns;
        if (op is ExpressionOp computed)
        {
            ExpressionCheck.Check(computed.Expression, ExpressionScope.At(columns, columns.Length), null, out CheckedExpression? expression);
            return (expression?.Fields ?? []).Select(field => columns[field].Name);
        }

        return scope.FieldsOf(op).Select(field => columns[field].Name);
    }
}
