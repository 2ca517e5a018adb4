using System.Collections.Immutable;
using PipelineService.Core.Transforms.Expressions.Functions;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Typing;

/// <summary>A part of an expression that has a type. All that is handy to write has become what few kinds of nodes say.</summary>
/// <param name="Kind">The type of its value.</param>
internal abstract record TypedNode(TypedKind Kind);

/// <summary>The value stands in the expression.</summary>
internal sealed record LiteralNode(TypedValue Value) : TypedNode(Value.Kind);

/// <summary>The value is in a slot.</summary>
internal sealed record SlotNode(int Slot, TypedKind Kind) : TypedNode(Kind);

/// <summary>A value that was computed before. Two of them are the same only if they are one.</summary>
internal sealed record BoundNode(TypedKind Kind) : TypedNode(Kind)
{
    public bool Equals(BoundNode? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}

/// <summary>Computes a value once, for all places of the body that use it.</summary>
internal sealed record LetNode(BoundNode Name, TypedNode Value, TypedNode Body) : TypedNode(Body.Kind);

/// <summary>All arguments are computed; null if one of them is, and else what the function says.</summary>
internal sealed record CallNode(Kernel Kernel, ImmutableArray<TypedNode> Arguments, object? Literal = null) : TypedNode(Kernel.Result);

/// <summary>
/// <c>and</c>, <c>or</c> with SQL's three values: from left to right, until one decides.
/// </summary>
internal sealed record LogicNode(bool IsAnd, ImmutableArray<TypedNode> Parts) : TypedNode(TypedKind.Boolean);

internal sealed record IsNullNode(TypedNode Value) : TypedNode(TypedKind.Boolean);

/// <summary>The result of the first condition that is true; no other result is computed.</summary>
internal sealed record CaseNode(ImmutableArray<CaseArm> Arms, TypedNode Else) : TypedNode(Else.Kind);

internal sealed record CaseArm(TypedNode When, TypedNode Then);

/// <summary><c>concat</c>: nulls are left out, and the result is never null.</summary>
internal sealed record ConcatNode(ImmutableArray<TypedNode> Parts) : TypedNode(TypedKind.Text);
