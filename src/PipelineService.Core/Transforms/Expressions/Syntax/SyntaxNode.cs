using System.Collections.Immutable;

namespace PipelineService.Core.Transforms.Expressions.Syntax;

internal enum SyntaxKind
{
    Null,
    True,
    False,
    Text,
    Number,

    /// <summary>A text with the type before it: <c>date '2024-01-31'</c>.</summary>
    TypedText,

    Field,

    /// <summary>A field whose name stands in double quotes.</summary>
    QuotedField,

    /// <summary>An operator with one or two operands.</summary>
    Operator,

    Not,
    And,
    Or,
    IsNull,

    /// <summary>The value, then the list.</summary>
    In,

    /// <summary>The value, then both bounds.</summary>
    Between,

    /// <summary>The value, the pattern, perhaps the escape.</summary>
    Like,

    /// <summary>Condition and result in turns, and the result of <c>else</c>, if there is one, at the end.</summary>
    Case,

    /// <summary>The same with the value before them that is compared.</summary>
    SimpleCase,

    Cast,
    Call,
}

/// <summary>A part of an expression as it is written, before anybody looks what it means.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Position">Where it, or its operator, stands; 0-based.</param>
/// <param name="Text">Name, operator or literal.</param>
/// <param name="Parts">What it is made of.</param>
internal sealed record SyntaxNode(SyntaxKind Kind, int Position, string Text, ImmutableArray<SyntaxNode> Parts)
{
    /// <summary>Levels, its own included.</summary>
    public int Depth { get; } = 1 + Parts.Select(part => part.Depth).DefaultIfEmpty().Max();

    /// <summary>Nodes, itself included.</summary>
    public int Count { get; } = 1 + Parts.Sum(part => part.Count);
}
