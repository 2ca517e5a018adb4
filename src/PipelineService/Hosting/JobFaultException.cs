namespace PipelineService.Hosting;

/// <summary>A job cannot be loaded, and trying again would not help; carries what its resource will say.</summary>
public sealed class JobFaultException : Exception
{
    public JobFaultException()
        : this("The job failed.")
    {
    }

    public JobFaultException(string message)
        : this(new Problem { Title = message, Status = StatusCodes.Status500InternalServerError, Code = "internal_error" })
    {
    }

    public JobFaultException(string message, Exception innerException)
        : base(message, innerException) =>
        Problem = new Problem { Title = message, Status = StatusCodes.Status500InternalServerError, Code = "internal_error" };

    public JobFaultException(Problem problem)
        : base(problem.Detail ?? problem.Title) => Problem = problem;

    public Problem Problem { get; }
}
