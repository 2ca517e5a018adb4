using System.Collections.Immutable;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms.Expressions.Functions;
using PipelineService.Core.Transforms.Expressions.Syntax;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Typing;

/// <summary>
/// Gives every part of an expression its type by PostgreSQL's rules, and tells where that cannot be. A part with a fault has no type
/// and brings no further fault to those around it, so that one pass finds them all.
/// </summary>
internal sealed partial class TypeChecker(ExpressionScope scope, List<ExpressionFault> faults)
{
    /// <summary>The fields that were found, as indexes.</summary>
    public HashSet<int> Fields { get; } = [];

    /// <returns>Null after a fault.</returns>
    /// <param name="syntax">The whole expression.</param>
    /// <param name="expected">What it must be or become.</param>
    public TypedNode? Check(SyntaxNode syntax, TypedKind? expected)
    {
        TypedNode? node = Check(syntax);
        if (node is null || expected is not TypedKind kind)
        {
            return node;
        }

        if (Conversions.CostOf(node.Kind, kind) is not null)
        {
            return Convert(node, kind);
        }

        string hint = Conversions.Find(node.Kind, kind, isAsked: true) is not null
            ? $" Convert it: cast(… as {Conversions.NameOf(kind)})."
            : kind == TypedKind.Boolean ? " Compare it with something."
            : "";
        return Fault(syntax, $"The expression gives {Conversions.NameOf(node.Kind)} where {Conversions.NameOf(kind)} is expected.{hint}");
    }

    private TypedNode? Check(SyntaxNode syntax) => syntax.Kind switch
    {
        SyntaxKind.Null => new LiteralNode(TypedValue.NullOf(TypedKind.Null)),
        SyntaxKind.True => Literal(true),
        SyntaxKind.False => Literal(false),
        SyntaxKind.Text => Literal(TextSlice.Of(syntax.Text)),
        SyntaxKind.Number => CheckNumber(syntax),
        SyntaxKind.TypedText => CheckTypedText(syntax),
        SyntaxKind.Field or SyntaxKind.QuotedField => CheckField(syntax),
        SyntaxKind.Operator => CheckOperator(syntax),
        SyntaxKind.Not => CheckNot(syntax),
        SyntaxKind.And => CheckLogic(syntax, isAnd: true),
        SyntaxKind.Or => CheckLogic(syntax, isAnd: false),
        SyntaxKind.IsNull => Check(syntax.Parts[0]) is TypedNode value ? new IsNullNode(value) : null,
        SyntaxKind.In => CheckIn(syntax),
        SyntaxKind.Between => CheckBetween(syntax),
        SyntaxKind.Like => CheckLike(syntax),
        SyntaxKind.Case => CheckCase(syntax, isSimple: false),
        SyntaxKind.SimpleCase => CheckCase(syntax, isSimple: true),
        SyntaxKind.Cast => CheckCast(syntax),
        _ => CheckCall(syntax),
    };

    private TypedNode? CheckNumber(SyntaxNode syntax)
    {
        var text = TextSlice.Of(syntax.Text);
        if (!syntax.Text.AsSpan().ContainsAnyExceptInRange('0', '9')
            && Casts.ToInteger(text, out long integer) == ExpressionError.None)
        {
            return Literal(integer);
        }

        return Casts.ToNumber(text, out decimal number) == ExpressionError.None
            ? Literal(number)
            : Fault(syntax, "A number has at most 28 digits.");
    }

    private TypedNode? CheckTypedText(SyntaxNode syntax)
    {
        var text = TextSlice.Of(syntax.Parts[0].Text);
        switch (syntax.Text)
        {
            case "date":
                return Casts.ToDate(text, out Day day) == ExpressionError.None
                    ? Literal(day)
                    : Fault(syntax.Parts[0], "Expected a day that exists: date '2024-01-31'.");
            case "timestamp":
                return Casts.ToLocalDateTime(text, out LocalDateTime local) == ExpressionError.None
                    ? Literal(local)
                    : Fault(syntax.Parts[0], "Expected timestamp '2024-01-31 10:30:00'; with an offset write timestamptz.");
            default:
                return Casts.ToInstant(text, out Instant instant) == ExpressionError.None
                    ? Literal(instant)
                    : Fault(syntax.Parts[0], "Expected timestamptz '2024-01-31 10:30:00+02:00'.");
        }
    }

