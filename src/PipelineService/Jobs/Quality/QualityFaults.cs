using PipelineService.Hosting.Http;

namespace PipelineService.Jobs.Quality;

/// <summary>Why jobs fail whose rows are not as they should be.</summary>
internal static class QualityFaults
{
    public static Problem Breached(string what) => new()
    {
        Code = "quality_breached",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The rows are not like those of the uploads before.",
        Detail = $"Nothing was loaded, because rules of the dataset are broken: {what}. Look at the data, and at GET /v1/jobs/…/profile; "
            + "where all is well, change the rules.",
    };

    public static Problem Rejected(string by) => new()
    {
        Code = "quality_rejected",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The upload was held, and rejected.",
        Detail = $"Its rows broke rules of the dataset, and {by} has decided that they are not loaded. Nothing was; "
            + "mend the data and send it again.",
    };

    public static Problem Expired(TimeSpan after) => new()
    {
        Code = "approval_expired",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The upload was held, and nobody has decided on it.",
        Detail = $"Its rows broke rules of the dataset, and for {after:c} (Jobs:ApprovalWaitMax) nobody has approved or rejected them. "
            + "Nothing was loaded; send the data again.",
    };
}
