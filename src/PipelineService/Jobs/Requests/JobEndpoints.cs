using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using PipelineService.Access;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Jobs.DeadLetters;
using PipelineService.Jobs.Gaps;
using PipelineService.Jobs.Quality;
using PipelineService.Jobs.Traces;

namespace PipelineService.Jobs.Requests;

/// <summary>The resource <c>/v1/jobs</c>.</summary>
public static class JobEndpoints
{
    internal const string ExampleId = "0199a3c0-0000-7000-8000-000000000000";

    /// <summary>The parameter <c>id</c> of every call on one job.</summary>
    internal static readonly ShownParameter IdOfJob = new("id", "The job's id.", Shapes.Id);

    /// <summary>When to look again, for the document.</summary>
    internal static readonly AnswerHeader UntilFinal =
        AnswerHeader.RetryAfter.Sometimes("Seconds after which to look again, until the job is final.");

    /// <summary>What <c>Prefer</c> came to, for the document.</summary>
    internal static readonly AnswerHeader WaitGranted = new(
        PreferHeader.Applied, "`wait=N`, where `Prefer: wait` was sent: how many seconds are waited at most.", Shapes.Text, IsAlways: false);

    public static IEndpointRouteBuilder MapJobs(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("/jobs").WithTags(DocumentTags.Jobs);
        group.MapGet("/{id}", GetAsync)
            .Requires(AccessScope.Read, AccessSubject.Job)
            .WithName("getJob").WithSummary("A job: its state, counts and progress")
            .WithDescription("Answers at once, or with `Prefer: wait=N` when the job has changed since `If-None-Match` "
                + "(without it: when the job is final), after at most N seconds.")
            .Takes(IdOfJob)
            .HeedsHeaders(
                ("If-None-Match", "An ETag of the job as the client knows it: 304 while it has not changed."),
                ("Prefer", "`wait=N` waits for a change, at most N seconds and `Jobs:WaitMax` (RFC 7240). `Preference-Applied` says "
                    + "how long is waited at most. A `wait` that is no whole number is refused; other preferences are passed over."))
            .Produces<JobView>().Produces(StatusCodes.Status304NotModified)
            .ProducesProblems(JobProblems.NotFound(ExampleId), Problem.MalformedHeader(PreferHeader.Name, PreferHeader.Fault))
            .NeedsDatabase()
            .Answers(AnswerHeader.ETag, StatusCodes.Status200OK, StatusCodes.Status304NotModified)
            .Answers(UntilFinal, StatusCodes.Status200OK, StatusCodes.Status304NotModified)
            .Answers(WaitGranted, StatusCodes.Status200OK, StatusCodes.Status304NotModified, StatusCodes.Status404NotFound);
        group.MapJobList();
        group.MapDeadLetters();
        group.MapTraces();
        group.MapGaps();
        group.MapQuality();
        group.MapJobActions();
        return api;
    }

    /// <summary>The answer that carries a job: its ETag, and when to ask again.</summary>
    internal static IResult Answer(HttpContext context, JobRow row, int status = StatusCodes.Status200OK)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(JobView.Of(row), PipelineJson.Options);
        string etag = ETagOf(body);
        context.Response.Headers.ETag = etag;
        if (!row.JobState.IsFinal())
        {
            context.Response.Headers.RetryAfter = "1";
        }

        return status == StatusCodes.Status200OK && IsKnown(context.Request, etag)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : new BodyResult(body, status);
    }

    private static async Task<IResult> GetAsync(
        string id, HttpContext context, JobQueries jobs, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out Guid jobId))
        {
            return JobProblems.NotFound(id).ToResult();
        }

        if (!PreferHeader.TryReadWait(context.Request.Headers[PreferHeader.Name], out TimeSpan? wait))
        {
            return Problem.MalformedHeader(PreferHeader.Name, PreferHeader.Fault).ToResult();
        }

        Caller caller = context.GetCaller();
        TimeSpan? granted = wait is null ? null : jobs.Granted(wait.Value);
        PreferHeader.TellApplied(context.Response, granted);
        JobRow? row = granted is { } time
            ? await jobs.WaitAsync(
                jobId, caller, r => r.JobState.IsFinal() || HasChanged(context.Request, r), time, cancellationToken)
            : await jobs.FindAsync(jobId, caller, cancellationToken);
        return row is null ? JobProblems.NotFound(id).ToResult() : Answer(context, row);
    }

    private static bool HasChanged(HttpRequest request, JobRow row) =>
        request.Headers.IfNoneMatch.Count > 0
        && !IsKnown(request, ETagOf(JsonSerializer.SerializeToUtf8Bytes(JobView.Of(row), PipelineJson.Options)));

    private static bool IsKnown(HttpRequest request, string etag) =>
        EntityTags.Parse(request.Headers.IfNoneMatch)?.MatchWeakly(etag) == true;

    private static string ETagOf(ReadOnlySpan<byte> body) => $"\"{XxHash3.HashToUInt64(body).ToString("x16", CultureInfo.InvariantCulture)}\"";

    private sealed class BodyResult(byte[] body, int status) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = status;
            httpContext.Response.ContentType = "application/json; charset=utf-8";
            httpContext.Response.ContentLength = body.Length;
            await httpContext.Response.Body.WriteAsync(body, httpContext.RequestAborted);
        }
    }
}