    private TypedNode? CheckField(SyntaxNode syntax)
    {
        string name = syntax.Text;
        if (scope.Find(name, out int index, out TypedKind kind) is string sentence)
        {
            return Fault(syntax, syntax.Kind == SyntaxKind.QuotedField && sentence.EndsWith("'text'.", StringComparison.Ordinal)
                ? $"There is no field {Excerpt.Of(name)}. A text stands in single quotes, a name in double ones: '{Excerpt.Of(name)}'."
                : Clock(name) ?? sentence);
        }

        Fields.Add(index);
        return new SlotNode(RecordSlots.Of(index), kind);
    }

    private TypedNode? CheckNot(SyntaxNode syntax) =>
        CheckBoolean(syntax.Parts[0]) is TypedNode value ? Call(LogicKernels.Not, [value]) : null;

    private LogicNode? CheckLogic(SyntaxNode syntax, bool isAnd)
    {
        TypedNode?[] parts = [.. syntax.Parts.Select(CheckBoolean)];
        return parts.Contains(null) ? null : new LogicNode(isAnd, [.. parts!]);
    }

    private TypedNode? CheckBoolean(SyntaxNode syntax)
    {
        TypedNode? node = Check(syntax);
        return node is null ? null
            : node.Kind is TypedKind.Boolean or TypedKind.Null ? Convert(node, TypedKind.Boolean)
            : Fault(syntax, $"Expected a condition, but this gives {Conversions.NameOf(node.Kind)}: compare it with something.");
    }

    private TypedNode? CheckIn(SyntaxNode syntax)
    {
        TypedNode? value = Check(syntax.Parts[0]);
        TypedNode?[] list = [.. syntax.Parts.Skip(1).Select(Check)];
        return value is null || list.Contains(null) ? null : Bind(value, bound =>
        {
            TypedNode?[] tests = [.. list.Select((item, i) => Compare("=", bound, item!, syntax.Parts[i + 1].Position))];
            return tests.Contains(null) ? null : tests.Length == 1 ? tests[0] : new LogicNode(IsAnd: false, [.. tests!]);
        });
    }

    private TypedNode? CheckBetween(SyntaxNode syntax)
    {
        TypedNode?[] parts = [.. syntax.Parts.Select(Check)];
        return parts.Contains(null) ? null : Bind(parts[0]!, bound =>
            Compare(">=", bound, parts[1]!, syntax.Parts[1].Position) is TypedNode low
            && Compare("<=", bound, parts[2]!, syntax.Parts[2].Position) is TypedNode high
                ? new LogicNode(IsAnd: true, [low, high])
                : null);
    }

    private TypedNode? CheckLike(SyntaxNode syntax)
    {
        TypedNode? value = Check(syntax.Parts[0]);
        SyntaxNode pattern = syntax.Parts[1];
        SyntaxNode? escape = syntax.Parts.Length > 2 ? syntax.Parts[2] : null;
        if (pattern.Kind != SyntaxKind.Text || pattern.Text.Length > LikePattern.LengthMax)
        {
            return Fault(pattern, $"Expected a pattern in single quotes, of at most {LikePattern.LengthMax:N0} characters: 'x%'.");
        }

        if (escape is not null && (escape.Kind != SyntaxKind.Text || escape.Text.EnumerateRunes().Count() > 1))
        {
            return Fault(escape, "Expected one character in single quotes.");
        }

        if (value is not null && value.Kind is not (TypedKind.Text or TypedKind.Null))
        {
            return Fault(syntax.Parts[0], $"like compares text, but this is {Conversions.NameOf(value.Kind)}: cast(… as text).");
        }

        if (!LikePattern.TryCompile(pattern.Text, escape?.Text ?? "\\", out LikePattern? compiled))
        {
            return Fault(pattern, "The pattern ends with its escape: write it twice for the character itself.");
        }

        return value is null ? null : Call(LogicKernels.Like, [Convert(value, TypedKind.Text)], compiled);
    }

    private TypedNode? CheckCast(SyntaxNode syntax)
    {
        TypedNode? value = Check(syntax.Parts[0]);
        if (Conversions.KindOf(syntax.Text) is not TypedKind kind)
        {
            return Fault(
                syntax,
                $"There is no type {Excerpt.Of(syntax.Text)} here: text, integer, number, float, boolean, date, timestamp or datetime.");
        }

        return value is null ? null
            : value.Kind == kind || value.Kind == TypedKind.Null || Conversions.Find(value.Kind, kind, isAsked: true) is not null
                ? Convert(value, kind)
                : Fault(syntax, $"There is no cast from {Conversions.NameOf(value.Kind)} to {Conversions.NameOf(kind)}.");
    }

