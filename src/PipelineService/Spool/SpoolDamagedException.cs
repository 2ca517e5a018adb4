namespace PipelineService.Spool;

/// <summary>What the spool holds of an upload is not what was received.</summary>
public sealed class SpoolDamagedException : Exception
{
    public SpoolDamagedException()
    {
    }

    public SpoolDamagedException(string message)
        : base(message)
    {
    }

    public SpoolDamagedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
