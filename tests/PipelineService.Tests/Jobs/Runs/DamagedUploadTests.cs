using System.Net;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Http;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Runs;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Jobs.Runs;

/// <summary>
/// What the spool gives back of an upload that was answered 202 is not what was received: its job fails with the reason,
/// nothing is loaded, and what is left of it is kept for an operator.
/// </summary>
public sealed class DamagedUploadTests(SpoolOutageTests.OneByOne running) : IClassFixture<SpoolOutageTests.OneByOne>
{
    private readonly Api _api = running.Api;

    private SpoolDirectory Spool => running.Service.Services.GetRequiredService<SpoolDirectory>();

    [Theory]
    [InlineData("flipped_byte", "do not match their checksum", new[] { ".data", ".json" })]
    [InlineData("cut_data", "were received", new[] { ".data", ".json" })]
    [InlineData("no_data", "data file of the upload is missing", new[] { ".json" })]
    [InlineData("bad_manifest", "does not match its checksum", new[] { ".data", ".json" })]
    [InlineData("bad_shared_file", "does not match its checksum", new[] { ".json" }, 1)]
    public async Task Fails_the_job_with_the_reason_loads_nothing_and_keeps_the_files(
        string damage, string reason, string[] kept, int records = 100)
    {
        Spool.Sweep(DateTimeOffset.MinValue);
        long before = Spool.Bytes;
        await using (Held held = await HoldAsync(damage, records))
        {
            Damage(damage, held.Queued);
            await held.Gate.OpenAsync();

            JobView job = await _api.WhenFinalAsync(held.Queued);

            Problem error = job.Error!;
            Assert.Equal((JobState.Failed, "spool_damaged"), (job.State, error.Code));
            Assert.Contains(reason, error.Detail!, StringComparison.Ordinal);
            Assert.Contains($"{held.Queued}.*.damaged", error.Detail!, StringComparison.Ordinal);
            Assert.Equal(0, await running.CountRowsAsync(damage));
            AssertKept(held.Queued, kept);
            await BoundedWait.UntilAsync("the kept bytes to be counted, and only those", () =>
            {
                Spool.Sweep(DateTimeOffset.MinValue); // a file that was cut is counted by its length when it is looked at
                return Spool.Bytes == before + BytesOf(held.Queued);
            });
        }
    }

    [Fact]
    public async Task Fails_a_job_that_was_sealed_and_not_registered_as_complete()
    {
        await using Held held = await HoldAsync("half_registered");
        Damage("bad_manifest", held.Queued);
        await running.Database.ExecuteAsync($"""
            UPDATE pipeline.jobs SET state = 'receiving', upload_complete = false, owner = gen_random_uuid(), lease_until = now()
            WHERE id = '{held.Queued}'
            """); // as a crash between the manifest and the row leaves it

        JobView job = await _api.WhenFinalAsync(held.Queued);

        Assert.Equal((JobState.Failed, "spool_damaged"), (job.State, job.Error!.Code));
        AssertKept(held.Queued, ".data", ".json");
    }

    [Fact]
    public async Task Keeps_the_files_of_an_upload_of_which_nothing_else_is_known()
    {
        Guid next;
        await using (Held held = await HoldAsync("unregistered"))
        {
            Damage("bad_manifest", held.Queued);
            await running.Database.ExecuteAsync($"DELETE FROM pipeline.jobs WHERE id = '{held.Queued}'");
            running.Service.Services.GetRequiredService<SpoolRecovery>().MissesOne();

            await BoundedWait.UntilAsync("the manifest to be set aside", () => File.Exists(Spool.ManifestPath(held.Queued) + ".damaged"));

            AssertKept(held.Queued, ".data", ".json");
            Assert.Equal(HttpStatusCode.NotFound, (await _api.GetAsync($"/v1/jobs/{held.Queued}")).Status);
            next = await TakeAnotherAsync("unregistered");
        }

        await _api.WhenFinalAsync(next); // what the spool holds is counted by others
    }

    /// <summary>A manifest that cannot be read must not stand in the way of others, whose keys are looked for there.</summary>
    private async Task<Guid> TakeAnotherAsync(string dataset)
    {
        ApiAnswer next = await _api.UploadAsync(dataset, Readings.Csv(1), "text/csv", ("Idempotency-Key", "another"));
        Assert.Equal(HttpStatusCode.Accepted, next.Status);
        return next.Job.Id;
    }

    private void Damage(string how, Guid id)
    {
        string data = Spool.DataPath(id), manifest = Spool.ManifestPath(id);
        switch (how)
        {
            case "flipped_byte":
                byte[] bytes = File.ReadAllBytes(data);
                bytes[^3] ^= 1;
                File.WriteAllBytes(data, bytes);
                break;
            case "cut_data":
                File.WriteAllBytes(data, File.ReadAllBytes(data)[..^1]);
                break;
            case "no_data":
                File.Delete(data);
                break;
            default:
                File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("text/csv", "text/tsv", StringComparison.Ordinal));
                break;
        }
    }

    private void AssertKept(Guid id, params string[] kept) => Assert.Equal(
        kept.Select(extension => $"{id}{extension}.damaged"),
        Directory.EnumerateFiles(Spool.Root, $"{id}*").Select(Path.GetFileName).Order());

    /// <summary>What is counted of it: its data, wherever they lie.</summary>
    private long BytesOf(Guid id)
    {
        string[] data = Directory.GetFiles(Spool.Root, $"{id}.data*");
        return (data.Length > 0 ? data : Directory.GetFiles(Spool.Root, $"{id}.json*")).Sum(path => new FileInfo(path).Length);
    }

    /// <summary>A job that waits in the queue behind one that is held.</summary>
    private async Task<Held> HoldAsync(string dataset, int records = 100)
    {
        string first = dataset + "_first";
        await _api.DeclareAsync(first, Readings.Definition());
        await _api.DeclareAsync(dataset, Readings.Definition("'load': { 'commit': 'chunk' }"));
        LoadGate gate = await LoadGate.CloseAsync(running.Database, first, id: 1);
        Guid holding = (await _api.UploadAsync(first, Readings.Csv(1))).Job.Id;
        JobView queued = (await _api.UploadAsync(dataset, Readings.Csv(records))).Job;
        Assert.Equal(JobState.Queued, queued.State);
        return new Held(queued.Id, gate, async () =>
        {
            await gate.OpenAsync();
            await _api.WhenFinalAsync(holding);
        });
    }

    private sealed record Held(Guid Queued, LoadGate Gate, Func<Task> End) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await End();
            await Gate.DisposeAsync();
        }
    }
}
