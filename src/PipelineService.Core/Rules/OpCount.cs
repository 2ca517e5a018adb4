namespace PipelineService.Core.Rules;

/// <summary>
/// What an op of a dataset's transforms did that nobody shall overlook: how many records a filter left out, and to how many any other
/// op gave something else than it gives the rest, as a null in place of an error or a text that was cut short.
/// </summary>
/// <param name="Index">0-based place of the op in the definition's list.</param>
/// <param name="Op">What it is, by its word in the definition.</param>
/// <param name="Name">What the definition calls it, if it does.</param>
/// <param name="Records">How many, at least 1.</param>
public readonly record struct OpCount(int Index, string Op, string? Name, long Records);
