using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using OpenTelemetry.Exporter;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// The whole service in this process, built by the lines of Program.cs and listening on a real socket. It reads the same
/// configuration as in production, with the test's settings last.
/// </summary>
public sealed class ServiceUnderTest : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TemporaryFolder _folder;

    private ServiceUnderTest(WebApplication app, TemporaryFolder folder, string spoolDirectory)
    {
        _app = app;
        _folder = folder;
        SpoolDirectory = spoolDirectory;
        Client = new HttpClient(Answers) { BaseAddress = new Uri(app.Urls.First()) };
    }

    /// <summary>Sends requests, and holds what comes against the OpenAPI document.</summary>
    public HttpClient Client { get; }

    internal DocumentedAnswers Answers { get; } = new();

    public IServiceProvider Services => _app.Services;

    /// <summary>Give it to the next start, and the service continues what this one leaves: a restart.</summary>
    public string SpoolDirectory { get; }

    /// <param name="connectionString">The database; null starts a private server.</param>
    /// <param name="settings">Settings that differ, such as <c>("Spool:QuotaBytes", "1000")</c>.</param>
    /// <param name="spoolDirectory">The spool of an earlier start; null makes an empty one that is deleted at the end.</param>
    /// <param name="time">The clock; null is the system's.</param>
    /// <param name="configure">Replaces services.</param>
    public static async Task<ServiceUnderTest> StartAsync(
        string? connectionString,
        IEnumerable<(string Key, string? Value)>? settings = null,
        string? spoolDirectory = null,
        TimeProvider? time = null,
        Action<IServiceCollection>? configure = null)
    {
        var folder = new TemporaryFolder();
        spoolDirectory ??= Path.Combine(folder.Path, "spool");
        (string Key, string? Value)[] defaults =
        [
            ("ConnectionStrings:Pipeline", ServiceRole.Apply(connectionString)),
            ("DATABASE_URL", null),
            ("Hosting:DataDirectory", Path.Combine(folder.Path, "data")),
            ("Hosting:PoolSizeMax", "13"),
            ("Spool:Directory", spoolDirectory),
            ("Serilog:MinimumLevel:Default", "Warning"),
            ("Serilog:MinimumLevel:Override:Microsoft.Hosting.Lifetime", "Warning"),
            ("urls", "http://127.0.0.1:0"),
        ];

        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ApplicationName = typeof(PipelineServiceBuilder).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = "Development",
        });
        builder.Configuration.AddInMemoryCollection(defaults.Select(s => KeyValuePair.Create(s.Key, s.Value)));
        builder.Configuration.AddInMemoryCollection(settings?.Select(s => KeyValuePair.Create(s.Key, s.Value)));
        builder.AddPipelineService();
        builder.Services.Configure<PrometheusAspNetCoreOptions>(static metrics => metrics.ScrapeResponseCacheDurationMilliseconds = 0);
        if (time is not null)
        {
            builder.Services.Replace(ServiceDescriptor.Singleton(time));
        }

        configure?.Invoke(builder.Services);
        WebApplication app = builder.Build();
        try
        {
            app.UsePipelineService();
            await app.StartAsync();
            return new ServiceUnderTest(app, folder, spoolDirectory);
        }
        catch
        {
            await app.DisposeAsync();
            folder.Dispose();
            throw;
        }
    }

    /// <summary>Stops as SIGTERM does: drains, then ends. Its client can still read the answers that were under way.</summary>
    public Task StopAsync() => _app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _folder.Dispose();
    }
}
