namespace PipelineService.Core.Datasets.Transforms;

/// <summary>Takes characters away from both ends of a text.</summary>
public sealed record TrimOp : TransformOp
{
    public override string Word => "trim";

    /// <summary>Which characters; null: white space of Unicode.</summary>
    public string? Characters { get; init; }

    /// <summary>Blanks around a number or a date are no part of it, either.</summary>
    public override bool SuitsPattern(FieldDefinition field) => true;
}
