using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Jobs;
using PipelineService.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Jobs.Requests;

/// <summary>What clients do to jobs: cancel one that is not final; revert, load again or delete one that is.</summary>
public static class JobActions
{
    public static void MapJobActions(this IEndpointRouteBuilder jobs)
    {
        jobs.MapPost("/{id}/cancel", CancelAsync)
            .Audits(AuditActions.JobCancel)
            .Requires(AccessScope.Ingest, AccessSubject.Job)
            .WithName("cancelJob").WithSummary("Cancel a job")
            .WithDescription("With `load.commit: job` nothing of it stays; with `chunk` the rows that have landed stay, and the "
                + "answer counts them. An upload that still arrives is refused with `job_cancelled`; when nothing of it was loaded "
                + "yet, no job is left. The answer waits a few seconds for the end: when the state is not `cancelled` by then, "
                + "`cancelRequested` says that it will be. 503 means that the job goes on.")
            .Takes(JobEndpoints.IdOfJob)
            .Produces<JobView>(StatusCodes.Status202Accepted)
            .ProducesProblems(
                JobProblems.NotFound(JobEndpoints.ExampleId), JobProblems.IsFinal(JobState.Succeeded), JobProblems.IsCommitting)
            .NeedsDatabase()
            .Answers(AnswerHeader.ETag, StatusCodes.Status202Accepted)
            .Answers(JobEndpoints.UntilFinal, StatusCodes.Status202Accepted);
        jobs.MapPost("/{id}/revert", RevertAsync)
            .Audits(AuditActions.JobRevert)
            .Requires(AccessScope.Manage, AccessSubject.Job)
            .WithName("revertJob").WithSummary("Remove the rows that a job loaded")
            .WithDescription("Needs `load.lineage`, or `load.mode: \"replace\"`: then the rows that were there before are "
                + "there again, if they "
                + "are kept. Reverting a second time removes nothing and says so. Removes every row or none, "
                + "and waits for locks of others no longer than `Write:LockTimeout`.")
            .Takes(JobEndpoints.IdOfJob)
            .Produces<RevertView>()
            .ProducesProblems(
                JobProblems.NotFound(JobEndpoints.ExampleId), JobProblems.IsNotFinal(JobState.Running), JobProblems.NoLineage,
                JobProblems.TableIsHeld("public.trips"), JobProblems.IsBeingReplaced(Guid.Parse(JobEndpoints.ExampleId)),
                JobProblems.FormerRowsGone(Guid.Parse(JobEndpoints.ExampleId), isKept: true),
                JobProblems.RevertRefused("PostgreSQL says: relation \"public.trips\" does not exist (SQLSTATE 42P01)."))
            .NeedsDatabase();
        jobs.MapPost("/{id}/rerun", RerunAsync)
            .Audits(AuditActions.JobRerun)
            .Requires(AccessScope.Manage, AccessSubject.Job)
            .WithName("rerunJob").WithSummary("Load the kept upload of a job once more")
            .WithDescription("Under the version of the dataset that is current now, as a new job that takes the place of this one: when "
                + "it succeeds, the rows of this one go in the moment in which its own come, and this one is reverted. If it fails, "
                + "this one is as it was. Needs `load.keepUpload` and `load.lineage`.")
            .Takes(JobEndpoints.IdOfJob)
            .Produces<JobView>(StatusCodes.Status202Accepted)
            .ProducesProblems(
                JobProblems.NotFound(JobEndpoints.ExampleId), DatasetProblems.NotFound("trips"),
                JobProblems.IsNotFinal(JobState.Running),
                JobProblems.IsReverted(Guid.Parse(JobEndpoints.ExampleId)), JobProblems.NoLineage,
                JobProblems.IsBeingReplaced(Guid.Parse(JobEndpoints.ExampleId)),
                JobProblems.UploadNotKept(Guid.Parse(JobEndpoints.ExampleId)))
            .NeedsDatabase()
            .Answers(AnswerHeader.Location, StatusCodes.Status202Accepted)
            .Answers(AnswerHeader.ETag, StatusCodes.Status202Accepted)
            .Answers(JobEndpoints.UntilFinal, StatusCodes.Status202Accepted);
        jobs.MapDelete("/{id}", DeleteAsync)
            .Audits(AuditActions.JobDelete)
            .Requires(AccessScope.Manage, AccessSubject.Job)
            .WithName("deleteJob").WithSummary("Delete a job that has ended; its rows stay")
            .WithDescription("The job is gone at once, for every call, and its dead letters with their raw records are erased within "
                + "moments, as is its upload where it was kept. The rows that it loaded stay, and cannot be reverted any more: revert "
                + "first if they are to go. Its `Idempotency-Key` is free: an upload under it is a new one. A second delete finds no job.")
            .Takes(JobEndpoints.IdOfJob)
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblems(
                JobProblems.NotFound(JobEndpoints.ExampleId), JobProblems.IsNotFinal(JobState.Running),
                JobProblems.IsBeingReplaced(Guid.Parse(JobEndpoints.ExampleId)))
            .NeedsDatabase();
    }

