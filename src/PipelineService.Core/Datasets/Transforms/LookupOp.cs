using System.Collections.Immutable;

namespace PipelineService.Core.Datasets.Transforms;

/// <summary>
/// An op whose answer is not in the record: it is asked for by the values of some fields, and gives values to others. Like an op that
/// computes, it ends the phase in which these fields are text.
/// </summary>
public abstract record ExternalOp : TransformOp;

/// <summary>Finds the row of another dataset that has the values of some fields for a key, and gives values of it to fields.</summary>
public sealed record LookupOp : ExternalOp
{
    public override string Word => "lookup";

    /// <summary>The dataset that is looked up.</summary>
    public string From { get; init; } = "";

    /// <summary>The fields of its key, one for each of <see cref="TransformOp.Fields"/>, whose values they must have.</summary>
    public ImmutableArray<string> Key { get; init; } = [];

    /// <summary>Its fields whose values are given, one for each of <see cref="TransformOp.Sets"/>.</summary>
    public ImmutableArray<string> Sources { get; init; } = [];

    /// <summary>What becomes of a record for which it has no row.</summary>
    public OnMissing Missing { get; init; }

    /// <summary>Whether the values that are given are personal data.</summary>
    public bool Pii { get; init; }
}

/// <summary>What becomes of a record for which a looked up dataset has no row.</summary>
public enum OnMissing
{
    /// <summary>It is rejected.</summary>
    Reject,

    /// <summary>The fields have no value, and the record is counted for the op.</summary>
    Null,

    /// <summary>The fields keep the values that they have, and the record is counted for the op.</summary>
    Keep,
}
