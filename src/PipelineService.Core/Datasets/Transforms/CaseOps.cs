namespace PipelineService.Core.Datasets.Transforms;

/// <summary>Makes letters small, by the invariant mapping of Unicode.</summary>
public sealed record LowerOp : TransformOp
{
    public override string Word => "lower";
}

/// <summary>Makes letters large, by the invariant mapping of Unicode.</summary>
public sealed record UpperOp : TransformOp
{
    public override string Word => "upper";
}
