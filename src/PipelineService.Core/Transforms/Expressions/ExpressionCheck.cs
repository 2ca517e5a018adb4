using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using PipelineService.Core.Transforms.Expressions.Syntax;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions;

/// <summary>
/// Reads an expression and looks whether it means something: the only way to a <see cref="CheckedExpression"/>, so that what runs
/// has no fault.
/// </summary>
public static class ExpressionCheck
{
    /// <summary>Characters (UTF-16 units) of an expression.</summary>
    public const int LengthMax = 10_000;

    /// <summary>Names, literals and operators of an expression.</summary>
    public const int NodesMax = 500;

    /// <summary>How deep they may be nested.</summary>
    public const int DepthMax = 50;

    /// <summary>Faults that are told of one expression.</summary>
    public const int FaultsMax = 20;

    /// <param name="text">The expression.</param>
    /// <param name="scope">The fields that it may use.</param>
    /// <param name="expected">The type that it must have or can become; null takes any.</param>
    /// <param name="expression">The expression, unless it has faults.</param>
    /// <returns>All faults that can be seen at once, from left to right; none when there is an expression.</returns>
    public static ImmutableArray<ExpressionFault> Check(
        string text, ExpressionScope scope, TypedKind? expected, [NotNull] out CheckedExpression? expression)
    {
        List<ExpressionFault> faults = [];
        expression = null!;
        try
        {
            if (Read(text, faults) is SyntaxNode syntax)
            {
                expression = Type(text, syntax, scope, expected, faults)!;
            }
        }
        catch (SyntaxFaultException exception)
        {
            faults.Add(new(exception.Position + 1, exception.Message));
        }

        return [.. faults.OrderBy(fault => fault.Column).Take(FaultsMax)];
    }

    private static SyntaxNode? Read(string text, List<ExpressionFault> faults)
    {
        if (text.Length > LengthMax)
        {
            faults.Add(new(1, $"The expression is longer than {LengthMax:N0} characters."));
            return null;
        }

        if (string.IsNullOrWhiteSpace(text))
        {
            faults.Add(new(1, "The expression is empty."));
            return null;
        }

        SyntaxNode syntax = Parser.Parse(Lexer.Cut(text, faults));
        if (syntax.Count > NodesMax)
        {
            faults.Add(new(1, $"The expression has {syntax.Count} names, literals and operators; {NodesMax} are the most."));
        }

        if (syntax.Depth > DepthMax)
        {
            faults.Add(new(1, $"The expression is nested {syntax.Depth} levels deep; {DepthMax} are the most."));
        }

        return syntax.Count > NodesMax || syntax.Depth > DepthMax ? null : syntax;
    }

    private static CheckedExpression? Type(
        string text, SyntaxNode syntax, ExpressionScope scope, TypedKind? expected, List<ExpressionFault> faults)
    {
        TypeChecker checker = new(scope, faults);
        TypedNode? root = checker.Check(syntax, expected);
        return root is null || faults.Count > 0 ? null : new CheckedExpression(text, root, [.. checker.Fields.Order()]);
    }
}
