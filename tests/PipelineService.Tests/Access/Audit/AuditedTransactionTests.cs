using System.Net;
using PipelineService.Core.Jobs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Access.Audit;

/// <summary>What cannot be told is not done: while the audit takes no entry, nothing of what it tells of happens.</summary>
public sealed class AuditedTransactionTests(RunningService running) : IClassFixture<RunningService>
{
    private const string RefuseEntries = """
        CREATE OR REPLACE FUNCTION public.refuse_entry() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'No entry is taken now.';
        END $$;
        CREATE TRIGGER refuse_entry BEFORE INSERT ON pipeline.audit FOR EACH ROW EXECUTE FUNCTION public.refuse_entry();
        """;

    private readonly Api _api = running.Api;

    [Fact]
    public async Task No_action_is_done_without_its_entry()
    {
        await _api.DeclareAsync("honest", Readings.Definition("'load': { 'keepUpload': 'P7D' }"));
        Guid job = (await _api.LoadAsync("honest", Readings.Csv(2))).Id;
        Guid rejecting = (await _api.LoadAsync("honest", Readings.Header + "x,y,z\n")).Id;
        string before = await StateAsync();
        await running.Database.ExecuteAsync(RefuseEntries);
        try
        {
            using StringContent changed = new(Readings.Definition("'title': 'Another'").Replace('\'', '"'), null, "application/json");
            Assert.Equal(HttpStatusCode.InternalServerError, (await _api.PutAsync("/v1/datasets/honest", changed)).Status);
            using StringContent created = new(Readings.Definition().Replace('\'', '"'), null, "application/json");
            Assert.Equal(HttpStatusCode.InternalServerError, (await _api.PutAsync("/v1/datasets/honest_new", created)).Status);
            Assert.Equal(HttpStatusCode.InternalServerError, (await _api.DeleteAsync("/v1/datasets/honest")).Status);
            Assert.Equal(HttpStatusCode.InternalServerError, (await _api.RerunAsync(job)).Status);
            Assert.Equal(HttpStatusCode.InternalServerError, (await _api.DeleteAsync($"/v1/jobs/{job}")).Status);
            Assert.Equal(HttpStatusCode.InternalServerError, (await _api.GetAsync($"/v1/jobs/{rejecting}/dead-letters")).Status);
            Assert.NotEqual(HttpStatusCode.OK, (await _api.RevertAsync(job)).Status);
            Assert.Equal(before, await StateAsync());
        }
        finally
        {
            await running.Database.ExecuteAsync("DROP TRIGGER refuse_entry ON pipeline.audit");
        }

        Assert.Equal(HttpStatusCode.OK, (await _api.RevertAsync(job)).Status);
        Assert.NotEqual(before, await StateAsync());
    }

    /// <summary>Its bytes are durable and wait in the spool: it is registered, with its entry, when that can be.</summary>
    [Fact]
    public async Task No_upload_is_registered_without_its_entry()
    {
        await _api.DeclareAsync("patient", Readings.Definition());
        await running.Database.ExecuteAsync(RefuseEntries);
        try
        {
            Assert.Equal(HttpStatusCode.InternalServerError, (await _api.UploadAsync("patient", Readings.Csv(1))).Status);
            Assert.Equal(
                HttpStatusCode.InternalServerError,
                (await _api.UploadAsync("patient", Readings.Csv(1), headers: ("Idempotency-Key", "patient"))).Status);
            Assert.Equal(0, await running.CountJobsAsync("patient"));
        }
        finally
        {
            await running.Database.ExecuteAsync("DROP TRIGGER refuse_entry ON pipeline.audit");
        }

        await BoundedWait.UntilAsync("both to be found in the spool", async () => await running.CountJobsAsync("patient") == 2);
        Assert.Equal(2, await running.Database.ScalarAsync<long>(
            "SELECT count(*) FROM pipeline.jobs j JOIN pipeline.audit a USING (id) WHERE j.dataset = 'patient' AND a.actor = 'loopback'"));
    }

    /// <summary>A job that waits is cancelled in a transaction; the wish for one that runs is one too.</summary>
    [Fact]
    public async Task No_job_is_cancelled_without_the_entry_of_who_did_it()
    {
        await _api.DeclareAsync("wished", Readings.Definition());
        await using TableLock held = await TableLock.TakeAsync(running.Database, "wished");
        Guid job = (await _api.UploadAsync("wished", Readings.Csv(1))).Job.Id;
        await running.Database.ExecuteAsync(RefuseEntries);
        try
        {
            Assert.Equal(HttpStatusCode.InternalServerError, (await _api.CancelAsync(job)).Status);
        }
        finally
        {
            await running.Database.ExecuteAsync("DROP TRIGGER refuse_entry ON pipeline.audit");
        }

        await held.ReleaseAsync();
        Assert.Equal(JobState.Succeeded, (await _api.WhenFinalAsync(job)).State);
    }

    private async Task<string> StateAsync() => await running.Database.ScalarAsync<string>("""
        SELECT concat_ws(' ',
            (SELECT string_agg(concat(name, current_version, deleted_at), ',' ORDER BY name) FROM pipeline.datasets),
            (SELECT string_agg(concat(id, state, deleted_at, reverted_at, replaced_by), ',' ORDER BY id) FROM pipeline.jobs),
            (SELECT count(*) FROM public.honest), to_regclass('public.honest_new'))
        """) ?? "";
}
