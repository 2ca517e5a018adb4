using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Encoding;

/// <summary>An op of a dataset's transforms, to tell it by.</summary>
/// <param name="Op">Its word in the definition.</param>
/// <param name="Name">What the definition calls it, if it does.</param>
public readonly record struct OpLabel(string Op, string? Name)
{
    /// <summary>Characters of a condition that a message shows.</summary>
    private const int ConditionLengthMax = 200;

    /// <summary>Of a condition that a record must fulfil, the code of those that do not; else null.</summary>
    public string? Code { get; private init; }

    /// <summary>The sentence that goes with the code.</summary>
    public string? Message { get; private init; }

    /// <summary>The service that it asks, if it does.</summary>
    public string? Service { get; private init; }

    public static OpLabel Of(TransformOp op) => new(op.Word, op.Name)
    {
        Service = (op as HttpOp)?.Service,
        Code = (op as RequireOp)?.Code,
        Message = op is RequireOp require
            ? require.Message ?? $"Does not hold: {Excerpt.Of(require.Expression, ConditionLengthMax)}"
            : op is LookupOp lookup
            ? $"Dataset \"{lookup.From}\" has no row of this {string.Join(" and ", lookup.Key.Select(name => $"\"{Excerpt.Of(name)}\""))}."
            : null,
    };
}
