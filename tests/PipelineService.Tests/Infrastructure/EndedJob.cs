using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Runs;
using PipelineService.Write;

namespace PipelineService.Tests.Infrastructure;

/// <summary>What must be true of a job that has ended, in whatever way: its counts are exact, and it holds nothing any more.</summary>
internal static class EndedJob
{
    /// <param name="table">Where its rows are, with lineage.</param>
    public static async Task AssertExactAndClearedAsync(TestDatabase database, ServiceUnderTest service, JobView job, string table)
    {
        Assert.True(job.State.IsFinal(), $"It is {job.State}.");
        Assert.Equal(job.Records.Read, job.Records.Loaded + job.Records.Rejected + job.Records.Filtered);
        Assert.Equal(
            job.Records.Loaded, await database.ScalarAsync<long>($"SELECT count(*) FROM public.{table} WHERE _job_id = '{job.Id}'"));
        Assert.Equal(
            job.Records.Rejected,
            await database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.dead_letters WHERE job_id = '{job.Id}'"));
        Assert.Equal(
            $"{job.State.ToText()} {job.Records.Read} {job.Records.Loaded} {job.Records.Rejected} free",
            await database.ScalarAsync<string>($"""
                SELECT concat_ws(' ', state, records_read, records_loaded, records_rejected,
                                 CASE WHEN owner IS NULL AND lease_until IS NULL THEN 'free' END)
                FROM pipeline.jobs WHERE id = '{job.Id}'
                """));
        await AssertRejectsSummedUpAsync(database, job);
        await AssertClearedAsync(database, service, job.Id);
    }

    /// <summary>The summary of its rejects says what its dead letters say.</summary>
    public static async Task AssertRejectsSummedUpAsync(TestDatabase database, JobView job)
    {
        string? letters = await database.ScalarAsync<string>($"""
            SELECT coalesce(string_agg(format('%s %s %s', code, coalesce(field, '*'), records), ', '
                                       ORDER BY records DESC, code COLLATE "C", field COLLATE "C" NULLS FIRST), '')
            FROM (SELECT error ->> 'code' AS code, error ->> 'field' AS field, count(DISTINCT record) AS records
                  FROM pipeline.dead_letters, jsonb_array_elements(errors) AS e (error)
                  WHERE job_id = '{job.Id}' GROUP BY 1, 2) groups
            """);
        Assert.NotNull(job.Rejects);
        Assert.Equal(letters, string.Join(", ", job.Rejects.Groups.Select(g => $"{g.Code} {g.Field ?? "*"} {g.Records}")));
        Assert.Equal(0, job.Rejects.Other);
        Assert.Equal(
            0, await database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.job_rejects WHERE job_id = '{job.Id}'"));
    }

    /// <summary>No file, no session, no transaction: gone, or going and so waited for.</summary>
    public static async Task AssertClearedAsync(TestDatabase database, ServiceUnderTest service, Guid job)
    {
        LiveJobs live = service.Services.GetRequiredService<LiveJobs>();
        SessionBudget budget = service.Services.GetRequiredService<SessionBudget>();
        await BoundedWait.UntilAsync("the job to give back its sessions and its files", () =>
            live.Find(job) is null && budget.Used == 0
            && !Directory.EnumerateFiles(service.SpoolDirectory, $"{job}*").Any());
        await BoundedWait.UntilAsync("the job's transactions to end", () => database.ScalarAsync<bool>($"""
            SELECT NOT EXISTS (SELECT FROM pg_stat_activity
                               WHERE datname = current_database() AND pid <> pg_backend_pid()
                                 AND (state LIKE 'idle in transaction%' OR application_name = '{WriteSession.SessionName(job)}'))
            """));
    }
}
