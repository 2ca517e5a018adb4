namespace PipelineService.Spool;

/// <summary>
/// An upload is written in a form that this version does not know: neither damaged nor for us. It is left as it is.
/// </summary>
public sealed class SpoolNewerException : Exception
{
    public SpoolNewerException()
    {
    }

    public SpoolNewerException(string message)
        : base(message)
    {
    }

    public SpoolNewerException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
