using PipelineService.Hosting.Http;

namespace PipelineService.Hosting;

/// <summary>A job cannot be loaded, and trying again would not help; carries what its resource will say.</summary>
public sealed class JobFaultException : Exception
{
    public JobFaultException()
        : this("The job failed.")
    {
    }

    public JobFaultException(string message)
        : this(Internal(message))
    {
    }

    public JobFaultException(string message, Exception innerException)
        : base(message, innerException) => Problem = Internal(message);

    public JobFaultException(Problem problem)
        : base(problem.Detail) => Problem = problem;

    public Problem Problem { get; }

    private static Problem Internal(string message) => new()
    {
        Code = "internal_error",
        Status = StatusCodes.Status500InternalServerError,
        Title = "The job failed for a reason inside the service.",
        Detail = message,
    };
}
