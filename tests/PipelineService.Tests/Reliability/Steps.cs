using PipelineService.Hosting.FaultInjection;

namespace PipelineService.Tests.Reliability;

/// <summary>The fault points that every round of uploads comes to.</summary>
internal static class Steps
{
    /// <summary>
    /// All but those of conversions, each of which takes a process: <see cref="ConversionDeathTests"/> has them; those of services,
    /// which the rounds do not ask: <see cref="EnrichmentDeathTests"/> has those; those of rules, which their datasets do not have:
    /// <see cref="QualityDeathTests"/> has those; those of views: <see cref="ViewDeathTests"/>; and those of sources, of which the rounds have none:
    /// <see cref="Sources.SourceDeathTests"/> has those.
    /// </summary>
    public static IReadOnlyList<FaultPoint> All { get; } =
    [
        .. Enum.GetValues<FaultPoint>().Except(
        [
            FaultPoint.ConversionWriting, FaultPoint.Converted, FaultPoint.ConversionPinned, FaultPoint.ConversionNamed,
            .. EnrichmentDeathTests.Points,
            .. QualityDeathTests.Points,
            .. ViewDeathTests.Points,
            .. Sources.SourceDeathTests.Points,
        ]),
    ];
}
