using System.Collections.Immutable;

namespace PipelineService.Core.Datasets.Transforms;

/// <summary>Looks a whole text up in a table.</summary>
public sealed record MapOp : TransformOp
{
    public override string Word => "map";

    /// <summary>What each text becomes, in the order of the definition.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Table { get; init; } = [];

    /// <summary>What becomes of a text that is not in the table.</summary>
    public MapElse Else { get; init; }
}

/// <summary>What becomes of a text that a <see cref="MapOp"/> does not know.</summary>
public enum MapElse
{
    /// <summary>It stays.</summary>
    Keep,

    /// <summary>It is taken away: no value.</summary>
    Null,

    /// <summary>Its record is rejected.</summary>
    Reject,
}
