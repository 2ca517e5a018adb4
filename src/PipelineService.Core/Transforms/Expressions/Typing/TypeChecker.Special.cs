using PipelineService.Core.Transforms.Expressions.Functions;
using PipelineService.Core.Transforms.Expressions.Syntax;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Typing;

/// <summary>Functions that are short for <c>case</c>, that look at nulls, or that tell what is known beside the record.</summary>
internal sealed partial class TypeChecker
{
    private TypedNode? CheckSpecial(SyntaxNode syntax) => syntax.Text switch
    {
        "coalesce" => CheckCoalesce(syntax),
        "nullif" => CheckNullIf(syntax),
        "greatest" => CheckExtreme(syntax, ">"),
        "least" => CheckExtreme(syntax, "<"),
        "concat" => CheckConcat(syntax),
        "job_id" => CheckBeside(syntax, RecordSlots.JobId, TypedKind.Text),
        "source" => CheckBeside(syntax, RecordSlots.Source, TypedKind.Text),
        "received_at" => CheckBeside(syntax, RecordSlots.ReceivedAt, TypedKind.DateTime),
        "record" => CheckBeside(syntax, RecordSlots.Record, TypedKind.Integer),
        _ => Fault(syntax, "Write cast(a as text)."),
    };

    private TypedNode? CheckBeside(SyntaxNode syntax, int slot, TypedKind kind) => syntax.Parts.IsEmpty
        ? new SlotNode(slot, kind)
        : Fault(syntax, $"{syntax.Text} takes no arguments.");

    private TypedNode? CheckCoalesce(SyntaxNode syntax) => CheckUnified(syntax) is TypedNode[] unified
        ? Enumerable.Reverse(unified).Aggregate((rest, value) => Bind(value, bound => IfNull(bound, rest, bound))!)
        : null;

    private TypedNode? CheckNullIf(SyntaxNode syntax)
    {
        if (syntax.Parts.Length != 2)
        {
            return Fault(syntax, "nullif takes 2 arguments: nullif(a, 0) is null where a is 0.");
        }

        TypedNode? value = Check(syntax.Parts[0]);
        TypedNode? other = Check(syntax.Parts[1]);
        if (value is null || other is null)
        {
            return null;
        }

        // The result is what is compared, so that nullif(1, 2.5) is a number, as in PostgreSQL.
        TypedNode compared = Conversions.CommonOf(value.Kind, other.Kind) is TypedKind common ? Convert(value, common) : value;
        return Bind(compared, bound => Compare("=", bound, other, syntax.Position) is TypedNode test
            ? new CaseNode([new CaseArm(test, new LiteralNode(TypedValue.NullOf(bound.Kind)))], bound)
            : null);
    }

    /// <summary>Nulls do not count; among equals the first is taken.</summary>
    private TypedNode? CheckExtreme(SyntaxNode syntax, string better)
    {
        if (CheckUnified(syntax) is not TypedNode[] unified)
        {
            return null;
        }

        if (unified[0].Kind is TypedKind.Json)
        {
            return Fault(syntax, $"{syntax.Text} does not compare json. A value of JSON is json_value(field, '$.name').");
        }

        return unified[0].Kind == TypedKind.Null ? unified[0] : unified.Aggregate((best, next) => Better(best, next, better));
    }

    private static TypedNode Better(TypedNode best, TypedNode next, string better) => Bind(best, first => Bind(next, second =>
    {
        TypedNode isBetter = Call(Choose(better, [second, first])!.Kernel, [second, first]);
        return new CaseNode(
            [new CaseArm(new IsNullNode(first), second), new CaseArm(new IsNullNode(second), first), new CaseArm(isBetter, second)],
            first);
    }))!;

    private TypedNode? CheckConcat(SyntaxNode syntax)
    {
        List<TypedNode> parts = [];
        foreach (SyntaxNode part in syntax.Parts)
        {
            TypedNode? node = Check(part);
            if (node is null)
            {
                continue;
            }

            if (IsWritable(node.Kind) || node.Kind == TypedKind.Date)
            {
                parts.Add(Convert(node, TypedKind.Text));
            }
            else
            {
                Fault(part, $"concat does not take {Conversions.NameOf(node.Kind)}: cast(… as text).");
            }
        }

        return syntax.Parts.IsEmpty ? Fault(syntax, "concat takes at least 1 argument.")
            : parts.Count < syntax.Parts.Length ? null
            : new ConcatNode([.. parts]);
    }

    private TypedNode[]? CheckUnified(SyntaxNode syntax)
    {
        if (syntax.Parts.IsEmpty)
        {
            Fault(syntax, $"{syntax.Text} takes at least 1 argument.");
            return null;
        }

        return Unify([.. syntax.Parts.Select(part => (part, Check(part)))], $"The arguments of {syntax.Text}");
    }

    private static CaseNode IfNull(TypedNode value, TypedNode then, TypedNode otherwise) =>
        new([new CaseArm(new IsNullNode(value), then)], otherwise);
}
