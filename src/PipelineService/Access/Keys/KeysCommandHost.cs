using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Hosting.Embedded;
using PipelineService.Hosting.Migrations;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Access.Keys;

/// <summary>What <see cref="KeysCommand"/> needs of the service: its settings, its database with the schema, its keys. No more starts.</summary>
internal sealed class KeysCommandHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private EmbeddedPostgres? _server;

    private KeysCommandHost(WebApplication app) => _app = app;

    public KeyStore Store => _app.Services.GetRequiredService<KeyStore>();

    public TimeProvider Time => _app.Services.GetRequiredService<TimeProvider>();

    public int KeysMax => _app.Services.GetRequiredService<IOptions<AccessOptions>>().Value.KeysMax;

    /// <param name="settings">As the command line gives them.</param>
    public static async Task<KeysCommandHost> StartAsync(IEnumerable<string> settings)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            // Nothing but the key goes to standard output.
            Args = [.. settings, "--Serilog:MinimumLevel:Default=Fatal", "--Serilog:MinimumLevel:Override:Microsoft.Hosting.Lifetime=Fatal"],
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.AddHosting();
        builder.AddAccess();

        // It listens nowhere.
        builder.Services.Remove(builder.Services.Single(service => service.ImplementationType == typeof(OpenAddresses)));
        KeysCommandHost host = new(builder.Build());
        try
        {
            await host.ReachDatabaseAsync();
            return host;
        }
        catch
        {
            await host.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.Services.GetRequiredService<Database>().DisposeAsync();
        await (_server?.DisposeAsync() ?? ValueTask.CompletedTask);
        await _app.DisposeAsync();
    }

    private async Task ReachDatabaseAsync()
    {
        HostingOptions options = _app.Services.GetRequiredService<IOptions<HostingOptions>>().Value;
        _ = KeysMax; // checks the section
        var address = DatabaseAddress.Of(_app.Configuration);
        _app.Services.GetRequiredService<DatabasePool>().ConnectionString =
            address.ConnectionString ?? await ReachPrivateAsync(options);

        Database database = _app.Services.GetRequiredService<Database>();
        database.Attach(_app.Services.GetRequiredService<NpgsqlDataSource>());
        await using NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync();
        await _app.Services.GetRequiredService<Migrator>().MigrateAsync(connection, CancellationToken.None);
        await database.Identity.LearnAsync(connection, CancellationToken.None);
        database.Readiness.Signal();
    }

    /// <summary>That of a service that runs; else one for as long as this takes.</summary>
    private async Task<string> ReachPrivateAsync(HostingOptions options)
    {
        if (await RunningServer.FindAsync(options.DataDirectory, CancellationToken.None) is { } running)
        {
            return running;
        }

        EmbeddedPostgresSettings settings = new() { Directory = options.DataDirectory, Binaries = options.PostgresBinaries };
        _server = await EmbeddedPostgres.StartAsync(
            settings, _app.Services.GetRequiredService<ILogger<KeysCommandHost>>(), CancellationToken.None, Time);
        return _server.ConnectionString;
    }
}
