using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using PipelineService.Core.Jobs;
using PipelineService.Spool.Local;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Intake;

/// <summary>The disk of the spool is really full, or cannot be written: uploads are refused, leave nothing, and go on afterwards.</summary>
public sealed class FullDiskTests(TestDatabase database) : IClassFixture<TestDatabase>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Refuses_a_body_in_the_middle_of_which_the_disk_fills_up()
    {
        await using SmallDisk disk = await SmallDisk.MountAsync();
        await using ServiceUnderTest service = await StartAsync(disk);
        Api api = await DeclareAsync(service, "full_body");
        using (var connection = await RawConnection.BeginUploadAsync(api.Address, "full_body", "Transfer-Encoding: chunked"))
        {
            string rows = Readings.CsvRows(1, 5_000);
            await connection.SendChunkAsync(Readings.Header);
            for (int sent = 0; sent <= SmallDisk.Bytes; sent += rows.Length)
            {
                await connection.SendChunkAsync(rows);
            }

            AssertRefused(await connection.ReadAnswerAsync(), HttpStatusCode.InsufficientStorage, "spool_full");
        }

        await AssertGoesOnAsync(service, api, "full_body");
    }

    /// <summary>
    /// The length of the body is not announced, so that only a look at the disk while it arrives can tell.
    /// </summary>
    [Fact]
    public async Task Leaves_the_free_bytes_that_others_need_while_a_body_arrives()
    {
        const long BytesMin = SmallDisk.Bytes / 2;
        await using SmallDisk disk = await SmallDisk.MountAsync();
        await using ServiceUnderTest service = await StartAsync(disk, BytesMin);
        Api api = await DeclareAsync(service, "leaves_room");
        long leastFree = long.MaxValue;
        using (var connection = await RawConnection.BeginUploadAsync(
            api.Address, "leaves_room", "Transfer-Encoding: chunked"))
        {
            string rows = Readings.CsvRows(1, 500);
            await connection.SendChunkAsync(Readings.Header);
            for (int sent = 0; sent <= SmallDisk.Bytes; sent += rows.Length)
            {
                await connection.SendChunkAsync(rows);
                leastFree = Math.Min(leastFree, new DriveInfo(disk.Path).AvailableFreeSpace);
            }

            AssertRefused(await connection.ReadAnswerAsync(), HttpStatusCode.InsufficientStorage, "spool_full");
        }

        Assert.InRange(leastFree, BytesMin, SmallDisk.Bytes);
        await AssertGoesOnAsync(service, api, "leaves_room");
    }

    [Fact]
    public async Task Refuses_an_upload_whose_manifest_finds_no_room()
    {
        await using SmallDisk disk = await SmallDisk.MountAsync();
        await using ServiceUnderTest service = await StartAsync(disk);
        Api api = await DeclareAsync(service, "full_manifest");
        using (var connection = await RawConnection.BeginUploadAsync(api.Address, "full_manifest", "Transfer-Encoding: chunked"))
        {
            string body = Readings.Csv(100);
            await connection.SendChunkAsync(body);
            await WhenHeldAsync(service, body.Length);

            disk.Fill();
            await connection.SendAsync("0\r\n\r\n"); // the body is complete and stored; what fails is to say so

            AssertRefused(await connection.ReadAnswerAsync(), HttpStatusCode.InsufficientStorage, "spool_full");
        }

        disk.MakeRoom();
        await AssertGoesOnAsync(service, api, "full_manifest");
    }

    [Fact]
    public async Task Refuses_an_upload_whose_file_cannot_even_be_made()
    {
        await using SmallDisk disk = await SmallDisk.MountAsync();
        await using ServiceUnderTest service = await StartAsync(disk);
        Api api = await DeclareAsync(service, "full_of_names");
        disk.FillWithNames();

        AssertRefused(
            await api.UploadAsync("full_of_names", Readings.Csv(1)), HttpStatusCode.InsufficientStorage, "spool_full");

        disk.MakeRoom();
        await AssertGoesOnAsync(service, api, "full_of_names");
    }

    [Fact]
    public async Task Loads_what_waits_on_a_full_disk_after_a_start()
    {
        await using SmallDisk disk = await SmallDisk.MountAsync();
        Guid id;
        await using (ServiceUnderTest before = await StartAsync(disk))
        {
            Api api = await DeclareAsync(before, "full_at_start");
            await using LoadGate gate = await LoadGate.CloseAsync(database, "full_at_start", id: 1);
            id = (await api.UploadAsync("full_at_start", Readings.Csv(500))).Job.Id;
            await before.StopAsync();
            await gate.OpenAsync();
        }

        disk.Fill();
        await using ServiceUnderTest after = await StartAsync(disk);

        Assert.Equal(JobState.Succeeded, (await new Api(after.Client).WhenFinalAsync(id)).State);
    }

    [Fact]
    public async Task Is_not_ready_and_refuses_uploads_while_the_disk_is_read_only()
    {
        await using SmallDisk disk = await SmallDisk.MountAsync();
        await using ServiceUnderTest service = await StartAsync(disk);
        Api api = await DeclareAsync(service, "read_only");
        await disk.MakeReadOnlyAsync();

        string fault = await WhenSpoolIsAsync(service, "unhealthy");
        Assert.Contains("cannot be written", fault, StringComparison.Ordinal);
        AssertRefused(
            await api.UploadAsync("read_only", Readings.Csv(1)), HttpStatusCode.ServiceUnavailable, "spool_unavailable");

        await disk.MakeWritableAsync();
        await WhenSpoolIsAsync(service, "healthy");
        await AssertGoesOnAsync(service, api, "read_only");
    }

    private Task<ServiceUnderTest> StartAsync(SmallDisk disk, long freeBytesMin = 0) => ServiceUnderTest.StartAsync(
        database.ConnectionString,
        [("Spool:FreeBytesMin", $"{freeBytesMin}")],
        spoolDirectory: Path.Combine(disk.Path, "spool"));

    private static async Task<Api> DeclareAsync(ServiceUnderTest service, string dataset)
    {
        Api api = new(service.Client);
        await api.DeclareAsync(dataset, Readings.Definition());
        return api;
    }

    private static void AssertRefused(ApiAnswer answer, HttpStatusCode status, string code)
    {
        Assert.Equal((status, code), (answer.Status, answer.Problem.Code));
        Assert.NotNull(answer["Retry-After"]);
    }

    /// <summary>The refused upload has left neither a file nor a count nor a job, and the next one is loaded.</summary>
    private async Task AssertGoesOnAsync(ServiceUnderTest service, Api api, string dataset)
    {
        await WhenHeldAsync(service, 0);
        Assert.Equal(
            SpoolFolder.OwnFiles, Directory.EnumerateFiles(service.SpoolDirectory).Select(Path.GetFileName).Order());
        Assert.Equal(0, await database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.jobs WHERE dataset = '{dataset}'"));
        Assert.Equal(JobState.Succeeded, (await api.LoadAsync(dataset, Readings.Csv(1_000))).State);
        await WhenHeldAsync(service, 0);
    }

    private static Task WhenHeldAsync(ServiceUnderTest service, long bytes) => BoundedWait.UntilAsync(
        $"the spool to hold {bytes} bytes", () => service.Services.GetRequiredService<SpoolDirectory>().Bytes == bytes);

    private static async Task<string> WhenSpoolIsAsync(ServiceUnderTest service, string status)
    {
        string description = "";
        await BoundedWait.UntilAsync($"the spool to be {status}", async () =>
        {
            using HttpResponseMessage ready = await service.Client.GetAsync(new Uri("/health/ready", UriKind.Relative), Cancellation);
            JsonElement spool = JsonDocument.Parse(await ready.Content.ReadAsStringAsync(Cancellation))
                .RootElement.GetProperty("checks").GetProperty("spool");
            Assert.Equal(ready.IsSuccessStatusCode, spool.GetProperty("status").GetString() == "healthy");
            description = spool.GetProperty("description").GetString() ?? "";
            return spool.GetProperty("status").GetString() == status;
        });
        return description;
    }
}
