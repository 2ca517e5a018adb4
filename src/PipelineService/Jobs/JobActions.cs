using PipelineService.Core.Jobs;
using PipelineService.Hosting;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Jobs;

/// <summary>What clients do to jobs: cancel one that is not final, revert one that is.</summary>
public static class JobActions
{
    public static void MapJobActions(this IEndpointRouteBuilder jobs)
    {
        const string ExampleId = "0199a3c0-0000-7000-8000-000000000000";
        jobs.MapPost("/{id}/cancel", CancelAsync)
            .WithName("cancelJob").WithSummary("Cancel a job")
            .WithDescription("With `load.commit: job` nothing of it stays; with `chunk` the rows that have landed stay, and the "
                + "answer counts them.")
            .Produces<JobView>(StatusCodes.Status202Accepted)
            .ProducesProblems(
                JobProblems.NotFound(ExampleId), JobProblems.IsFinal(JobState.Succeeded), JobProblems.IsCommitting,
                JobProblems.DatabaseUnavailable);
        jobs.MapPost("/{id}/revert", RevertAsync)
            .WithName("revertJob").WithSummary("Remove the rows that a job loaded")
            .WithDescription("Needs `load.lineage`. Reverting a second time removes nothing and says so.")
            .Produces<RevertView>()
            .ProducesProblems(
                JobProblems.NotFound(ExampleId), JobProblems.IsNotFinal(JobState.Running), JobProblems.NoLineage,
                JobProblems.DatabaseUnavailable);
    }

    private static async Task<IResult> CancelAsync(
        string id, HttpContext context, JobQueries jobs, JobCanceller canceller, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out Guid jobId) || await jobs.FindAsync(jobId, cancellationToken) is not { } before)
        {
            return JobProblems.NotFound(id).ToResult();
        }

        if (before.JobState.IsFinal())
        {
            return JobProblems.IsFinal(before.JobState).ToResult();
        }

        JobRow? after = await canceller.CancelAsync(jobId, cancellationToken);
        return after?.JobState switch
        {
            null => JobEndpoints.Answer(
                context, before with { State = JobState.Cancelled.ToText() }, StatusCodes.Status202Accepted), // not even registered yet
            JobState.Committing => JobProblems.IsCommitting.ToResult(),
            JobState.Succeeded or JobState.PartiallySucceeded or JobState.Failed => JobProblems.IsFinal(after.JobState).ToResult(),
            _ => JobEndpoints.Answer(context, after, StatusCodes.Status202Accepted),
        };
    }

    private static async Task<IResult> RevertAsync(
        string id, JobQueries jobs, JobReverter reverter, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out Guid jobId) || await jobs.FindAsync(jobId, cancellationToken) is not { } job)
        {
            return JobProblems.NotFound(id).ToResult();
        }

        if (!job.JobState.IsFinal())
        {
            return JobProblems.IsNotFinal(job.JobState).ToResult();
        }

        long? removed = await reverter.RevertAsync(job, cancellationToken);
        if (removed is not long rows)
        {
            return JobProblems.NoLineage.ToResult();
        }

        JobRow after = await jobs.FindAsync(jobId, cancellationToken) ?? job;
        return TypedResults.Json(new RevertView(rows, JobView.Of(after)), PipelineJson.Options);
    }
}

/// <summary>What a revert did.</summary>
/// <param name="RowsRemoved">By this call; 0 when the job was reverted before.</param>
public sealed record RevertView(long RowsRemoved, JobView Job);
