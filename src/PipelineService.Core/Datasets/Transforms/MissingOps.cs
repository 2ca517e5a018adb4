using System.Collections.Immutable;

namespace PipelineService.Core.Datasets.Transforms;

/// <summary>Takes texts away that stand for no value.</summary>
public sealed record NullIfOp : TransformOp
{
    public override string Word => "null_if";

    public ImmutableArray<string> Values { get; init; } = [];

    public override bool SuitsPattern(FieldDefinition field) => true;
}

/// <summary>Gives a value to fields that have none.</summary>
public sealed record DefaultOp : TransformOp
{
    public override string Word => "default";

    /// <summary>As the data would write it.</summary>
    public string Value { get; init; } = "";

    public override bool SuitsPattern(FieldDefinition field) => true;
}
