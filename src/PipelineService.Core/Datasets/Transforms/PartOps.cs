namespace PipelineService.Core.Datasets.Transforms;

/// <summary>
/// Cuts the text of one field at a separator and gives the parts to several, in their order. The last one takes all that is left;
/// those for which there is no part have no value.
/// </summary>
public sealed record SplitOp : TransformOp
{
    public override string Word => "split";

    public string Separator { get; init; } = "";
}

/// <summary>Puts the texts of several fields together, into one. Those without a value are passed over, with their separator.</summary>
public sealed record ConcatOp : TransformOp
{
    public override string Word => "concat";

    public string Separator { get; init; } = "";
}
