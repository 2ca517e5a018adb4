using PipelineService.Hosting.Http;

namespace PipelineService.Hosting;

/// <summary>A job cannot be loaded, and trying again would not help; carries what its resource will say.</summary>
public class JobFaultException(Problem problem) : Exception(problem.Detail)
{
    public Problem Problem { get; } = problem;
}
