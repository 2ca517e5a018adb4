using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Hosting.Embedded;
using PipelineService.Hosting.Startup;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Hosting.Postgres;

/// <summary>
/// Stage 0: the database is there and has our schema before any other stage starts, and goes when all have stopped.
/// 1. Start the private server, when no database is configured. 2. Open the pool. 3. Prepare the database: its schema,
/// its identity, what belongs to it elsewhere. 4. Signal readiness.
/// A configured database that cannot be reached does not stop the start: steps 3 and 4 follow when the outage ends.
/// </summary>
internal sealed partial class DatabaseStartup(
    Database database,
    DatabasePool pool,
    PipelineMetrics metrics,
    IServiceProvider services,
    IEnumerable<DatabasePreparation> preparations,
    IOptions<HostingOptions> options,
    IConfiguration configuration,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<DatabaseStartup> logger) : StartingStep, IAsyncDisposable
{
    private readonly HostingOptions _options = options.Value;
    private readonly DatabaseAddress _address = DatabaseAddress.Of(configuration);
    private readonly CancellationTokenSource _stopping = new();
    private EmbeddedPostgres? _embedded;
    private Task _background = Task.CompletedTask;

    public override async Task StartingAsync(CancellationToken cancellationToken)
    {
        metrics.ObserveCircuit(() => (int)database.Circuit.State);
        pool.ConnectionString = _address.ConnectionString ?? await StartEmbeddedAsync(cancellationToken);
        database.Attach(services.GetRequiredService<NpgsqlDataSource>()); // not before: the driver takes its address once
        try
        {
            await PrepareOnceAsync(cancellationToken);
        }
        catch (Exception fault) when (DatabaseRefusal.Describe(fault, _address) is { } refusal)
        {
            throw new StartupException(refusal, fault);
        }
        catch (Exception fault) when (_embedded is null && SqlFaults.MayPass(fault))
        {
            Log.StartingWithoutDatabase(logger, fault.Message);
        }

        _background = Task.Run(() => WatchAsync(_stopping.Token), CancellationToken.None);
    }

    public override async Task StoppedAsync(CancellationToken cancellationToken) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync();
        await _background;
        await database.DisposeAsync();
        await (_embedded?.DisposeAsync() ?? ValueTask.CompletedTask);
        _stopping.Dispose();
    }

    private async Task<string> StartEmbeddedAsync(CancellationToken cancellationToken)
    {
        var settings = new EmbeddedPostgresSettings
        {
            Directory = _options.DataDirectory,
            Binaries = _options.PostgresBinaries,
            ConnectionsMax = _options.PoolSizeMax,
        };
        _embedded = await EmbeddedPostgres.StartAsync(settings, logger, cancellationToken, time);
        return _embedded.ConnectionString;
    }

    /// <summary>One attempt: a start must not hang for as long as an outage lasts.</summary>
    private async Task PrepareOnceAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await database.DataSource.OpenConnectionAsync(cancellationToken);
        await PrepareAsync(connection, cancellationToken);
        database.Readiness.Signal();
    }

    private async Task<bool> PrepareAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        foreach (DatabasePreparation prepare in preparations)
        {
            await prepare(connection, cancellationToken);
        }

        return true;
    }

    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!database.Readiness.IsReady)
            {
                await database.RunBeforeReadyAsync(PrepareAsync, cancellationToken);
                database.Readiness.Signal();
                Log.DatabaseReached(logger);
            }

            while (true)
            {
                await database.Circuit.WaitUntilAsync(
                    state => state != Polly.CircuitBreaker.CircuitState.Closed, cancellationToken);
                await RecoverAsync(cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        catch (Exception fault) when (!database.Readiness.IsReady)
        {
            // Reached at last, and not usable: altered migrations, missing rights, another's spool. Waiting mends
            // nothing.
            Log.DatabaseUnusable(logger, DatabaseRefusal.Describe(fault, _address) ?? fault.Message);
            Environment.ExitCode = StartupFaults.ExitCode;
            lifetime.StopApplication();
        }
    }

    /// <summary>
    /// An open circuit is closed by the next success, and when nobody uses the database nobody would notice that it is back.
    /// So this tries, and looks before each try whether a private server was killed and has to be started again.
    /// </summary>
    [SuppressMessage("Design", "CA1031", Justification = "The watch outlives what it meets: nobody else would end the outage.")]
    private async Task RecoverAsync(CancellationToken cancellationToken)
    {
        try
        {
            await (_embedded?.EnsureRunningAsync(cancellationToken) ?? Task.CompletedTask);
            await database.RunAsync(DatabasePool.PingAsync, cancellationToken);
        }
        catch (DatabaseUnavailableException fault)
        {
            await Task.Delay(fault.RetryAfter, time, cancellationToken);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            Log.NotRecovered(logger, fault);
            await Task.Delay(_options.BreakerDuration, time, cancellationToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning,
            "The database cannot be reached and is waited for; until it was reached once uploads are answered 503: {Fault}")]
        public static partial void StartingWithoutDatabase(ILogger logger, string fault);

        [LoggerMessage(LogLevel.Information, "The database was reached, and is prepared")]
        public static partial void DatabaseReached(ILogger logger);

        [LoggerMessage(LogLevel.Critical, "The database was reached, but cannot be used: {Fault}")]
        public static partial void DatabaseUnusable(ILogger logger, string fault);

        [LoggerMessage(LogLevel.Error, "The database is not back")]
        public static partial void NotRecovered(ILogger logger, Exception fault);
    }
}
