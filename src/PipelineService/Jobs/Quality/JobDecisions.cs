using Dapper;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Runs;

namespace PipelineService.Jobs.Quality;

/// <summary>
/// Decides on jobs whose rows are not as usual: one that is held is loaded or ended, one that was loaded counts as usual from then on. The
/// first decision stands: of two who decide at the same time the second finds nothing to decide on, and who decides once more what was
/// decided already is told so.
/// </summary>
public sealed class JobDecisions(
    Database database, JobStore store, JobEndings endings, JobStarter starter, LiveJobs liveJobs, UploadRelease uploads,
    JobEndReport report, TimeProvider time)
{
    public const string Approval = "approval";

    public static bool IsHeld(JobRow job) => job is { WaitingFor: Approval, FinishedAt: null };

    /// <summary>Lets a held job be loaded, whatever its rows are like; or lets one that was loaded count as usual.</summary>
    /// <returns>The job as it is then, or why there was nothing to decide.</returns>
    public async Task<(JobRow? Job, Problem? Problem)> ApproveAsync(JobRow job, AuditActor actor, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetDatabaseNow();
        DecisionView decision = new(DecisionView.Approved, actor.Name, now.UtcDateTime);
        var entry = AuditEntry.Of(
            actor, AuditActions.JobApprove, now, $"job/{job.Id}", job.Dataset, ("state", job.State));
        JobRow? approved = await database.RunAsync(
            (connection, token) => ApproveAsync(connection, job, decision, entry, token), cancellationToken);
        if (approved is null)
        {
            return await DecidedAsync(job.Id, DecisionView.Approved, cancellationToken);
        }

        if (!approved.JobState.IsFinal())
        {
            starter.TellQueued(approved);
        }

        liveJobs.Tell(job.Id);
        return (approved, null);
    }

    /// <summary>Ends a held job: nothing of it is loaded.</summary>
    /// <inheritdoc cref="ApproveAsync(JobRow, AuditActor, CancellationToken)" path="/returns"/>
    public Task<(JobRow? Job, Problem? Problem)> RejectAsync(JobRow job, AuditActor actor, CancellationToken cancellationToken) =>
        RejectAsync(job, actor, DecisionView.Rejected, QualityFaults.Rejected(actor.Name), cancellationToken);

    /// <summary>Ends a job that was held for as long without anybody's decision.</summary>
    public async Task ExpireAsync(JobRow job, TimeSpan after, CancellationToken cancellationToken) =>
        await RejectAsync(job, AuditActor.Service, DecisionView.Expired, QualityFaults.Expired(after), cancellationToken);

    private async Task<(JobRow? Job, Problem? Problem)> RejectAsync(
        JobRow job, AuditActor actor, string outcome, Problem reason, CancellationToken cancellationToken)
    {
        DateTimeOffset now = time.GetDatabaseNow();
        var entry = AuditEntry.Of(
            actor, AuditActions.JobReject, now, $"job/{job.Id}", job.Dataset, ("reason", reason.Code));
        DecisionView decision = new(outcome, actor.Name, now.UtcDateTime);
        if (!await endings.RejectAsync(job.Id, decision, Faults.ToJson(reason), entry, cancellationToken))
        {
            return await DecidedAsync(job.Id, outcome, cancellationToken);
        }

        await uploads.ReleaseAsync(job.Id, cancellationToken);
        liveJobs.Tell(job.Id);
        await report.TellAsync(job.Id, cancellationToken);
        return (await store.FindAsync(job.Id, cancellationToken) ?? job, null);
    }

    private static async Task<JobRow?> ApproveAsync(
        NpgsqlConnection connection, JobRow job, DecisionView decision, AuditEntry entry, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        string sql = job.JobState.IsFinal() ? QualitySql.ApproveLoaded : QualitySql.ApproveHeld;
        if (await connection.QuerySingleOrDefaultAsync<JobRow>(JobSql.Command(
            sql, new { id = job.Id, decision = decision.ToJson() }, cancellationToken)) is not { } approved)
        {
            return null;
        }

        await AuditWriter.WriteAsync(connection, [entry], cancellationToken);
        FaultPoints.Reach(FaultPoint.DecisionWriting);
        await transaction.CommitAsync(cancellationToken);
        FaultPoints.Reach(FaultPoint.DecisionWritten);
        return approved;
    }

    /// <summary>Nothing was to be decided: because the same was decided before, or for another reason.</summary>
    private async Task<(JobRow? Job, Problem? Problem)> DecidedAsync(Guid id, string outcome, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken) is { } row && QualityView.Of(row)?.Decision?.Outcome == outcome
            ? (row, null)
            : (null, JobProblems.NotHeld(id));
}