    private static async Task<IResult> CancelAsync(
        string id, HttpContext context, JobQueries jobs, JobCanceller canceller, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, context.GetCaller(), cancellationToken) is not { } before)
        {
            return JobProblems.NotFound(id).ToResult();
        }

        if (before.JobState.IsFinal())
        {
            return JobProblems.IsFinal(before.JobState).ToResult();
        }

        JobRow? after = await canceller.CancelAsync(before.Id, AuditActor.Of(context), cancellationToken);
        return after?.JobState switch
        {
            null => JobEndpoints.Answer(context, Vanished(before, time), StatusCodes.Status202Accepted),
            JobState.Committing => JobProblems.IsCommitting.ToResult(),
            JobState.Succeeded or JobState.PartiallySucceeded or JobState.Failed =>
                JobProblems.IsFinal(after.JobState).ToResult(),
            _ => JobEndpoints.Answer(context, after, StatusCodes.Status202Accepted),
        };
    }

    /// <summary>
    /// A job that ended before it had a row, or was taken back with its upload: nothing of it is left to be read.
    /// </summary>
    private static JobRow Vanished(JobRow job, TimeProvider time) => job with
    {
        State = JobState.Cancelled.ToText(),
        CancelRequested = true,
        WaitingFor = null,
        RecordsRead = 0,
        RecordsLoaded = 0,
        RecordsRejected = 0,
        RecordsFiltered = 0,
        ProgressRatio = 0,
        FinishedAt = time.GetDatabaseNow().UtcDateTime,
    };

    private static async Task<IResult> RevertAsync(
        string id, HttpContext context, JobQueries jobs, JobReverter reverter, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, context.GetCaller(), cancellationToken) is not { } job)
        {
            return JobProblems.NotFound(id).ToResult();
        }

        if (!job.JobState.IsFinal())
        {
            return JobProblems.IsNotFinal(job.JobState).ToResult();
        }

        (long rows, Problem? problem) = await reverter.RevertAsync(job, AuditActor.Of(context), cancellationToken);
        if (problem is not null)
        {
            return problem.ToResult();
        }

        JobRow after = await jobs.FindAsync(job.Id, context.GetCaller(), cancellationToken) ?? job;
        return TypedResults.Json(new RevertView(rows, JobView.Of(after)), PipelineJson.Options);
    }

    private static async Task<IResult> RerunAsync(
        string id, HttpContext context, JobRerun rerun, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out Guid jobId))
        {
            return JobProblems.NotFound(id).ToResult();
        }

        (JobRow? job, Problem? problem) = await rerun.BeginAsync(
            jobId, context.GetCaller(), AuditActor.Of(context), cancellationToken);
        if (job is null)
        {
            return problem!.ToResult();
        }

        context.Response.Headers.Location = $"/v1/jobs/{job.Id}";
        return JobEndpoints.Answer(context, job, StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> DeleteAsync(
        string id, HttpContext context, JobStore store, JobQueries jobs, JobDeleter deleter, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, context.GetCaller(), cancellationToken) is not { } job)
        {
            return JobProblems.NotFound(id).ToResult();
        }

        if (!job.JobState.IsFinal())
        {
            return JobProblems.IsNotFinal(job.JobState).ToResult();
        }

        if (job.ReplacedBy is not null && await store.IsBeingReplacedAsync(job.Id, cancellationToken))
        {
            return JobProblems.IsBeingReplaced(job.Id).ToResult();
        }

        return await deleter.DeleteAsync(job, AuditActor.Of(context), cancellationToken)
            ? TypedResults.NoContent()
            : JobProblems.NotFound(id).ToResult();
    }
}

/// <summary>What a revert did.</summary>
/// <param name="RowsRemoved">By this call; 0 when the job was reverted before.</param>
public sealed record RevertView(long RowsRemoved, JobView Job);
