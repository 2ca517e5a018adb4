using System.Net;
using System.Text.Json;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Jobs.Requests;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Reliability;

/// <summary>Errors of the spool's disk in the service process itself: a flush that fails, a file that cannot be read.</summary>
public sealed class SpoolFaultTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private const string Dataset = "spool_faults";
    private const string SmallDataset = "small_spool_faults";

    /// <summary>Writing the data; the flush of the data, of the manifest, and of the directory after the manifest has its name.</summary>
    private static readonly FaultPoint[] Steps =
        [FaultPoint.SpoolWriting, FaultPoint.DataFlushing, FaultPoint.ManifestWritten, FaultPoint.ManifestRenamed];

    /// <summary>The same of a small upload, whose data are in the file of its manifest.</summary>
    private static readonly FaultPoint[] SharedSteps =
    [
        FaultPoint.SharedFileWriting, FaultPoint.SharedFileWritten, FaultPoint.SharedFileNamed, FaultPoint.DirectoryFlushed,
    ];

    [Fact]
    public async Task Failed_write_or_flush_refuses_a_small_upload_and_leaves_nothing_of_it()
    {
        using TemporaryFolder folder = new();
        string spool = Path.Combine(folder.Path, "spool");
        int port = ServiceProcess.FreePort();
        using HttpClient http = new() { BaseAddress = ServiceProcess.AddressOf(port) };
        Api api = new(http);
        await using ServiceProcess service =
            await StartAsync(spool, port, string.Join(',', SharedSteps.Select(point => $"{point}:throw:1")));
        await api.DeclareAsync(SmallDataset, Readings.Definition());
        foreach (FaultPoint point in SharedSteps)
        {
            await AssertRefusedAsync(api, SmallDataset, spool, point);
        }

        Assert.Equal(JobState.Succeeded, (await api.LoadAsync(SmallDataset, Readings.Csv(100))).State);
        Assert.Equal(100, await database.ScalarAsync<long>($"SELECT count(*) FROM public.{SmallDataset}"));
    }

    [Fact]
    public async Task Failed_write_or_flush_refuses_the_upload_and_a_job_that_cannot_read_waits_for_the_spool()
    {
        using TemporaryFolder folder = new();
        string spool = Path.Combine(folder.Path, "spool");
        int port = ServiceProcess.FreePort();
        string faults = string.Join(',', Steps.Select(point => $"{point}:throw:1").Append($"{FaultPoint.SpoolReading}:throw"));
        using HttpClient http = new() { BaseAddress = ServiceProcess.AddressOf(port) };
        Api api = new(http);
        Guid job;
        await using (ServiceProcess broken = await StartAsync(spool, port, faults, sharedBytesMax: 0))
        {
            await api.DeclareAsync(Dataset, Readings.Definition());
            foreach (FaultPoint point in Steps)
            {
                await AssertRefusedAsync(api, Dataset, spool, point);
            }

            ApiAnswer accepted = await api.UploadAsync(Dataset, Readings.Csv(100));
            Assert.Equal(HttpStatusCode.Accepted, accepted.Status);
            job = accepted.Job.Id;
            await api.WhenAsync(job, "waiting for the spool", j => j.WaitingFor == "spool");
            await BoundedWait.UntilAsync("several tries", () => broken.FaultsReached.Count() >= Steps.Length + 4);

            JobView waiting = (await api.GetAsync($"/v1/jobs/{job}")).Job;
            Assert.NotEqual("database", waiting.WaitingFor);
            Assert.False(waiting.State.IsFinal(), "An error of the disk has ended the job.");
            JsonElement checks = (await api.GetAsync("/health/ready")).Read<JsonElement>().GetProperty("checks");
            Assert.Equal("healthy", checks.GetProperty("breaker").GetProperty("status").GetString());
        }

        await using ServiceProcess mended = await StartAsync(spool, port, faults: "");
        Assert.Equal(JobState.Succeeded, (await api.WhenFinalAsync(job)).State);
        Assert.Equal(100, await database.ScalarAsync<long>($"SELECT count(*) FROM public.{Dataset}"));
        Assert.Equal(1, await database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.jobs WHERE dataset = '{Dataset}'"));
    }

    private static async Task AssertRefusedAsync(Api api, string dataset, string spool, FaultPoint point)
    {
        ApiAnswer refused = await api.UploadAsync(dataset, Readings.Csv(100));

        Assert.True(refused.Status == HttpStatusCode.ServiceUnavailable, $"{point}: {refused.Body}");
        Assert.Equal("spool_unavailable", refused.Problem.Code);
        Assert.NotNull(refused["Retry-After"]);
        Assert.Equal(SpoolFolder.OwnFiles, Directory.EnumerateFiles(spool).Select(Path.GetFileName).Order());
    }

    private async Task<ServiceProcess> StartAsync(string spool, int port, string faults, int sharedBytesMax = 16 << 10)
    {
        var service = ServiceProcess.Start(
            database.ConnectionString, spool, port, (FaultPoints.Variable, faults), ("Jobs__LeaseTime", "00:00:01"),
            ("Spool__SharedBytesMax", $"{sharedBytesMax}"));
        Assert.True(await service.WaitUntilReadyAsync(TestContext.Current.CancellationToken), service.Log);
        return service;
    }
}
