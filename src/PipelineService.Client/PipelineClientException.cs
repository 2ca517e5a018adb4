namespace PipelineService.Client;

/// <summary>The service answered with something other than success; the message holds its answer.</summary>
public sealed class PipelineClientException : Exception
{
    public PipelineClientException()
    {
    }

    public PipelineClientException(string message)
        : base(message)
    {
    }

    public PipelineClientException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
