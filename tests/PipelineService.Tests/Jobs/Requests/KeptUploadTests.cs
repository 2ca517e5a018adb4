using System.Net;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Runs;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Requests;

/// <summary>The bytes of an upload outlive its job, are loaded again under another version, and go when nothing needs them.</summary>
public sealed class KeptUploadTests(KeptUploadTests.SmallChunks running) : IClassFixture<KeptUploadTests.SmallChunks>
{
    private const string Kept = "'load': { 'keepUpload': 'P7D' }";

    private readonly Api _api = running.Api;
    private readonly UploadCleaner _cleaner = running.Service.Services.GetRequiredService<UploadCleaner>();
    private readonly SpoolDirectory _spool = running.Service.Services.GetRequiredService<SpoolDirectory>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Is_loaded_again_under_the_version_of_now_in_the_place_of_the_job()
    {
        JobView first = await LoadAsync("kept", Kept, Readings.Csv(100));
        Assert.Equal(
            (first.Id, first.FinishedAt + TimeSpan.FromDays(7), $"/v1/jobs/{first.Id}/rerun"),
            (first.Upload.Id, first.Upload.KeptUntil, first.Links.Rerun));
        await _api.DeclareAsync("kept", Readings.Definition(Kept).Replace("'name': 'amount'", "'name': 'price', 'source': 'amount'", StringComparison.Ordinal));

        ApiAnswer rerun = await _api.RerunAsync(first.Id);
        Assert.Equal((HttpStatusCode.Accepted, $"/v1/jobs/{rerun.Job.Id}"), (rerun.Status, rerun["Location"]));
        JobView second = await _api.WhenFinalAsync(rerun.Job.Id);

        Assert.Equal((JobState.Succeeded, 2, 100L), (second.State, second.DatasetVersion, second.Records.Loaded));
        Assert.Equal((first.Id, first.Id, first.Upload.Sha256), (second.Replaces, second.Upload.Id, second.Upload.Sha256));
        Assert.Equal(100, await running.Database.ScalarAsync<long>($"SELECT count(*) FROM public.kept WHERE price IS NOT NULL AND _job_id = '{second.Id}'"));
        Assert.Equal(100, await running.CountRowsAsync("kept"));
        ApiAnswer over = await _api.RerunAsync(first.Id);
        Assert.Equal((HttpStatusCode.Conflict, "job_reverted"), (over.Status, over.Problem.Code));

        JobView third = await _api.WhenFinalAsync((await _api.RerunAsync(second.Id)).Job.Id); // what was loaded again can be once more
        Assert.Equal((second.Id, first.Id, 100L), (third.Replaces, third.Upload.Id, await running.CountRowsAsync("kept")));
    }

    /// <summary>The reason to keep uploads: the definition was wrong, and the data is no longer at hand.</summary>
    [Fact]
    public async Task Of_a_failed_job_is_loaded_when_the_definition_was_mended()
    {
        // Many of them, so that the job fails while they still arrive: what comes after is kept all the same.
        string body = Readings.Csv(5_000).Replace(".5\n", " EUR\n", StringComparison.Ordinal);
        JobView failed = await LoadAsync("mended", $"{Kept}, 'rejects': {{ 'maxCount': 10 }}", body);
        Assert.Equal((JobState.Failed, (long)body.Length), (failed.State, failed.Upload.Bytes));
        await _api.DeclareAsync("mended", Readings.Definition().Replace(
            "'type': 'number'", "'type': 'number', 'bareNumber': false", StringComparison.Ordinal));

        JobView job = await _api.WhenFinalAsync((await _api.RerunAsync(failed.Id)).Job.Id);

        Assert.Equal((JobState.Succeeded, 5_000L), (job.State, job.Records.Loaded));
        Assert.Null(job.Upload.KeptUntil); // the version of now keeps none
    }

