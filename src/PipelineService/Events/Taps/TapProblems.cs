using PipelineService.Hosting.Http;

namespace PipelineService.Events.Taps;

/// <summary>Why records are not shown.</summary>
internal static class TapProblems
{
    public static Problem OfAllSources { get; } = new()
    {
        Code = "tap_of_all_sources",
        Status = StatusCodes.Status403Forbidden,
        Title = "Records of all sources would be shown.",
        Detail = "These credentials see the records of one source alone. GET /v1/jobs/{id}/records/{n} shows those of its jobs.",
    };
}
