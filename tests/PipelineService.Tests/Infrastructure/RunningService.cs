using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Jobs.Runs;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// The service on a database of its own, for one test class: <c>IClassFixture&lt;RunningService&gt;</c>. Tests tell their data
/// apart by dataset names.
/// </summary>
public class RunningService(PostgresServer server) : IAsyncLifetime
{
    private readonly RequestsInProgress _requests = new();

    public TestDatabase Database { get; } = new(server);

    public ServiceUnderTest Service { get; private set; } = null!;

    public Api Api { get; private set; } = null!;

    /// <summary>How many requests the service is working on.</summary>
    public int RequestsInProgress => _requests.Count;

    public Task WhenDoneWithRequestsAsync() => _requests.WhenNoneAsync();

    /// <summary>Settings that differ from the defaults.</summary>
    protected virtual IEnumerable<(string Key, string? Value)> Settings => [];

    /// <summary>Adds and replaces services.</summary>
    protected virtual void Configure(IServiceCollection services)
    {
    }

    /// <summary>What every test of the class finds there.</summary>
    protected virtual Task PrepareAsync() => Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        await Database.InitializeAsync();
        Service = await ServiceUnderTest.StartAsync(
            Database.ConnectionString, Settings, configure: services => Configure(services.AddSingleton<IStartupFilter>(_requests)));
        Api = new Api(Service.Client);
        await PrepareAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await Database.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    public Task<long> CountRowsAsync(string table) => Database.ScalarAsync<long>($"SELECT count(*) FROM public.{table}");

    public Task<long> CountJobsAsync(string dataset) =>
        Database.ScalarAsync<long>($"SELECT count(*) FROM pipeline.jobs WHERE dataset = '{dataset}'");

    /// <summary>The rows of a query with one text column.</summary>
    public async Task<string[]> RowsAsync(string sql)
    {
        List<string> rows = [];
        await using NpgsqlCommand command = Database.DataSource.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return [.. rows];
    }

    /// <summary>
    /// The service is as it was before, and takes an upload. A job is answered as final a moment before it is forgotten, so
    /// the next test waits for that here.
    /// </summary>
    public async Task AssertNextIsLoadedAsync(string dataset)
    {
        Assert.Equal(JobState.Succeeded, (await Api.LoadAsync(dataset, Readings.Csv(1))).State);
        LiveJobs live = Service.Services.GetRequiredService<LiveJobs>();
        await BoundedWait.UntilAsync("the job to be forgotten", () => live.Count == 0);
    }

    /// <summary>A refusal leaves no job, no row, and no byte in the spool.</summary>
    public async Task AssertNothingIsLeftAsync(string dataset)
    {
        await _requests.WhenNoneAsync();
        Assert.Equal(0, await CountJobsAsync(dataset));
        if (await Database.ScalarAsync<bool>($"SELECT to_regclass('public.{dataset}') IS NOT NULL"))
        {
            Assert.Equal(0, await CountRowsAsync(dataset));
        }

        AssertSpoolIsEmpty();
        Assert.Equal(0, Service.Services.GetRequiredService<LiveJobs>().Count);
    }

    public void AssertSpoolIsEmpty() => Assert.DoesNotContain(
        Directory.EnumerateFiles(Service.SpoolDirectory).Select(Path.GetFileName),
        name => !SpoolFolder.OwnFiles.Contains(name));
}
