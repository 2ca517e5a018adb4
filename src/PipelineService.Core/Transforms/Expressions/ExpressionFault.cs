namespace PipelineService.Core.Transforms.Expressions;

/// <summary>What is wrong with an expression.</summary>
/// <param name="Column">Where: 1-based, in characters (UTF-16 units) of the expression.</param>
/// <param name="Sentence">What was expected, and how to mend it, for the user to read.</param>
public readonly record struct ExpressionFault(int Column, string Sentence);
