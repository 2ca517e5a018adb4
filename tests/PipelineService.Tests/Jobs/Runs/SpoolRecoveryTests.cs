using System.Net;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Runs;
using PipelineService.Spool;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>
/// Uploads in the spool that no row speaks of: each is recovered by itself, whatever is wrong with another.
/// </summary>
public sealed class SpoolRecoveryTests(SpoolOutageTests.OneByOne running) : IClassFixture<SpoolOutageTests.OneByOne>
{
    private readonly Api _api = running.Api;

    private SpoolDirectory Spool => running.Service.Services.GetRequiredService<SpoolDirectory>();

    private ISpool Uploads => running.Service.Services.GetRequiredService<ISpool>();

    /// <summary>
    /// As after the restore of an older backup. The job that waits behind it shows that claims go on.
    /// </summary>
    [Fact]
    public async Task Sets_an_upload_aside_whose_dataset_the_database_does_not_know_and_goes_on()
    {
        await using HeldJob held = await HoldAsync("orphans_neighbour");
        Guid orphan = await StoreAsync("unheard_of");

        await WhenSetAsideAsync(orphan);
        await held.Gate.OpenAsync();

        Assert.Equal(JobState.Succeeded, (await _api.WhenFinalAsync(held.Queued)).State);
        Assert.Equal(
            [$"{orphan}.json.damaged"],
            Directory.EnumerateFiles(Spool.Root, $"{orphan}*").Select(Path.GetFileName).Order());
        Assert.Equal(HttpStatusCode.NotFound, (await _api.GetAsync($"/v1/jobs/{orphan}")).Status);
    }

    [Fact]
    public async Task Recovers_every_other_upload_when_one_cannot_be()
    {
        await _api.DeclareAsync("recovered", Readings.Definition());
        Guid broken = await StoreAsync("recovered", change: manifest => manifest with { Sha256 = "no digest" });
        Guid whole = await StoreAsync("recovered");

        await WhenKnownAsync(whole);

        Assert.Equal(JobState.Succeeded, (await _api.WhenFinalAsync(whole)).State);
        Assert.Equal(JobState.Succeeded, (await _api.LoadAsync("recovered", Readings.Csv(1))).State);
        Assert.True(File.Exists(Spool.ManifestPath(broken)));
        await Uploads.DeleteAsync(broken);
    }

    [Fact]
    public async Task Leaves_a_job_alone_whose_upload_only_a_newer_version_can_read()
    {
        await using HeldJob held = await HoldAsync("newer");
        SpoolFolder.MakeNewer(Spool.ManifestPath(held.Queued));
        (string, string)[] files = FilesOf(held.Queued);
        Guid unregistered = await StoreAsync("newer", isNewer: true);
        await held.Gate.OpenAsync();

        // Each of these was behind it in the queue, or came when it had been passed over.
        await LoadFiveAsync();
        ClaimedJobs claimed = running.Service.Services.GetRequiredService<ClaimedJobs>();
        await BoundedWait.UntilAsync("the job to be passed over", () => claimed.Left.Contains(held.Queued));
        JobView left = (await _api.GetAsync($"/v1/jobs/{held.Queued}")).Job;
        Assert.Equal((JobState.Queued, null), (left.State, left.Error));

        long epoch = await EpochAsync();
        await LoadFiveAsync();
        Assert.Equal(epoch, await EpochAsync()); // nobody claims it any more
        Assert.Equal(files, FilesOf(held.Queued));
        Assert.True(File.Exists(Spool.ManifestPath(unregistered)));
        Assert.Equal(HttpStatusCode.Accepted, (await _api.CancelAsync(held.Queued)).Status);
        await Uploads.DeleteAsync(unregistered);

        async Task LoadFiveAsync()
        {
            for (int i = 0; i < 5; i++)
            {
                Assert.Equal(JobState.Succeeded, (await _api.LoadAsync("newer", Readings.Csv(1))).State);
            }
        }

        Task<long> EpochAsync() =>
            running.Database.ScalarAsync<long>($"SELECT epoch FROM pipeline.jobs WHERE id = '{held.Queued}'");
    }

