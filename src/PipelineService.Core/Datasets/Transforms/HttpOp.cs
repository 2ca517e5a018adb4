using System.Collections.Immutable;

namespace PipelineService.Core.Datasets.Transforms;

/// <summary>
/// Asks a service beyond the database by the values of some fields, and gives values of its answer to others. Where the service is, its
/// limits and its secret are the operator's affair: a definition only has its name.
/// </summary>
public sealed record HttpOp : ExternalOp
{
    public override string Word => "http";

    /// <summary>The service that is asked.</summary>
    public string Service { get; init; } = "";

    /// <summary>What the service calls the inputs, one for each of <see cref="TransformOp.Fields"/>, whose values they have.</summary>
    public ImmutableArray<string> Inputs { get; init; } = [];

    /// <summary>JSON pointers into an answer, one for each of <see cref="TransformOp.Sets"/>.</summary>
    public ImmutableArray<string> Pointers { get; init; } = [];

    /// <summary>What becomes of a record for which the service knows nothing.</summary>
    public OnMissing Missing { get; init; }

    /// <summary>What becomes of a record while the service gives no answer.</summary>
    public OnUnavailable Unavailable { get; init; }

    /// <summary>What becomes of a record for which the service answers with an error, or with values that the fields cannot take.</summary>
    public OnError OnError { get; init; }

    /// <summary>Whether the values that are given are personal data.</summary>
    public bool Pii { get; init; }
}

/// <summary>What becomes of a record while a service gives no answer.</summary>
public enum OnUnavailable
{
    /// <summary>Its job waits until there is one.</summary>
    Wait,

    /// <summary>It is rejected.</summary>
    Reject,

    /// <summary>The fields have no value, the record is counted for the op, and the gap is written down to be filled.</summary>
    Null,
}
