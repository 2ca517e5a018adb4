using Microsoft.Extensions.Options;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Jobs.Requests;

namespace PipelineService.Jobs.Gaps;

/// <summary>What the rows of a job lack because a service gave no answer: a page of it, and the call that has it filled.</summary>
public static class GapEndpoints
{
    /// <summary>More ops than a definition has: a place is told by one number.</summary>
    private const int OpsMax = 1_024;

    private static readonly string[] States = ["open", "requested", "filled", "gone"];

    public static void MapGaps(this IEndpointRouteBuilder jobs)
    {
        jobs.MapGet("/{id}/gaps", ListAsync)
            .Requires(AccessScope.Read, AccessSubject.Job)
            .WithName("listGaps").WithSummary("The values that rows of a job lack because a service gave no answer")
            .WithDescription("Of ops with `unavailable: \"null\"`, in the order of the records. `fill-gaps` fills them.")
            .Takes(JobEndpoints.IdOfJob, new ShownParameter("state", "Only those in this state.", Shapes.Named("GapState")))
            .Takes(Paging.Shown)
            .Produces<GapPage>()
            .ProducesProblems(
                JobProblems.NotFound(JobEndpoints.ExampleId), Problem.MalformedQuery("limit", "It is out of range."))
            .NeedsDatabase();
        jobs.MapPost("/{id}/fill-gaps", FillAsync)
            .Audits(AuditActions.GapsFill)
            .Requires(AccessScope.Manage, AccessSubject.Job)
            .WithName("fillGaps").WithSummary("Have the gaps of a job filled")
            .WithDescription("The services are asked again for what those rows lack, and nothing else: by the values that the rows have "
                + "now, within the limits of the service, in the background. A row that is gone stays gone, and a gap that the "
                + "service cannot fill is open again, with the reason. Calling it twice is as good as once.")
            .Takes(JobEndpoints.IdOfJob)
            .Produces<GapsRequested>(StatusCodes.Status202Accepted)
            .ProducesProblems(JobProblems.NotFound(JobEndpoints.ExampleId), JobProblems.IsNotFinal(JobState.Running))
            .NeedsDatabase();
    }

    private static async Task<IResult> ListAsync(
        string id, string? state, string? limit, string? cursor, HttpContext context, JobQueries jobs, GapStore gaps,
        IOptions<JobsOptions> options, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, context.GetCaller(), cancellationToken) is not { } job)
        {
            return JobProblems.NotFound(id).ToResult();
        }

        Dictionary<string, string[]> faults = [];
        if (state is not null && !States.Contains(state))
        {
            faults["/state"] = [$"'{Core.Rules.Excerpt.Of(state)}' is none of {string.Join(", ", States)}."];
        }

        int size = Paging.ParseLimit(limit, options.Value, faults);
        long place = Paging.ParseRecordCursor(cursor, faults);
        if (faults.Count > 0)
        {
            return Paging.Refuse(faults);
        }

        // Before the first op of the first record, or behind the last of the page before.
        (long Record, short Op) after = place == 0 ? (0, 0) : (place / OpsMax, (short)(place % OpsMax));
        IReadOnlyList<GapRow> found = await gaps.ListAsync(job.Id, after, state, size, cancellationToken);
        GapView[] page = [.. found.Take(size).Select(gap => new GapView(gap.Record, gap.Op, gap.Reason, gap.State, gap.TriedAt))];
        return TypedResults.Json(
            new GapPage(page, found.Count > size ? Paging.CursorOf((page[^1].Record * OpsMax) + page[^1].Op) : null), PipelineJson.Options);
    }

    private static async Task<IResult> FillAsync(
        string id, HttpContext context, JobQueries jobs, GapStore gaps, GapFiller filler, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, context.GetCaller(), cancellationToken) is not { } job)
        {
            return JobProblems.NotFound(id).ToResult();
        }

        if (!job.JobState.IsFinal())
        {
            return JobProblems.IsNotFinal(job.JobState).ToResult();
        }

        long requested = await gaps.RequestAsync(job, AuditActor.Of(context), cancellationToken);
        filler.Wake();
        return TypedResults.Json(
            new GapsRequested(requested, $"/v1/jobs/{job.Id}/gaps"), PipelineJson.Options, statusCode: StatusCodes.Status202Accepted);
    }
}

/// <summary>Something that a row lacks because a service gave no answer.</summary>
/// <param name="Record">1-based number of the record in the upload.</param>
/// <param name="Op">0-based index of the op in the <c>transforms</c> of the job's version of the dataset.</param>
/// <param name="Reason">Why there was no answer, the last time that it was asked for: a code as of dead letters.</param>
/// <param name="State">
/// <c>open</c>; <c>requested</c>: to be filled, as soon as the service answers; <c>filled</c>: the service has answered; <c>gone</c>: the
/// row is there no longer.
/// </param>
/// <param name="TriedAt">When it was last tried to fill it.</param>
public sealed record GapView(
    long Record, int Op, string Reason, [property: Words("GapState", "open", "requested", "filled", "gone")] string State, DateTime? TriedAt);

/// <summary>A page of gaps, in the order of the data.</summary>
/// <param name="NextCursor">For the next page; null on the last one.</param>
public sealed record GapPage(IReadOnlyList<GapView> Items, string? NextCursor);

/// <summary>That gaps are to be filled.</summary>
/// <param name="Requested">How many are to be filled now.</param>
/// <param name="Gaps">Where to see how they are.</param>
public sealed record GapsRequested(long Requested, string Gaps);