    [Fact]
    public async Task Goes_when_its_time_is_over_and_no_job_loads_it()
    {
        JobView job = await LoadAsync("timed", Kept, Readings.Csv(50));
        _spool.Sweep(DateTimeOffset.MinValue);
        long bytes = _spool.Bytes;
        Assert.Equal(job.Upload.Bytes, FilesOf(job.Id).Sum(file => file.EndsWith(".data", StringComparison.Ordinal) ? new FileInfo(file).Length : 0));
        await using LoadGate gate = await LoadGate.CloseAsync(running.Database, "timed", id: 1);
        Guid rerun = (await _api.RerunAsync(job.Id)).Job.Id;
        await running.Database.WhenBlockedAsync("COPY");
        await ExpireAsync("timed");

        await _cleaner.CleanAsync(Token);
        Assert.Equal(2, FilesOf(job.Id).Length); // it is being loaded
        await gate.OpenAsync();
        Assert.Equal(JobState.Succeeded, (await _api.WhenFinalAsync(rerun)).State);
        await ExpireAsync("timed");
        await _cleaner.CleanAsync(Token);

        Assert.Empty(FilesOf(job.Id));
        _spool.Sweep(DateTimeOffset.MinValue);
        Assert.Equal(bytes - job.Upload.Bytes, _spool.Bytes); // it has counted until then
        JobView now = (await _api.GetAsync($"/v1/jobs/{rerun}")).Job;
        Assert.Equal((null, null), (now.Upload.KeptUntil, now.Links.Rerun));
        ApiAnswer late = await _api.RerunAsync(rerun);
        Assert.Equal((HttpStatusCode.Conflict, "upload_not_kept"), (late.Status, late.Problem.Code));
    }

    [Fact]
    public async Task Goes_with_a_job_that_is_deleted()
    {
        JobView job = await LoadAsync("erased", Kept, Readings.Csv(5));

        Assert.Equal(HttpStatusCode.NoContent, (await _api.DeleteAsync($"/v1/jobs/{job.Id}")).Status);

        await BoundedWait.UntilAsync("the bytes to go", () => FilesOf(job.Id).Length == 0);
    }

    [Fact]
    public async Task Is_not_there_where_nothing_was_to_be_kept()
    {
        JobView job = await LoadAsync("not_kept", null, Readings.Csv(5));

        ApiAnswer rerun = await _api.RerunAsync(job.Id);

        Assert.Equal((HttpStatusCode.Conflict, "upload_not_kept"), (rerun.Status, rerun.Problem.Code));
        Assert.Equal((null, null), (job.Upload.KeptUntil, job.Links.Rerun));
        Assert.Equal(HttpStatusCode.NotFound, (await _api.RerunAsync(Guid.CreateVersion7())).Status);
    }

    /// <summary>What is kept is nobody's work: a start neither loads it nor clears it away, and it can be loaded after that.</summary>
    [Fact]
    public async Task Outlives_the_process_and_is_loaded_by_the_next()
    {
        using TemporaryFolder folder = new();
        JobView job;
        await using (ServiceUnderTest before = await StartAsync(folder))
        {
            Api api = new(before.Client);
            await api.DeclareAsync("outliving", Readings.Definition(Kept));
            job = await api.LoadAsync("outliving", Readings.Csv(5));
        }

        await using ServiceUnderTest after = await StartAsync(folder);
        Api next = new(after.Client);
        await BoundedWait.UntilAsync(
            "the recovery to be complete", () => after.Services.GetRequiredService<SpoolRecovery>().IsComplete);
        Assert.Equal(job.FinishedAt, (await next.GetAsync($"/v1/jobs/{job.Id}")).Job.FinishedAt);

        JobView again = await next.WhenFinalAsync((await next.RerunAsync(job.Id)).Job.Id);

        Assert.Equal((JobState.Succeeded, 5L, 5L), (again.State, again.Records.Loaded, await running.CountRowsAsync("outliving")));
    }

    private async Task<JobView> LoadAsync(string dataset, string? parts, string body)
    {
        await _api.DeclareAsync(dataset, Readings.Definition(parts));
        return await _api.LoadAsync(dataset, body);
    }

    /// <summary>As if the time that its uploads are kept had gone by.</summary>
    private Task ExpireAsync(string dataset) => running.Database.ExecuteAsync(
        $"UPDATE pipeline.jobs SET upload_kept_until = now() - interval '1 h' WHERE dataset = '{dataset}' AND upload_kept_until IS NOT NULL");

    private string[] FilesOf(Guid upload) =>
        [.. Directory.EnumerateFiles(_spool.Root, $"{upload}*"), .. Directory.EnumerateFiles(Path.Combine(_spool.Root, "kept"), $"{upload}*")];

    private Task<ServiceUnderTest> StartAsync(TemporaryFolder folder) =>
        ServiceUnderTest.StartAsync(running.Database.ConnectionString, spoolDirectory: Path.Combine(folder.Path, "spool"));

    public sealed class SmallChunks(PostgresServer server) : RunningService(server)
    {
        protected override IEnumerable<(string Key, string? Value)> Settings =>
            [("Spool:ChunkBytes", "4096"), ("Jobs:PollInterval", "00:00:00.050"), ("Intake:LoadAfterBytes", "4096")];
    }
}
