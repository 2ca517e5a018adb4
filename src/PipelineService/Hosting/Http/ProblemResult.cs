using System.Diagnostics;
using System.Globalization;

namespace PipelineService.Hosting.Http;

/// <summary>A request was answered with a problem: for those who tell of requests.</summary>
internal sealed record AnsweredProblem(string Code);

/// <summary>On an endpoint: counts the problems that its requests are answered with, whoever finds them.</summary>
internal sealed record ProblemCounter(Action<string> Count);

/// <summary>The answer that carries a problem.</summary>
internal sealed class ProblemResult(Problem problem) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext)
    {
        IHeaderDictionary headers = httpContext.Response.Headers;
        if (problem.RetryAfterSeconds is { } seconds)
        {
            headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (problem.Accepts is var (name, value))
        {
            headers[name] = value;
        }

        httpContext.Features.Set(new AnsweredProblem(problem.Code));
        httpContext.GetEndpoint()?.Metadata.GetMetadata<ProblemCounter>()?.Count(problem.Code);
        return Results
            .Json(
                problem with { TraceId = problem.TraceId ?? Activity.Current?.TraceId.ToString() },
                PipelineJson.Options,
                Problem.ContentType,
                problem.Status)
            .ExecuteAsync(httpContext);
    }
}
