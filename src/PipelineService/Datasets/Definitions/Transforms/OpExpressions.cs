using System.Collections.Immutable;
using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>
/// Looks at the expressions of a list of ops once all of its fields are known, and at the phases of the list: a field is text until an
/// op computes with it; then it is a value, and what works on texts comes too late.
/// </summary>
internal sealed class OpExpressions(DefinitionFaults faults)
{
    private readonly List<PlacedOp> _ops = [];
    private readonly Dictionary<int, PlacedOp> _users = [];
    private readonly Dictionary<int, PlacedOp> _makers = [];

    public void Add(PlacedOp op) => _ops.Add(op);

    /// <param name="fields">All fields, those that ops set behind those of the schema.</param>
    public void Check(ImmutableArray<FieldDefinition> fields)
    {
        foreach (PlacedOp op in _ops)
        {
            if (op.Op is ExpressionOp computed)
            {
                CheckExpression(op, computed, fields);
            }
            else if (op.Op is ExternalOp)
            {
                Take(op);
            }
            else
            {
                CheckPhase(op, fields);
            }
        }
    }

    private void CheckExpression(PlacedOp op, ExpressionOp computed, ImmutableArray<FieldDefinition> fields)
    {
        if (op.ExpressionPointer is not string pointer || faults.Hides(pointer) || (computed is DeriveOp && op.Sets.IsEmpty))
        {
            return;
        }

        FieldDefinition? target = computed is DeriveOp ? fields[op.Sets[0].Field] : null;
        ImmutableArray<ExpressionFault> found = ExpressionCheck.Check(
            computed.Expression,
            ExpressionScope.At(fields, op.FieldsBefore),
            ExpressionScope.ExpectedOf(target),
            out CheckedExpression? expression);
        foreach (ExpressionFault fault in found)
        {
            faults.Add(pointer, string.Create(CultureInfo.InvariantCulture, $"Column {fault.Column}: {fault.Sentence}"));
        }

        foreach (int field in expression?.Fields ?? [])
        {
            _users.TryAdd(field, op);
        }

        foreach (FieldUse set in op.Sets)
        {
            _makers[set.Field] = op;
        }
    }

    /// <summary>It uses the values of the fields that it works on, and gives values to those that it sets.</summary>
    private void Take(PlacedOp op)
    {
        foreach (FieldUse use in op.WorksOn)
        {
            _users.TryAdd(use.Field, op);
        }

        foreach (FieldUse set in op.Sets)
        {
            _makers[set.Field] = op;
        }
    }

    private void CheckPhase(PlacedOp op, ImmutableArray<FieldDefinition> fields)
    {
        HashSet<string> told = [];
        foreach (FieldUse use in op.WorksOn.Concat(op.Sets))
        {
            string name = Excerpt.Of(fields[use.Field].Name);
            if (_makers.TryGetValue(use.Field, out PlacedOp? maker) && told.Add(use.Pointer))
            {
                faults.Add(
                    use.Pointer,
                    $"{maker} {(maker.Op is ExternalOp ? "gives a value to" : "computes")} \"{name}\", and {op} works on the "
                        + "texts that are sent: "
                    + "let an expression do it.");
            }
            else if (op.Op is not PrivacyOp && _users.TryGetValue(use.Field, out PlacedOp? user) && told.Add(use.Pointer))
            {
                faults.Add(
                    use.Pointer,
                    $"{user} has computed with \"{name}\" already, and {op} would change its text: move this op before that one.");
            }
        }
    }
}

/// <summary>An op at its place in the list.</summary>
/// <param name="Op">The op.</param>
/// <param name="Index">0-based index in the list.</param>
/// <param name="FieldsBefore">How many fields there are before it.</param>
/// <param name="WorksOn">The fields that it works on.</param>
/// <param name="Sets">The fields that it sets.</param>
/// <param name="ExpressionPointer">Where its expression stands; null when it has none.</param>
internal sealed record PlacedOp(
    TransformOp Op, int Index, int FieldsBefore, ImmutableArray<FieldUse> WorksOn, ImmutableArray<FieldUse> Sets,
    string? ExpressionPointer)
{
    /// <summary>How messages call it: <c>op 4 (derive)</c>, or by its name.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"op {Index} ({Op.Word}{(Op.Name is string name ? $" \"{Excerpt.Of(name)}\"" : "")})");
}

/// <summary>A field, and where an op names it.</summary>
internal readonly record struct FieldUse(int Field, string Pointer);