    private TypedNode? CheckCase(SyntaxNode syntax, bool isSimple)
    {
        ImmutableArray<SyntaxNode> parts = syntax.Parts;
        int first = isSimple ? 1 : 0;
        bool hasElse = (parts.Length - first) % 2 == 1;
        TypedNode? value = isSimple ? Check(parts[0]) : null;
        List<(SyntaxNode At, TypedNode? Node)> results = [];
        List<(SyntaxNode At, TypedNode? Node)> conditions = [];
        for (int i = first; i + 1 < parts.Length; i += 2)
        {
            conditions.Add((parts[i], isSimple ? Check(parts[i]) : CheckBoolean(parts[i])));
            results.Add((parts[i + 1], Check(parts[i + 1])));
        }

        results.Add(hasElse ? (parts[^1], Check(parts[^1])) : (syntax, new LiteralNode(TypedValue.NullOf(TypedKind.Null))));
        if (Unify(results, "The results of case") is not TypedNode[] unified
            || (isSimple && value is null) || conditions.Any(condition => condition.Node is null))
        {
            return null;
        }

        return isSimple
            ? Bind(value!, bound => Arms([.. conditions.Select(c => Compare("=", bound, c.Node!, c.At.Position))], unified))
            : Arms([.. conditions.Select(c => c.Node)], unified);
    }

    private static CaseNode? Arms(TypedNode?[] conditions, TypedNode[] results) => conditions.Contains(null)
        ? null
        : new CaseNode([.. conditions.Select((condition, i) => new CaseArm(condition!, results[i]))], results[^1]);

    /// <summary>Makes all of them the type that they have in common.</summary>
    private TypedNode[]? Unify(IReadOnlyList<(SyntaxNode At, TypedNode? Node)> nodes, string subject)
    {
        if (nodes.Any(node => node.Node is null))
        {
            return null;
        }

        TypedKind common = TypedKind.Null;
        foreach ((SyntaxNode at, TypedNode? node) in nodes)
        {
            if (Conversions.CommonOf(common, node!.Kind) is not TypedKind wider)
            {
                Fault(
                    at,
                    $"{subject} must be of one type: this is {Conversions.NameOf(node.Kind)}, what is before it "
                        + $"{Conversions.NameOf(common)}."
                    + Hint(common, node.Kind));
                return null;
            }

            common = wider;
        }

        return [.. nodes.Select(node => Convert(node.Node!, common))];
    }

    /// <summary>Computes a value once for all places that use it, unless that costs nothing anyway.</summary>
    private static TypedNode? Bind(TypedNode value, Func<TypedNode, TypedNode?> use)
    {
        if (value is LiteralNode or SlotNode or BoundNode)
        {
            return use(value);
        }

        BoundNode bound = new(value.Kind);
        return use(bound) is TypedNode body ? new LetNode(bound, value, body) : null;
    }

    private static TypedNode Convert(TypedNode node, TypedKind kind) =>
        node.Kind == kind ? node
        : node.Kind == TypedKind.Null ? new LiteralNode(TypedValue.NullOf(kind))
        : Call(Conversions.Find(node.Kind, kind, isAsked: true)!, [node]);

    /// <summary>A call; where all is known already, its result.</summary>
    private static TypedNode Call(Kernel kernel, ImmutableArray<TypedNode> arguments, object? literal = null)
    {
        if (!kernel.TakesSlots && arguments.All(argument => argument is LiteralNode { Value.IsNull: false }))
        {
            TypedValue result = default;
            TypedValue[] values = [.. arguments.Select(argument => ((LiteralNode)argument).Value)];
            if (kernel.Invoke(null!, literal, values, ref result) == ExpressionError.None)
            {
                return new LiteralNode(result);
            }
        }

        return new CallNode(kernel, arguments, literal);
    }

    private static LiteralNode Literal<T>(T value)
        where T : struct => new(TypedValue.Of(value));

    private TypedNode? Fault(SyntaxNode at, string sentence) => Fault(at.Position, sentence);

    private TypedNode? Fault(int position, string sentence)
    {
        faults.Add(new(position + 1, sentence));
        return null;
    }
}
