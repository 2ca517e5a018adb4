using System.Collections.Immutable;
using PipelineService.Core.Transforms.Expressions.Running;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions;

/// <summary>An expression without faults. Immutable.</summary>
public sealed class CheckedExpression
{
    internal CheckedExpression(string text, TypedNode root, ImmutableArray<int> fields)
    {
        Text = text;
        Root = root;
        Fields = fields;
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>The type of its result.</summary>
    public TypedKind Kind => Root.Kind;

    /// <summary>The fields that it uses, as 0-based indexes in ascending order.</summary>
    public ImmutableArray<int> Fields { get; }

    internal TypedNode Root { get; }

    /// <summary>Makes code of it, once for all records.</summary>
    public Evaluation Compile() => Compiler.Compile(this);
}
