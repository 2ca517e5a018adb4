using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Tests.Reliability;

/// <summary>The fault points that every round of uploads comes to.</summary>
internal static class Steps
{
    /// <summary>All but those of conversions, each of which takes a process: <see cref="ConversionDeathTests"/> has them.</summary>
    public static IReadOnlyList<FaultPoint> All { get; } =
    [
        .. Enum.GetValues<FaultPoint>().Except(
        [
            FaultPoint.ConversionWriting, FaultPoint.Converted, FaultPoint.ConversionPinned, FaultPoint.ConversionNamed,
        ]),
    ];
}
