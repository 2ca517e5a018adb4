using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>What has a syntax of its own, and is a function all the same.</summary>
internal static class LogicKernels
{
    public static Kernel Not { get; } = Kernel.Of<bool, bool>(Negate);

    public static Kernel Like { get; } = Kernel.With<LikePattern, TextSlice, bool>(LikePattern.Like);

    public static ExpressionError Negate(bool value, out bool result)
    {
        result = !value;
        return ExpressionError.None;
    }
}
