using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Jobs;
using PipelineService.Datasets;
using PipelineService.Intake;
using PipelineService.Jobs;
using PipelineService.Tests.Infrastructure;

namespace PipelineService.Tests.Sources;

/// <summary>Files that are put into a watched folder become uploads, each once.</summary>
public sealed class FolderSourceTests(WatchingService service) : IClassFixture<WatchingService>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_file_is_an_upload_with_a_job_and_is_moved()
    {
        const int Files = 30;
        await service.WatchAsync("moved", rest: ", 'source': 'acme'");
        for (int i = 0; i < Files; i++)
        {
            service.Drop("moved", $"{i}.csv", Readings.Header + Readings.CsvRows(i * 10, 10));
        }

        await using (GZipStream packed = new(File.Create(service.PathOf("moved", ".packed")), CompressionLevel.Fastest))
        {
            await packed.WriteAsync(Encoding.UTF8.GetBytes(Readings.Header + Readings.CsvRows(Files * 10, 10)), Token);
        }

        File.Move(service.PathOf("moved", ".packed"), service.PathOf("moved", "packed.csv.gz"));

        await service.WhenTakenAsync("moved", Files + 1);

        Assert.Equal(Files * 10 + 10, await service.CountRowsAsync("moved"));
        Assert.Equal(Files * 10 + 10, await service.Database.ScalarAsync<long>("SELECT count(DISTINCT id) FROM moved"));
        Assert.Empty(Directory.EnumerateFiles(service.PathOf("moved")));
        Assert.Equal(Files + 1, Directory.EnumerateFiles(service.PathOf("moved", "done")).Count());
        Assert.Equal(Files + 1, await service.Database.ScalarAsync<long>(
            "SELECT count(*) FROM pipeline.jobs WHERE dataset = 'moved' AND source = 'acme' AND state = 'succeeded'"));
        Assert.Equal(Files + 1, await service.Database.ScalarAsync<long>(
            "SELECT count(*) FROM pipeline.audit WHERE dataset = 'moved' AND action = 'upload.take' AND actor = 'source/moved'"));
        await service.LookAsync("moved");
        JsonNode source = await service.SourceAsync("moved");
        Assert.Equal(("active", Files + 1, 0, 0), ((string)source["state"]!, (int)source["taken"]!, (int)source["refused"]!, (int)source["lag"]!["objects"]!));
    }

    /// <summary>What lies there no more would fill the table; what stays would be taken once more.</summary>
    [Fact]
    public async Task What_was_moved_is_forgotten_after_a_time_and_what_stays_is_not()
    {
        foreach ((string name, string after) in ((string, string)[])[("forgetful", "move"), ("retentive", "keep")])
        {
            await service.WatchAsync(name, $", 'settle': 'PT0S', 'after': '{after}'");
            service.Drop(name, "old.csv", Readings.Csv(1));
            await service.WhenTakenAsync(name, 1);
            await service.Database.ExecuteAsync($"""
                UPDATE pipeline.source_objects SET at = at - interval '91 days' WHERE source = (SELECT id FROM pipeline.sources WHERE name = '{name}')
                """);
            service.Drop(name, "new.csv", Readings.Csv(2));
            await service.WhenTakenAsync(name, 2);

            await service.PutAsync(name, $"{{ 'dataset': '{name}', 'folder': {{ 'root': 'incoming', 'path': '{name}', 'settle': 'PT0S', 'after': '{after}' }} }}");
            await service.LookAsync(name);
        }

        Assert.Equal(["new.csv"], (await service.ObjectsAsync("forgetful")).Select(item => (string?)item!["object"]));
        Assert.Equal(["new.csv", "old.csv"], (await service.ObjectsAsync("retentive")).Select(item => (string?)item!["object"]));
        Assert.Equal(3, await service.CountRowsAsync("retentive"));
    }

    [Fact]
    public async Task A_file_that_is_still_written_is_not_taken()
    {
        await service.WatchAsync("unsettled", ", 'settle': 'PT1H'");
        service.Drop("unsettled", "a.csv", Readings.Csv(1));
        await File.WriteAllTextAsync(service.PathOf("unsettled", "b.csv.part"), Readings.Csv(1), Token);

        await service.LookAsync("unsettled");

        JsonNode source = await service.SourceAsync("unsettled");
        Assert.Equal((1, 0), ((int)source["lag"]!["objects"]!, (int)source["taken"]!));
        Assert.Equal(Readings.Csv(1).Length, (int)source["lag"]!["bytes"]!);
        Assert.Empty(await service.ObjectsAsync("unsettled"));
        Assert.True(File.Exists(service.PathOf("unsettled", "a.csv")));
    }

    [Fact]
    public async Task A_file_that_cannot_be_taken_is_told_of_and_not_tried_again()
    {
        await service.WatchAsync("refused");
        service.Drop("refused", "huge.csv", Readings.Csv(1) + new string(' ', WatchingService.BodyBytesMax));
        service.Drop("refused", "good.csv", Readings.Csv(3));

        await service.WhenTakenAsync("refused", 2);
        await service.LookAsync("refused");

        JsonNode refused = Assert.Single(JsonNode.Parse((await service.Api.GetAsync("/v1/sources/refused/objects?state=refused")).Body)!["items"]!.AsArray())!;
        Assert.Equal(("huge.csv", "body_too_large", null), ((string)refused["object"]!, (string)refused["error"]!["code"]!, (string?)refused["jobId"]));
        Assert.Equal(["huge.csv"], Directory.EnumerateFiles(service.PathOf("refused", "failed")).Select(Path.GetFileName));
        JsonNode source = await service.SourceAsync("refused");
        Assert.Equal((1, 1, "active"), ((int)source["taken"]!, (int)source["refused"]!, (string)source["state"]!));
        Assert.Equal(3, await service.CountRowsAsync("refused"));
    }

    [Fact]
    public async Task Files_that_are_kept_are_taken_once_and_again_when_they_have_changed()
    {
        await service.WatchAsync("kept", ", 'settle': 'PT0S', 'after': 'keep'");
        service.Drop("kept", "a.csv", Readings.Csv(2));
        await service.WhenTakenAsync("kept", 1);
        await service.LookAsync("kept");
        Assert.Equal(2, await service.CountRowsAsync("kept"));

        service.Drop("kept", "a.csv", Readings.Csv(3));
        await service.WhenTakenAsync("kept", 2);

        Assert.Equal(5, await service.CountRowsAsync("kept"));
        Assert.Equal(["a.csv"], Directory.EnumerateFileSystemEntries(service.PathOf("kept")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task Files_are_deleted_where_that_is_said()
    {
        await service.WatchAsync("deleted", ", 'settle': 'PT0S', 'after': 'delete'");
        service.Drop("deleted", "a.csv", Readings.Csv(2));

        await service.WhenTakenAsync("deleted", 1);

        Assert.Equal(2, await service.CountRowsAsync("deleted"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(service.PathOf("deleted")));
    }

    [Fact]
    public async Task A_paused_source_takes_nothing_until_it_goes_on()
    {
        await service.WatchAsync("paused");
        await BoundedWait.UntilAsync("it to be looked after", IsLookedAfterAsync);
        Assert.Equal("paused", (string)JsonNode.Parse((await service.Api.PostAsync("/v1/sources/paused/pause")).Body)!["state"]!);
        await BoundedWait.UntilAsync("it to be let go of", async () => !await IsLookedAfterAsync());
        service.Drop("paused", "a.csv", Readings.Csv(1));
        Assert.Equal(HttpStatusCode.Accepted, (await service.Api.PostAsync("/v1/sources/paused/notify")).Status);
        Assert.Empty(await service.ObjectsAsync("paused"));

        Assert.NotEqual("paused", (string)JsonNode.Parse((await service.Api.PostAsync("/v1/sources/paused/resume")).Body)!["state"]!);

        await service.WhenTakenAsync("paused", 1);

        async Task<bool> IsLookedAfterAsync() =>
            (await MetricsPage.ReadAsync(service.Service.Client)).LabelsOf("pipeline_sources_waiting", "name").Contains("paused");
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_told_of_and_taken_up_when_it_is()
    {
        await service.Api.DeclareAsync("absent", Readings.Definition());
        await service.PutAsync("absent", "{ 'dataset': 'absent', 'folder': { 'root': 'incoming', 'path': 'absent', 'settle': 'PT0S' } }");
        await BoundedWait.UntilAsync("the fault", async () => (string)(await service.SourceAsync("absent"))["state"]! == "failing");
        JsonNode failing = await service.SourceAsync("absent");
        Assert.Equal("source_unreachable", (string)failing["error"]!["code"]!);
        Assert.Contains("There is no folder", (string)failing["error"]!["detail"]!, StringComparison.Ordinal);
        ApiAnswer health = await service.Api.GetAsync("/health/ready");
        Assert.Equal((HttpStatusCode.OK, "degraded"), (health.Status, (string)JsonNode.Parse(health.Body)!["checks"]!["sources"]!["status"]!));

        Directory.CreateDirectory(service.PathOf("absent"));
        service.Drop("absent", "a.csv", Readings.Csv(1));
        await service.WhenTakenAsync("absent", 1);

        await BoundedWait.UntilAsync("it to be well", async () => (string)(await service.SourceAsync("absent"))["state"]! == "active");
        Assert.Equal(1, await service.CountRowsAsync("absent"));
    }

    /// <summary>Two instances, or a process and the one before it: one registers, and nothing is left of the other's.</summary>
    [Fact]
    public async Task Two_that_take_the_same_at_once_register_it_once()
    {
        await service.WatchAsync("twice");
        await service.Api.PostAsync("/v1/sources/twice/pause");
        Guid id = await service.Database.ScalarAsync<Guid>("SELECT id FROM pipeline.sources WHERE name = 'twice'");
        FoundIntake intake = service.Service.Services.GetRequiredService<FoundIntake>();
        DatasetVersion dataset = (await service.Service.Services.GetRequiredService<DatasetCatalog>().FindAsync("twice", Token))!;
        byte[] data = Encoding.UTF8.GetBytes(Readings.Csv(5));

        Task<string>[] both = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(TakeAsync))];
        string[] outcomes = await Task.WhenAll(both);

        Assert.Equal(["PL003", "PL003", "PL003", "PL003", "PL003", "PL003", "PL003", "taken"], outcomes.Order(StringComparer.Ordinal));
        await BoundedWait.UntilAsync("the rows", async () => await service.CountRowsAsync("twice") == 5);
        Assert.Equal(1, await service.CountJobsAsync("twice"));
        await BoundedWait.UntilAsync("the spool to be empty", () => !Directory.EnumerateFiles(service.Service.SpoolDirectory)
            .Any(path => !SpoolFolder.OwnFiles.Contains(Path.GetFileName(path))));

        async Task<string> TakeAsync()
        {
            try
            {
                using MemoryStream content = new(data);
                FoundUpload found = new("a.csv", data.Length, null, null, new TakenFrom(id, "a.csv", "1"));
                JobRow job = await intake.TakeAsync(dataset, found, Caller.Anonymous, AuditActor.Service, content, Token);
                await service.Api.WhenFinalAsync(job.Id);
                return "taken";
            }
            catch (PostgresException e)
            {
                return e.SqlState;
            }
        }
    }
}
