namespace PipelineService.Core.Datasets.Transforms;

/// <summary>Makes one space of each run of white space.</summary>
public sealed record CollapseWhitespaceOp : TransformOp
{
    public override string Word => "collapse_whitespace";
}
