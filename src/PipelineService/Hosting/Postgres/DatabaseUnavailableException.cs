using PipelineService.Hosting.Http;

namespace PipelineService.Hosting.Postgres;

/// <summary>The database cannot be reached; requests that need it are answered 503 with <c>Retry-After</c>.</summary>
public sealed class DatabaseUnavailableException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>
    /// When another try makes sense; at once where a circuit says that its time was up before it has said so.
    /// </summary>
    public TimeSpan RetryAfter
    {
        get;
        init => field = value < TimeSpan.Zero ? TimeSpan.Zero : value;
    } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The same for the header Retry-After, which has whole seconds: at least one, so that nobody tries without a pause.
    /// </summary>
    public int RetryAfterSeconds => Math.Max(1, (int)Math.Ceiling(RetryAfter.TotalSeconds));

    /// <summary>What a request is answered in a common outage, for the API's description.</summary>
    internal static Problem Example { get; } = new DatabaseUnavailableException(
        "The database cannot be reached or is too slow. Uploads for known datasets are still taken.").ToProblem();

    internal Problem ToProblem() => new()
    {
        Code = "database_unavailable",
        Status = StatusCodes.Status503ServiceUnavailable,
        Title = "The database cannot be used.",
        Detail = Message,
        RetryAfterSeconds = RetryAfterSeconds,
    };
}
