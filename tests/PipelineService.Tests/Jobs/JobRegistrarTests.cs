using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Core.Jobs;
using PipelineService.Jobs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs;

/// <summary>Jobs that come while others are being registered go together, and what is wrong with one is told to that one.</summary>
public sealed class JobRegistrarTests(RunningService running) : IClassFixture<RunningService>
{
    private const int Jobs = 6;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Registers_those_that_wait_in_one_transaction()
    {
        Task<bool>[] all = await RegisterWhileHeldAsync(Row(1));

        Assert.All(await Task.WhenAll(all).Within("all to be registered"), Assert.True);
        Assert.Equal(2, await running.Database.ScalarAsync<long>(
            $"SELECT count(DISTINCT xmin::text) FROM pipeline.jobs WHERE dataset = 'registered' AND source = '{_source}'"));
        Assert.Equal(Jobs, await running.Database.ScalarAsync<long>($"""
            SELECT count(*) FROM pipeline.jobs j JOIN pipeline.audit a ON a.id = j.id AND a.xmin::text = j.xmin::text
            WHERE j.source = '{_source}'
            """)); // each with its entry, in the same transaction
    }

    [Fact]
    public async Task One_that_cannot_be_registered_keeps_no_other_from_it()
    {
        Task<bool>[] all = await RegisterWhileHeldAsync(Row(version: 99));

        await Assert.ThrowsAsync<PostgresException>(() => all[^1].Within("the one at fault"));
        Assert.All(await Task.WhenAll(all[..^1]).Within("the others"), Assert.True);
        Assert.Equal(Jobs - 1, await running.Database.ScalarAsync<long>(
            $"SELECT count(*) FROM pipeline.jobs j JOIN pipeline.audit a ON a.id = j.id WHERE j.source = '{_source}'"));
    }

    private readonly string _source = Guid.NewGuid().ToString();

    /// <summary>The first waits for a lock of its row's table, the others for the first.</summary>
    private async Task<Task<bool>[]> RegisterWhileHeldAsync(JobRow last)
    {
        await running.Api.DeclareAsync("registered", Readings.Definition());
        JobRegistrar registrar = running.Service.Services.GetRequiredService<JobRegistrar>();
        await using NpgsqlConnection holder = await running.Database.DataSource.OpenConnectionAsync(Cancellation);
        await using NpgsqlTransaction held = await holder.BeginTransactionAsync(Cancellation);
        await using NpgsqlCommand hold = new("LOCK TABLE pipeline.jobs IN SHARE MODE", holder, held);
        await hold.ExecuteNonQueryAsync(Cancellation);
        Task<bool> first = Register(Row(1));
        await running.Database.WhenBlockedAsync("INSERT INTO pipeline.jobs");
        Task<bool>[] all = [first, .. Enumerable.Range(0, Jobs - 2).Select(_ => Register(Row(1))), Register(last)];
        await held.RollbackAsync(Cancellation);
        return all;

        Task<bool> Register(JobRow row) => registrar.RegisterAsync(row, EntryOf(row));
    }

    private static AuditEntry EntryOf(JobRow row)
    {
        var entry = AuditEntry.Of(AuditActor.Service, AuditActions.Upload, row.CreatedAt, $"job/{row.Id}", row.Dataset);
        return entry with { Id = row.Id };
    }

    /// <summary>Of another spool, so that nobody here runs it.</summary>
    private JobRow Row(int version) => new()
    {
        Id = Guid.CreateVersion7(),
        Dataset = "registered",
        DatasetVersion = version,
        State = JobState.Queued.ToText(),
        Source = _source,
        ContentType = "text/csv",
        UploadComplete = true,
        UploadBytes = 1,
        UploadSha256 = new byte[32],
        CreatedAt = TimeProvider.System.GetUtcNow().UtcDateTime,
        ReceivedAt = TimeProvider.System.GetUtcNow().UtcDateTime,
        Spool = Guid.NewGuid(),
    };
}
