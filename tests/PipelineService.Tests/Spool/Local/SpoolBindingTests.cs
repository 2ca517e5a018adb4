using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Startup;
using PipelineService.Tests.Infrastructure;
using PipelineService.Tests.Reliability;

namespace PipelineService.Tests.Spool.Local;

/// <summary>A spool belongs to one database: started with another, the service refuses, and touches neither.</summary>
public sealed class SpoolBindingTests(PostgresServer server) : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly TestDatabase _first = new(server), _second = new(server);

    private string Spool => Path.Combine(_folder.Path, "spool");

    private string OwnerFile => Path.Combine(Spool, "spool.database");

    [Fact]
    public async Task Refuses_a_spool_with_uploads_of_another_database_and_touches_nothing()
    {
        Guid job = await LeaveOneUploadAsync();
        (string, string)[] files = FilesOfSpool();

        StartupException refused = await Assert.ThrowsAsync<StartupException>(() => StartAsync(_second));

        Assert.Contains($"The spool {Spool} belongs to the database", refused.Message, StringComparison.Ordinal);
        Assert.Contains("holds 1 uploads for it", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Spool__Directory", refused.Message, StringComparison.Ordinal);
        Assert.Equal(files, FilesOfSpool());
        Assert.Equal(0, await CountAsync(_second, "jobs"));
        Assert.Equal(0, await CountAsync(_second, "spools"));
        await using ServiceUnderTest own = await StartAsync(_first);
        Assert.Equal(JobState.Succeeded, (await new Api(own.Client).WhenFinalAsync(job)).State);
    }

    [Fact]
    public async Task Hands_an_empty_spool_over_when_its_owner_s_file_is_deleted_and_not_before()
    {
        await (await StartAsync(_first)).DisposeAsync();

        StartupException refused = await Assert.ThrowsAsync<StartupException>(() => StartAsync(_second));
        Assert.Contains($"delete {OwnerFile}", refused.Message, StringComparison.Ordinal);

        File.Delete(OwnerFile);
        await (await StartAsync(_second)).DisposeAsync();
        await Assert.ThrowsAsync<StartupException>(() => StartAsync(_first));
    }

    /// <summary>
    /// Neither the spool nor the database of the version before says whose it is; the job's row does.
    /// </summary>
    [Fact]
    public async Task Takes_over_a_spool_from_before_spools_knew_their_database()
    {
        Guid job = await LeaveOneUploadAsync();
        File.Delete(OwnerFile);
        await _first.ExecuteAsync("TRUNCATE pipeline.spools, pipeline.identity");

        await using ServiceUnderTest service = await StartAsync(_first);

        Assert.Equal(JobState.Succeeded, (await new Api(service.Client).WhenFinalAsync(job)).State);
        Assert.Equal(Spool, await _first.ScalarAsync<string>("SELECT directory FROM pipeline.spools"));
        Guid identity = await _first.ScalarAsync<Guid>("SELECT id FROM pipeline.identity");
        string[] owner = await File.ReadAllLinesAsync(OwnerFile, TestContext.Current.CancellationToken);
        Assert.Equal(identity.ToString(), owner[0]);
    }

    [Fact]
    public async Task Refuses_uploads_of_nobody_knows_which_database_until_it_is_told()
    {
        Guid job = await LeaveOneUploadAsync();
        File.Delete(OwnerFile);

        StartupException refused = await Assert.ThrowsAsync<StartupException>(() => StartAsync(_second));
        Assert.Contains("has never had a job from it", refused.Message, StringComparison.Ordinal);

        Guid identity = await _second.ScalarAsync<Guid>("SELECT id FROM pipeline.identity");
        Assert.Contains($"write {identity} into {OwnerFile}", refused.Message, StringComparison.Ordinal);
        await File.WriteAllTextAsync(OwnerFile, $"{identity}", TestContext.Current.CancellationToken);
        await using ServiceUnderTest service = await StartAsync(_second);
        await BoundedWait.UntilAsync("the upload to be set aside: its dataset is not declared here", () =>
            File.Exists(Path.Combine(Spool, $"{job}.json.damaged")));
    }

    /// <summary>
    /// The service may start in an outage. What is in the spool stays as it is until the two have been compared.
    /// </summary>
    [Fact]
    public async Task Compares_a_database_that_is_reached_after_the_start_and_stops_when_it_is_another()
    {
        await using Server server = await Server.StartAsync();
        await server.StopImmediatelyAsync();
        Directory.CreateDirectory(Spool);
        await File.WriteAllTextAsync(OwnerFile, $"{Guid.CreateVersion7()}\n", TestContext.Current.CancellationToken);
        string unacknowledged = Path.Combine(Spool, $"{Guid.CreateVersion7()}.data");
        await File.WriteAllTextAsync(unacknowledged, "of the other's sender", TestContext.Current.CancellationToken);
        await using ServiceUnderTest service = await ServiceUnderTest.StartAsync(
            server.ConnectionString, [("Hosting:BreakerDuration", "00:00:00.5")], Spool);
        (string, string)[] files = FilesOfSpool();
        int exitCode = Environment.ExitCode;
        try
        {
            await server.RestartAsync();

            CancellationToken stopping =
                service.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
            await BoundedWait.UntilAsync("the service to stop", () => stopping.IsCancellationRequested);
            Assert.Equal(StartupFaults.ExitCode, Environment.ExitCode);
            Assert.Equal(files, FilesOfSpool());
        }
        finally
        {
            Environment.ExitCode = exitCode;
        }
    }

    /// <summary>It has the identity, and knows neither the job nor the spool.</summary>
    [Fact]
    public async Task Goes_on_with_a_database_restored_from_an_older_backup()
    {
        Guid job = await LeaveOneUploadAsync();
        await _first.ExecuteAsync("TRUNCATE pipeline.spools; DELETE FROM pipeline.jobs");

        await using ServiceUnderTest service = await StartAsync(_first);

        Api api = new(service.Client);
        await BoundedWait.UntilAsync(
            "the job to be known again",
            async () => (await api.GetAsync($"/v1/jobs/{job}")).Status == System.Net.HttpStatusCode.OK);
        Assert.Equal(JobState.Succeeded, (await api.WhenFinalAsync(job)).State);
    }

    public async ValueTask InitializeAsync()
    {
        await _first.InitializeAsync();
        await _second.InitializeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _first.DisposeAsync();
        await _second.DisposeAsync();
        _folder.Dispose();
    }

    private Task<ServiceUnderTest> StartAsync(TestDatabase database) =>
        ServiceUnderTest.StartAsync(database.ConnectionString, spoolDirectory: Spool);

    /// <summary>A service that stops while a job waits for a lock on its table.</summary>
    private async Task<Guid> LeaveOneUploadAsync()
    {
        await using ServiceUnderTest service = await StartAsync(_first);
        Api api = new(service.Client);
        await api.DeclareAsync("left", Readings.Definition());
        await using LoadGate gate = await LoadGate.CloseAsync(_first, "left", id: 1);
        Guid job = (await api.UploadAsync("left", Readings.Csv(10))).Job.Id;
        await service.StopAsync();
        await gate.OpenAsync();
        return job;
    }

    private (string Name, string Content)[] FilesOfSpool() =>
    [
        .. Directory.EnumerateFiles(Spool).Concat(Directory.EnumerateDirectories(Spool).SelectMany(Directory.EnumerateFiles)).Order()
            .Select(path => (path, File.ReadAllText(path))),
    ];

    private static Task<long> CountAsync(TestDatabase database, string table) =>
        database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.{table}");
}
