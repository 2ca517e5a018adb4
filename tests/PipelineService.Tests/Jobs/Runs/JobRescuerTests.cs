using Microsoft.Extensions.DependencyInjection;
using PipelineService.Hosting;
using PipelineService.Jobs.Runs;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>Each duty of the rescuer, run by hand in a service whose own turn comes far too late to take part.</summary>
public sealed class JobRescuerTests(RecoveryDutiesTests.Unhurried running) : IClassFixture<RecoveryDutiesTests.Unhurried>
{
    private readonly JobRescuer _rescuer = running.Service.Services.GetRequiredService<JobRescuer>();
    private readonly SpoolRecovery _recovery = running.Service.Services.GetRequiredService<SpoolRecovery>();
    private readonly SpoolDirectory _spool = running.Service.Services.GetRequiredService<SpoolDirectory>();
    private readonly Instance _instance = running.Service.Services.GetRequiredService<Instance>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Takes_back_what_broke_off_with_its_instance()
    {
        await AddAsync("broken_off", Guid.CreateVersion7(), "now() - interval '1 s'", "receiving");

        await _rescuer.RunAsync(Token);

        Assert.Equal(0, await running.CountJobsAsync("broken_off"));
    }

    /// <summary>Its lock in the spool is free. What it had in hand may be without a row, so the spool is looked through.</summary>
    [Fact]
    public async Task Ends_the_lease_of_an_instance_that_has_died()
    {
        var dead = Guid.CreateVersion7();
        await AddInstanceAsync(dead, "now() + interval '1 h'");
        Guid id = await AddAsync("orphaned", dead, "'infinity'", "running");
        Guid ofBefore = await AddAsync("orphaned_before", dead, "now() + interval '1 h'", "running");
        await File.WriteAllTextAsync(Path.Combine(_spool.Root, "instances", $"{dead}.lock"), "", Token);
        await _recovery.RunAsync(Token);

        await _rescuer.RunAsync(Token);

        Assert.True(await running.Database.ScalarAsync<bool>($"SELECT lease_until < now() FROM pipeline.instances WHERE id = '{dead}'"));
        Assert.False(await IsLetGoAsync(id)); // its row has not changed: its owner's lease counts
        Assert.True(await IsLetGoAsync(ofBefore));
        Assert.True(_recovery.IsDue);
    }

    /// <summary>The answer to its claim was lost, or its run broke; or somebody has deleted the row of its owner.</summary>
    [Theory]
    [InlineData("out_of_sight", true)]
    [InlineData("nobodys", false)]
    public async Task Lets_a_job_go_that_nobody_runs_in_two_looks(string dataset, bool isOurs)
    {
        Guid id = await AddAsync(dataset, isOurs ? _instance.Id : Guid.CreateVersion7(), "'infinity'", "running");

        await _rescuer.RunAsync(Token);
        Assert.False(await IsLetGoAsync(id));

        await _rescuer.RunAsync(Token);
        Assert.True(await IsLetGoAsync(id));
    }

    [Fact]
    public async Task Forgets_instances_that_have_ended_and_left_nothing()
    {
        (Guid ended, Guid left, Guid living) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        var spool = Guid.CreateVersion7(); // whose jobs nobody claims here
        await AddAsync("still_to_be_claimed", left, "'infinity'", "running", spool); // first: the service forgets instances, too
        await AddInstanceAsync(ended, "now() - interval '1 s'", spool);
        await AddInstanceAsync(left, "now() - interval '1 s'", spool);
        await AddInstanceAsync(living, "now() + interval '1 h'", spool);

        await _rescuer.RunAsync(Token);

        Assert.Equal(
            [left, living, _instance.Id],
            await running.Database.ScalarAsync<Guid[]>($"""
                SELECT array_agg(id ORDER BY array_position(ARRAY ['{left}', '{living}', '{_instance.Id}']::uuid[], id))
                FROM pipeline.instances WHERE id IN ('{ended}', '{left}', '{living}', '{_instance.Id}')
                """) ?? []);
    }

    private Task<bool> IsLetGoAsync(Guid id) =>
        running.Database.ScalarAsync<bool>($"SELECT lease_until < now() FROM pipeline.jobs WHERE id = '{id}'");

    private Task AddInstanceAsync(Guid id, string lease, Guid? spool = null) => running.Database.ExecuteAsync($"""
        INSERT INTO pipeline.instances (id, spool, host, version, lease_until) VALUES ('{id}', '{spool ?? _spool.Id}', 'there', '1', {lease})
        """);

    private async Task<Guid> AddAsync(string dataset, Guid owner, string lease, string state, Guid? spool = null)
    {
        await running.Api.DeclareAsync(dataset, Readings.Definition());
        var id = Guid.CreateVersion7();
        await running.Database.ExecuteAsync($"""
            INSERT INTO pipeline.jobs
                (id, dataset, dataset_version, state, content_type, upload_complete, created_at, spool, owner, lease_until, epoch, attempt)
            VALUES ('{id}', '{dataset}', 1, '{state}', 'text/csv', {state != "receiving"}, now(), '{spool ?? _spool.Id}', '{owner}', {lease}, 1, 1)
            """);
        return id;
    }
}