    /// <summary>Its bytes were not kept; the process died between its 202 and the job's end.</summary>
    [Fact]
    public async Task Ends_a_job_that_had_failed_while_it_was_received_with_its_own_reason()
    {
        await _api.DeclareAsync("failed_before", Readings.Definition());
        Problem reason = new() { Code = "reject_limit_reached", Title = "Too many.", Status = 422, Detail = "11 of" };

        Guid id = await StoreAsync(
            "failed_before", change: manifest => manifest with { UploadBytes = 500, Failure = reason });
        await WhenKnownAsync(id);

        JobView job = await _api.WhenFinalAsync(id);
        Assert.Equal((JobState.Failed, "reject_limit_reached", 500), (job.State, job.Error?.Code, job.Upload.Bytes));
        Assert.Equal(reason.Detail, job.Error?.Detail);
        await BoundedWait.UntilAsync("its manifest to go", () => !File.Exists(Spool.ManifestPath(id)));
    }

    private Task WhenSetAsideAsync(Guid id) => BoundedWait.UntilAsync(
        "the upload to be set aside", () => File.Exists(Spool.ManifestPath(id) + ".damaged"));

    private Task WhenKnownAsync(Guid id) => BoundedWait.UntilAsync(
        "the job to be registered", async () => (await _api.GetAsync($"/v1/jobs/{id}")).Status == HttpStatusCode.OK);

    private (string Name, string Content)[] FilesOf(Guid id) =>
        [.. Directory.EnumerateFiles(Spool.Root, $"{id}*").Order().Select(path => (path, File.ReadAllText(path)))];

    /// <summary>An upload that is durable and not registered.</summary>
    private async Task<Guid> StoreAsync(
        string dataset, bool isNewer = false, Func<SpoolManifest, SpoolManifest>? change = null)
    {
        await using SpoolWriter upload = Uploads.Create(Guid.CreateVersion7());
        SpoolManifest manifest = SpoolWriting.ManifestOf(upload.Id, 0) with
        {
            Dataset = dataset,
            DatasetVersion = 1,
            Spool = Spool.Id,
            ContentType = "text/csv",
            ContentEncoding = null,
            Delimiter = null,
            IdempotencyKey = null,
        };
        manifest = change?.Invoke(manifest) ?? manifest;
        if (manifest.Failure is null)
        {
            byte[] data = System.Text.Encoding.UTF8.GetBytes(Readings.Csv(1));
            await upload.AppendAsync(data);
            manifest = manifest with { DataBytes = data.Length, UploadBytes = data.Length };
        }

        await upload.SealAsync(manifest with { Blocks = upload.Finish().Blocks });
        if (isNewer)
        {
            SpoolFolder.MakeNewer(Spool.ManifestPath(upload.Id));
        }

        running.Service.Services.GetRequiredService<SpoolRecovery>().MissesOne();
        return upload.Id;
    }

    /// <summary>A job that waits in the queue behind one that is held.</summary>
    private async Task<HeldJob> HoldAsync(string dataset)
    {
        string first = dataset + "_first";
        await _api.DeclareAsync(first, Readings.Definition());
        await _api.DeclareAsync(dataset, Readings.Definition());
        LoadGate gate = await LoadGate.CloseAsync(running.Database, first, id: 1);
        Guid holding = (await _api.UploadAsync(first, Readings.Csv(1))).Job.Id;
        JobView queued = (await _api.UploadAsync(dataset, Readings.Csv(10))).Job;
        Assert.Equal(JobState.Queued, queued.State);
        return new HeldJob(queued.Id, gate, () => _api.WhenFinalAsync(holding));
    }

    private sealed record HeldJob(Guid Queued, LoadGate Gate, Func<Task> EndAsync) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Gate.OpenAsync();
            await EndAsync();
            await Gate.DisposeAsync();
        }
    }
}
