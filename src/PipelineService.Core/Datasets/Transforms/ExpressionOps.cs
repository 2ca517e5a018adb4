namespace PipelineService.Core.Datasets.Transforms;

/// <summary>An op that computes with the values of a record, once their texts are read.</summary>
public abstract record ExpressionOp : TransformOp
{
    /// <summary>What is computed, as it was written.</summary>
    public string Expression { get; init; } = "";
}

/// <summary>Gives the result of an expression to a field.</summary>
public sealed record DeriveOp : ExpressionOp
{
    public override string Word => "derive";

    /// <summary>What becomes of a record for which there is no result.</summary>
    public OnError OnError { get; init; }
}

/// <summary>Leaves out the records for which a condition does not hold or is null.</summary>
public sealed record FilterOp : ExpressionOp
{
    public override string Word => "filter";
}

/// <summary>Rejects the records for which a condition does not hold.</summary>
public sealed record RequireOp : ExpressionOp
{
    public override string Word => "require";

    /// <summary>The code of the dead letters; none of the service's own.</summary>
    public string Code { get; init; } = "";

    /// <summary>Their sentence; null: the condition itself.</summary>
    public string? Message { get; init; }
}
