namespace PipelineService.Hosting.Web;

/// <summary>One line for each request, when it is answered. The framework writes three, and none has the duration and the status.</summary>
internal sealed partial class RequestLog(RequestDelegate next, TimeProvider time, ILogger<RequestLog> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        long started = time.GetTimestamp();
        try
        {
            await next(context);
        }
        finally
        {
            LogLevel level = LevelOf(context);
            if (logger.IsEnabled(level))
            {
                // The path as it was sent, escaped: decoded it could forge lines of the log.
                string path = context.Request.PathBase.ToUriComponent() + context.Request.Path.ToUriComponent();
                double milliseconds = time.GetElapsedTime(started).TotalMilliseconds;
                Log.Answered(logger, level, context.Request.Method, path, context.Response.StatusCode, milliseconds);
            }
        }
    }

    /// <summary>Probes and scrapes come every few seconds and would bury the rest.</summary>
    private static LogLevel LevelOf(HttpContext context) =>
        context.Response.StatusCode >= 500 ? LogLevel.Warning
        : context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal)
            || context.Request.Path.StartsWithSegments("/metrics", StringComparison.Ordinal) ? LogLevel.Debug
        : LogLevel.Information;

    private static partial class Log
    {
        [LoggerMessage("{Method} {Path} answered {Status} in {Milliseconds:0.0} ms")]
        public static partial void Answered(
            ILogger logger, LogLevel level, string method, string path, int status, double milliseconds);
    }
}
