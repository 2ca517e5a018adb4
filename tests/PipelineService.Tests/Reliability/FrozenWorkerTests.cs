using System.Globalization;
using Npgsql;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// An instance hangs past its lease, or dies: another that shares its spool takes its job over. One that hung wakes up then,
/// and must not commit.
/// </summary>
public sealed class FrozenWorkerTests(FieldDatabase database) : IClassFixture<FieldDatabase>
{
    /// <summary>How often; 100 by hand.</summary>
    private const string Variable = "PIPELINE_FROZEN_WORKERS";

    /// <summary>The lease in seconds; by hand the default of the service, 9.</summary>
    private const string LeaseVariable = "PIPELINE_FROZEN_LEASE";

    private const int Records = 20_000;

    private const string Frozen = "frozen";

    public static readonly TheoryData<string> OneEnd = OneForm.Of(
        $"{Frozen} {Sample.WholeJobs}", $"{Frozen} {Sample.ByChunk}", $"dead {Sample.WholeJobs}", $"dead {Sample.ByChunk}");

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan TakeOverAgeMax = TimeSpan.FromSeconds(15);

    private static readonly (string, string) Lease =
        ("Jobs__LeaseTime", $"00:00:0{Environment.GetEnvironmentVariable(LeaseVariable) ?? "1"}");

    /// <param name="end">What becomes of the worker, and the dataset that it loads.</param>
    [Theory]
    [MemberData(nameof(OneEnd))]
    public async Task A_worker_that_is_taken_over_commits_nothing_more(string end)
    {
        OneForm.SkipUnlessItsTurn(nameof(FrozenWorkerTests));
        string[] words = end.Split(' ');
        await (words[0] == Frozen
            ? TakeOverAsync(words[1], Frozen, field => field.Service.FreezeAsync(), field => field.Service.ThawAsync())
            : TakeOverAsync(words[1], words[0], field => field.Service.KillAsync(), field => field.StartAsync("", Lease)));
    }

    private async Task TakeOverAsync(string dataset, string how, Func<Field, Task> stop, Func<Field, Task> goOn)
    {
        int count = int.Parse(Environment.GetEnvironmentVariable(Variable) ?? "1", CultureInfo.InvariantCulture);
        await using Field field = new(database, $"{how}-{dataset}");
        await field.StartAsync("", Lease);
        int port = ServiceProcess.FreePort();
        await using var other = ServiceProcess.Start(database.ConnectionString, field.Spool, port, Lease);
        Assert.True(await other.WaitUntilReadyAsync(field.Token), other.Log);
        using Sender otherSender = new(port);
        List<double> seconds = [];
        while (seconds.Count < count)
        {
            field.Extend();
            Task answered;
            Guid? job;
            await using (await TableLock.TakeAsync(database, dataset))
            {
                answered = field.Send(dataset, Records);
                job = await RunningAsync(answered, field.Token);
            }

            await stop(field);
            if (job is { } id && await IsOpenAsync(id, field.Token))
            {
                long since = TimeProvider.System.GetTimestamp();
                string? nobody = await TakenOverAsync(id, field.Token);
                Assert.True(nobody is null, $"Nobody takes the job over: {nobody}\n{other.Log}");
                TimeSpan takenOverAfter = TimeProvider.System.GetElapsedTime(since);
                await otherSender.WaitUntilFinalAsync(id, field.Token);
                Assert.True(takenOverAfter < TakeOverAgeMax, $"Taken over after {takenOverAfter}.");
                seconds.Add(takenOverAfter.TotalSeconds);
            }

            await goOn(field);
            await answered;
        }

        TestContext.Current.SendDiagnosticMessage(
            "{0} of {1} {2}; taken over after {3:F1} to {4:F1} s", seconds.Count, dataset, how, seconds.Min(), seconds.Max());
        await field.EndWellAsync();
    }

    /// <returns>A job whose upload is complete and that is being loaded; null when it was over before anybody looked.</returns>
    private async Task<Guid?> RunningAsync(Task answered, CancellationToken cancellationToken)
    {
        const string Running = """
            SELECT id FROM pipeline.jobs WHERE upload_complete AND owner IS NOT NULL AND finished_at IS NULL
            """;
        while (true)
        {
            bool isLast = answered.IsCompleted;
            await using NpgsqlCommand command = database.DataSource.CreateCommand(Running);
            if (await command.ExecuteScalarAsync(cancellationToken) is Guid job)
            {
                return job;
            }

            if (isLast)
            {
                return null;
            }

            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>Waits until another attempt has the job, or has ended it.</summary>
    /// <returns>What is known of a job that nobody takes over; null when somebody has.</returns>
    private async Task<string?> TakenOverAsync(Guid job, CancellationToken cancellationToken)
    {
        const string IsTaken = "SELECT finished_at IS NOT NULL OR epoch > 1 FROM pipeline.jobs WHERE id = $1";
        const string Known = """
            SELECT row_to_json(j)::text || E'\n' || coalesce((SELECT string_agg(concat_ws(' | ', a.pid, a.application_name,
                a.state, a.wait_event_type, a.wait_event, now() - a.xact_start, left(a.query, 200)), E'\n') FROM pg_stat_activity a
                WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()), '')
            FROM pipeline.jobs j WHERE j.id = $1
            """;
        long started = TimeProvider.System.GetTimestamp();
        while (await LookAsync(IsTaken) is not true)
        {
            if (TimeProvider.System.GetElapsedTime(started) > TakeOverAgeMax * 2)
            {
                return (string)(await LookAsync(Known))!;
            }

            await Task.Delay(Poll, TimeProvider.System, cancellationToken);
        }

        return null;

        async Task<object?> LookAsync(string sql)
        {
            await using NpgsqlCommand command = database.DataSource.CreateCommand(sql);
            command.Parameters.Add(new() { Value = job });
            return await command.ExecuteScalarAsync(cancellationToken);
        }
    }

    private async Task<bool> IsOpenAsync(Guid job, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.DataSource.CreateCommand(
            "SELECT EXISTS (SELECT FROM pipeline.jobs WHERE id = $1 AND finished_at IS NULL)");
        command.Parameters.Add(new() { Value = job });
        return await command.ExecuteScalarAsync(cancellationToken) is true;
    }
}
