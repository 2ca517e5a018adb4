namespace PipelineService.Access.Limits;

/// <summary>Lets a call pass that its limits let pass, and answers the others.</summary>
/// <remarks>
/// ASP.NET's own middleware does the same and cannot be disposed of: the timer of a limiter that it makes for itself keeps it, and through
/// it the whole service, for as long as the process lives (dotnet/aspnetcore#69259).
/// </remarks>
internal sealed class CallLimitGate(RequestDelegate next, CallLimiter limiter)
{
    public Task InvokeAsync(HttpContext context) =>
        limiter.Take(context) is { } problem ? problem.ToResult().ExecuteAsync(context) : next(context);
}
