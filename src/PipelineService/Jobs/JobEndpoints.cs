using System.Globalization;
using System.IO.Hashing;
using System.Text.Json;
using Microsoft.Extensions.Options;
using PipelineService.Core.Jobs;
using PipelineService.Hosting;
using PipelineService.Hosting.OpenApi;
using PipelineService.Hosting.Web;

namespace PipelineService.Jobs;

/// <summary>The resource <c>/v1/jobs</c>.</summary>
public static class JobEndpoints
{
    internal const string ExampleId = "0199a3c0-0000-7000-8000-000000000000";

    /// <summary>The parameter <c>id</c> of every call on one job.</summary>
    internal static readonly ShownParameter IdOfJob = new("id", "The job's id.", Shapes.Id);

    /// <summary>When to look again, for the document.</summary>
    internal static readonly AnswerHeader UntilFinal =
        AnswerHeader.RetryAfter.Sometimes("Seconds after which to look again, until the job is final.");

    public static IEndpointRouteBuilder MapJobs(this IEndpointRouteBuilder app)
    {
        RouteGroupBuilder group = app.MapGroup("/v1/jobs").WithTags(DocumentTags.Jobs);
        group.MapGet("/{id}", GetAsync)
            .WithName("getJob").WithSummary("A job: its state, counts and progress")
            .WithDescription("Answers at once, or with `Prefer: wait=N` when the job has changed since `If-None-Match` "
                + "(without it: when the job is final), after at most N seconds.")
            .Takes(IdOfJob)
            .HeedsHeaders(
                ("If-None-Match", "An ETag of the job as the client knows it: 304 while it has not changed."),
                ("Prefer", "`wait=N` waits for a change, at most N seconds (RFC 7240)."))
            .Produces<JobView>().Produces(StatusCodes.Status304NotModified)
            .ProducesProblems(JobProblems.NotFound(ExampleId))
            .NeedsDatabase()
            .Answers(AnswerHeader.ETag, StatusCodes.Status200OK, StatusCodes.Status304NotModified)
            .Answers(UntilFinal, StatusCodes.Status200OK, StatusCodes.Status304NotModified);
        group.MapGet("/", ListAsync)
            .WithName("listJobs").WithSummary("List the jobs")
            .WithDescription("Newest first, all of them or those that every given parameter fits.")
            .Takes(
                ("dataset", "Jobs of this dataset."),
                new ShownParameter("state", "Jobs in this state.", Shapes.Named(nameof(JobState))),
                ("source", "Jobs of this sender."))
            .Takes(Paging.Shown)
            .Produces<JobPage>()
            .ProducesProblems(JobProblems.MalformedQuery("limit"))
            .NeedsDatabase();
        group.MapDeadLetters();
        group.MapJobActions();
        return app;
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

        JobRow? row = PreferHeader.ParseWait(context.Request.Headers["Prefer"]) is { } wait
            ? await jobs.WaitAsync(jobId, r => r.JobState.IsFinal() || HasChanged(context.Request, r), wait, cancellationToken)
            : await jobs.FindAsync(jobId, cancellationToken);
        return row is null ? JobProblems.NotFound(id).ToResult() : Answer(context, row);
    }

    private static async Task<IResult> ListAsync(
        string? dataset, string? state, string? source, string? limit, string? cursor,
        JobQueries jobs, IOptions<JobsOptions> options, CancellationToken cancellationToken)
    {
        Dictionary<string, string[]> faults = [];
        if (state is not null && !JobStates.TryParse(state, out _))
        {
            faults["/state"] = [$"'{state}' is no state; use one of {string.Join(", ", Enum.GetValues<JobState>().Select(s => s.ToText()))}."];
        }

        int size = Paging.ParseLimit(limit, options.Value, faults);
        Guid? before = Paging.ParseCursor(cursor, faults);
        if (faults.Count > 0)
        {
            return Paging.Refuse(faults);
        }

        IReadOnlyList<JobRow> rows = await jobs.ListAsync(new JobFilter(dataset, state, source, before, size + 1), cancellationToken);
        JobView[] page = [.. rows.Take(size).Select(JobView.Of)];
        return TypedResults.Json(
            new JobPage(page, rows.Count > size ? Paging.CursorOf(page[^1].Id) : null), PipelineJson.Options);
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
