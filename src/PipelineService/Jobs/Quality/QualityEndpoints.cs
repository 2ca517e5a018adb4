using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Jobs.Requests;

namespace PipelineService.Jobs.Quality;

/// <summary>What the rows of a job are like, and what is decided on one whose rows are not as usual.</summary>
public static class QualityEndpoints
{
    public static void MapQuality(this IEndpointRouteBuilder jobs)
    {
        jobs.MapGet("/{id}/profile", ProfileAsync)
            .Requires(AccessScope.Read, AccessSubject.Job)
            .WithName("getProfile").WithSummary("What the rows of a job are like")
            .WithDescription("Of datasets with `\"profile\": true` or quality rules: of each column how many values there are, the least "
                + "and the greatest, sums and lengths, exactly; different values, with a standard error of 1.6 %; and of one row of eight the "
                + "most frequent values, patterns of texts and quantiles of numbers. Of columns with personal data no values. Of a job "
                + "that is held, or failed by a rule, of the rows that it would have loaded.")
            .Takes(JobEndpoints.IdOfJob)
            .Produces<ProfileView>()
            .ProducesProblems(JobProblems.NotFound(JobEndpoints.ExampleId), JobProblems.NoProfile(Guid.Parse(JobEndpoints.ExampleId)))
            .NeedsDatabase();
        jobs.MapPost("/{id}/approve", ApproveAsync)
            .Audits(AuditActions.JobApprove)
            .Requires(AccessScope.Manage, AccessSubject.Job)
            .WithName("approveJob").WithSummary("Load a held job, or let a loaded one count as usual")
            .WithDescription("A job that waits for approval (`quality.onBreach: \"hold\"`) is loaded again from the spool, without asking "
                + "the rules: 202. One that was loaded although it broke a rule (`warn`) counts among those by which later ones are "
                + "measured: 200. Approving once more changes nothing and answers the same.")
            .Takes(JobEndpoints.IdOfJob)
            .Produces<JobView>(StatusCodes.Status200OK).Produces<JobView>(StatusCodes.Status202Accepted)
            .ProducesProblems(JobProblems.NotFound(JobEndpoints.ExampleId), JobProblems.NotHeld(Guid.Parse(JobEndpoints.ExampleId)))
            .NeedsDatabase()
            .Answers(AnswerHeader.ETag, StatusCodes.Status200OK, StatusCodes.Status202Accepted)
            .Answers(JobEndpoints.UntilFinal, StatusCodes.Status202Accepted);
        jobs.MapPost("/{id}/reject", RejectAsync)
            .Audits(AuditActions.JobReject)
            .Requires(AccessScope.Manage, AccessSubject.Job)
            .WithName("rejectJob").WithSummary("End a held job, so that nothing of it is loaded")
            .WithDescription("It has failed then, with the code `quality_rejected`. Rejecting once more changes nothing and answers the "
                + "same.")
            .Takes(JobEndpoints.IdOfJob)
            .Produces<JobView>()
            .ProducesProblems(JobProblems.NotFound(JobEndpoints.ExampleId), JobProblems.NotHeld(Guid.Parse(JobEndpoints.ExampleId)))
            .NeedsDatabase()
            .Answers(AnswerHeader.ETag, StatusCodes.Status200OK);
    }

    private static async Task<IResult> ProfileAsync(
        string id, HttpContext context, JobQueries jobs, ProfileStore profiles, CancellationToken cancellationToken) =>
        await jobs.FindAsync(id, context.GetCaller(), cancellationToken) is not { } job ? JobProblems.NotFound(id).ToResult()
        : await profiles.FindAsync(job, cancellationToken) is { } profile ? TypedResults.Json(profile, PipelineJson.Options)
        : JobProblems.NoProfile(job.Id).ToResult();

    private static async Task<IResult> ApproveAsync(
        string id, HttpContext context, JobQueries jobs, JobDecisions decisions, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, context.GetCaller(), cancellationToken) is not { } job)
        {
            return JobProblems.NotFound(id).ToResult();
        }

        (JobRow? decided, Problem? problem) = await decisions.ApproveAsync(job, AuditActor.Of(context), cancellationToken);
        return decided is null
            ? problem!.ToResult()
            : JobEndpoints.Answer(
                context, decided, decided.JobState.IsFinal() ? StatusCodes.Status200OK : StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> RejectAsync(
        string id, HttpContext context, JobQueries jobs, JobDecisions decisions, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, context.GetCaller(), cancellationToken) is not { } job)
        {
            return JobProblems.NotFound(id).ToResult();
        }

        (JobRow? decided, Problem? problem) = await decisions.RejectAsync(job, AuditActor.Of(context), cancellationToken);
        return decided is null ? problem!.ToResult() : JobEndpoints.Answer(context, decided);
    }
}
