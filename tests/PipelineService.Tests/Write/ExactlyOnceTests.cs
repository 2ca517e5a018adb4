using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;
using PipelineService.Write;

namespace PipelineService.Tests.Write;

/// <summary>Attempts that die or are overtaken in the middle of a load neither lose nor double a record.</summary>
public sealed class ExactlyOnceTests(ImpatientService service) : IClassFixture<ImpatientService>
{
    private const int Half = 3000;

    public static TheoryData<string> Policies => ["job", "chunk"];

    [Theory, MemberData(nameof(Policies))]
    public async Task A_killed_session_is_repeated_exactly(string commit)
    {
        string table = $"killed_{commit}";
        await service.DeclareAsync(table, """{ "name": "id", "type": "integer" }""", commit);
        using HeldBody body = new();
        (Guid id, Task<ApiAnswer> answer) = await LoadHalfAsync(table, body);

        long killed = await service.Database.ScalarAsync<long>($"""
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE application_name = '{WriteSession.SessionName(id)}'
            """);
        await body.SendAsync(Numbers(Half + 1));
        body.Complete();
        JobView job = await service.Api.WhenFinalAsync((await answer).Job.Id);

        Assert.Equal(commit == "job", killed > 0);
        await ExpectEveryRecordOnceAsync(job, table);
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task Rejects_are_summed_up_once_however_many_attempts_met_them(string commit)
    {
        string table = $"rejected_{commit}";
        await service.DeclareAsync(table, """{ "name": "id", "type": "integer" }""", commit);
        using HeldBody body = new();
        (Guid id, Task<ApiAnswer> answer) = await LoadHalfAsync(table, body, Bad(50));

        await service.Database.ExecuteAsync(
            $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{WriteSession.SessionName(id)}'");
        await body.SendAsync(Numbers(Half + 1) + Bad(10));
        body.Complete();
        JobView job = await service.Api.WhenFinalAsync((await answer).Job.Id);

        Assert.Equal([new RejectGroup("type_mismatch", "id", 60)], job.Rejects!.Groups);
        await EndedJob.AssertRejectsSummedUpAsync(service.Database, job);

        static string Bad(int count) => string.Concat(Enumerable.Repeat("x\n", count));
    }

    [Theory, MemberData(nameof(Policies))]
    public async Task An_attempt_that_was_taken_over_commits_nothing_more(string commit)
    {
        string table = $"overtaken_{commit}";
        await service.DeclareAsync(table, """{ "name": "id", "type": "integer" }""", commit);
        using HeldBody body = new();
        (Guid id, Task<ApiAnswer> answer) = await LoadHalfAsync(table, body);

        // As another instance would take it: a new epoch, a lease that has run out.
        await service.Database.ExecuteAsync($"""
            UPDATE pipeline.jobs SET epoch = epoch + 1, lease_until = now() WHERE id = '{id}';
            CREATE TABLE {table}_before AS SELECT start_offset FROM pipeline.job_chunks WHERE job_id = '{id}'
            """);
        await body.SendAsync(Numbers(Half + 1));
        body.Complete();
        JobView job = await service.Api.WhenFinalAsync((await answer).Job.Id);

        await ExpectEveryRecordOnceAsync(job, table);
        Assert.Equal(0, await service.Database.ScalarAsync<long>($"""
            SELECT count(*) FROM pipeline.job_chunks
            WHERE job_id = '{id}' AND epoch = 1 AND start_offset NOT IN (SELECT start_offset FROM {table}_before)
            """));
    }

    /// <summary>Sends half of the records and waits until the job's transactions hold them.</summary>
    private async Task<(Guid Id, Task<ApiAnswer> Answer)> LoadHalfAsync(string table, HeldBody body, string bad = "")
    {
        await using JobRowSignal row = await JobRowSignal.ListenAsync(service.Database, table);
        Task<ApiAnswer> answer = service.Api.UploadAsync(table, body);
        await body.SendAsync($"id\n{bad}{Numbers(1)}");
        Guid id = await row.RegisteredAsync();
        await service.Api.WhenAsync(id, "half loaded", job => job.Records.Loaded == Half);
        return (id, answer);
    }

    private static string Numbers(int first) => string.Concat(Enumerable.Range(first, Half).Select(i => $"{i}\n"));

    private async Task ExpectEveryRecordOnceAsync(JobView job, string table)
    {
        Assert.Equal((JobState.Succeeded, 2L * Half), (job.State, job.Records.Loaded));
        Assert.Equal(
            Enumerable.Range(1, 2 * Half).Select(i => $"{i} {i}"),
            await service.RowsAsync($"SELECT id || ' ' || _record FROM {table} ORDER BY id"));
    }
}

/// <summary>Loads from the first kilobytes on, and notices a lost lease within a second.</summary>
public class ImpatientService(PostgresServer server) : LoadingService(server)
{
    protected override IEnumerable<(string Key, string? Value)> Settings =>
    [
        .. base.Settings, ("Intake:LoadAfterBytes", "4096"), ("Spool:ChunkAgeMax", "00:00:00.01"),
        ("Jobs:LeaseTime", "00:00:01"), ("Jobs:PollInterval", "00:00:00.1"),
    ];
}
