namespace PipelineService.Core.Encoding;

/// <summary>An op of a dataset's transforms, to tell it by.</summary>
/// <param name="Op">Its word in the definition.</param>
/// <param name="Name">What the definition calls it, if it does.</param>
public readonly record struct OpLabel(string Op, string? Name);
