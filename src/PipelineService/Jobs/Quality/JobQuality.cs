using PipelineService.Core.Datasets;
using PipelineService.Core.Profiles;
using PipelineService.Hosting.Http;

namespace PipelineService.Jobs.Quality;

/// <summary>What is written down of the rows of a job with its end, as JSON texts.</summary>
/// <param name="Profile">A <see cref="StoredProfile"/>.</param>
/// <param name="Figures">By which later jobs are measured.</param>
/// <param name="Verdict">A <see cref="QualityView"/>; null where there are no rules, or the job has its verdict already.</param>
/// <param name="Counts">Whether later jobs are measured by it.</param>
public sealed record JobQuality(string Profile, string Figures, string? Verdict, bool Counts);

/// <summary>The form in which a profile is kept.</summary>
/// <param name="Loaded">Rows that the job has loaded, or would have.</param>
internal sealed record StoredProfile(ProfileSummary Summary, long Loaded);

/// <summary>
/// The rows of a job are not as they should be, and its dataset says that they are not loaded then. Whoever catches it writes down why,
/// in the transaction that holds the job up or ends it.
/// </summary>
public sealed class QualityBreachException(JobQuality quality, BreachAction action, Problem problem) : Exception(problem.Detail)
{
    public JobQuality Quality { get; } = quality;

    public BreachAction Action { get; } = action;

    public Problem Problem { get; } = problem;
}
