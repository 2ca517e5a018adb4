using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;
using PipelineService.Write;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>
/// What becomes of a claimed job that comes from an instance that has died. The last attempt of one that has ended its
/// process is in <see cref="SuspectJobTests"/>; queued jobs and uploads that arrive are in <see cref="Journeys.QueueTests"/>, a stop in <see cref="Journeys.RestartTests"/>, a spool that is
/// away and files that cannot be read in <see cref="SpoolOutageTests"/>, damage in <see cref="DamagedUploadTests"/>, a
/// database that is away in <see cref="Reliability.OutageTests"/>.
/// </summary>
public sealed class ClaimedJobsTests(ClaimedJobsTests.TwoSessions running) : IClassFixture<ClaimedJobsTests.TwoSessions>
{
    private readonly Api _api = running.Api;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Gives_up_a_job_whose_attempts_are_used_up_and_runs_nothing_of_it()
    {
        await using Held held = await HoldAsync("used_up");
        await LeaveAsync(held.Queued, "attempt = 3");

        await held.OpenAsync();
        JobView job = await _api.WhenFinalAsync(held.Queued);

        Assert.Equal((JobState.Failed, "attempts_exhausted"), (job.State, job.Error!.Code));
        await AssertNothingIsLeftOfItAsync("used_up", held.Queued);
    }

    [Fact]
    public async Task Ends_a_job_whose_owner_died_before_it_could_be_cancelled()
    {
        await using Held held = await HoldAsync("to_be_cancelled");
        await LeaveAsync(held.Queued, "cancel_requested = true");

        await held.OpenAsync();
        JobView job = await _api.WhenFinalAsync(held.Queued);

        Assert.Equal((JobState.Cancelled, 0L), (job.State, job.Records.Read));
        await AssertNothingIsLeftOfItAsync("to_be_cancelled", held.Queued);
    }

    /// <summary>They hold locks, here on the whole table, that the new attempt would wait for.</summary>
    [Fact]
    public async Task Ends_the_sessions_that_an_earlier_attempt_has_left_open()
    {
        await using Held held = await HoldAsync("left_open");
        var name = new NpgsqlConnectionStringBuilder(ServiceRole.Apply(running.Database.ConnectionString))
        {
            ApplicationName = WriteSession.SessionName(held.Queued),
            Pooling = false,
        };
        await using NpgsqlConnection leftover = new(name.ConnectionString);
        await leftover.OpenAsync(Token);
        await using NpgsqlTransaction transaction = await leftover.BeginTransactionAsync(Token);
        await ExecuteAsync(leftover, "LOCK TABLE public.left_open IN ACCESS EXCLUSIVE MODE");
        await LeaveAsync(held.Queued, "attempt = 1");

        await held.OpenAsync();

        Assert.Equal(JobState.Succeeded, (await _api.WhenFinalAsync(held.Queued)).State);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => ExecuteAsync(leftover, "SELECT 1"));
        Assert.Equal(3, await running.CountRowsAsync("left_open"));
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using NpgsqlCommand command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Token);
    }

    /// <summary>As an instance leaves a job that dies while it runs it.</summary>
    private Task LeaveAsync(Guid job, string assignments) => running.Database.ExecuteAsync($"""
        UPDATE pipeline.jobs
        SET state = 'running', started_at = now(), owner = gen_random_uuid(), lease_until = now() - interval '1 s', epoch = 1,
            {assignments}
        WHERE id = '{job}'
        """);

    private async Task AssertNothingIsLeftOfItAsync(string dataset, Guid job)
    {
        SpoolDirectory spool = running.Service.Services.GetRequiredService<SpoolDirectory>();
        await BoundedWait.UntilAsync(
            "the upload to leave the spool", () => !Directory.EnumerateFiles(spool.Root, $"{job}*").Any());
        Assert.Equal(0, await running.CountRowsAsync(dataset));
    }

    /// <summary>Two jobs that hold both sessions, and a third that waits in the queue.</summary>
    private async Task<Held> HoldAsync(string dataset)
    {
        List<(Guid Job, LoadGate Gate)> holding = [];
        foreach (string holder in (string[])[$"{dataset}_first", $"{dataset}_second"])
        {
            await _api.DeclareAsync(holder, Readings.Definition());
            LoadGate gate = await LoadGate.CloseAsync(running.Database, holder, id: 1);
            Guid job = (await _api.UploadAsync(holder, Readings.Csv(1))).Job.Id;
            await _api.WhenAsync(job, "running", j => j.State == JobState.Running);
            holding.Add((job, gate));
        }

        await _api.DeclareAsync(dataset, Readings.Definition());
        JobView queued = (await _api.UploadAsync(dataset, Readings.Csv(3))).Job;
        Assert.Equal(JobState.Queued, queued.State);
        return new Held(queued.Id, holding, _api);
    }

    public sealed class TwoSessions(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
        [
            ("Write:SessionsMax", "2"), ("Write:SessionsPerJobMax", "1"), ("Write:SessionsReceivingMax", "1"),
            ("Jobs:PollInterval", "00:00:00.05"),
        ];
    }

    private sealed record Held(Guid Queued, List<(Guid Job, LoadGate Gate)> Holding, Api Api) : IAsyncDisposable
    {
        public Task OpenAsync() => Task.WhenAll(Holding.Select(held => held.Gate.OpenAsync()));

        public async ValueTask DisposeAsync()
        {
            await OpenAsync();
            foreach ((Guid job, LoadGate gate) in Holding)
            {
                await Api.WhenFinalAsync(job);
                await gate.DisposeAsync();
            }
        }
    }
}
