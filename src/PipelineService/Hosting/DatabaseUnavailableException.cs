namespace PipelineService.Hosting;

/// <summary>The database cannot be reached; requests that need it are answered 503 with <c>Retry-After</c>.</summary>
public sealed class DatabaseUnavailableException : Exception
{
    public DatabaseUnavailableException()
    {
    }

    public DatabaseUnavailableException(string message)
        : base(message)
    {
    }

    public DatabaseUnavailableException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>When another try makes sense.</summary>
    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>What a request is answered in a common outage, for the API's description.</summary>
    internal static Problem Example { get; } = new DatabaseUnavailableException(
        "The database cannot be reached or is too slow. Uploads for known datasets are still taken.").ToProblem();

    internal Problem ToProblem() => new()
    {
        Code = "database_unavailable",
        Status = StatusCodes.Status503ServiceUnavailable,
        Title = "The database cannot be used.",
        Detail = Message,
    };
}
