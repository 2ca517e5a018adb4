namespace PipelineService.Core.Datasets.Transforms;

/// <summary>Puts a text in the place of each occurrence of another, or of each match of a pattern.</summary>
public sealed record ReplaceOp : TransformOp
{
    public override string Word => "replace";

    /// <summary>The text to look for; null where there is a pattern.</summary>
    public string? Text { get; init; }

    /// <summary>A regular expression, run by the non-backtracking engine; null where there is a text.</summary>
    public string? Pattern { get; init; }

    /// <summary>What comes in its place, as it stands.</summary>
    public string With { get; init; } = "";
}
