using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Hosting.Postgres;

/// <summary>The pool of connections, sized and timed by <see cref="HostingOptions"/>.</summary>
internal sealed class DatabasePool(IOptions<HostingOptions> options, Database database)
{
    /// <summary>The driver's name of it in metrics and spans; else the connection string would be that.</summary>
    public const string Name = "pipeline";

    /// <summary>
    /// Statements that a connection keeps prepared. The service has some sixty of its own, and the look at a table takes ten
    /// times longer to plan than to run; a few more are of the tables that it loads into.
    /// </summary>
    private const int PreparedMax = 100;

    /// <summary>Where the database is. Known when the host starts: before the pool is asked for.</summary>
    public string ConnectionString { get; set; } = "";

    public void Configure(NpgsqlDataSourceBuilder builder)
    {
        builder.ConnectionStringBuilder.ConnectionString = ConnectionString;
        Configure(builder, options.Value, database.Identity);
    }

    /// <param name="identity">Compared with that of the database at the other end of each connection.</param>
    internal static void Configure(NpgsqlDataSourceBuilder builder, HostingOptions options, DatabaseIdentity identity)
    {
        NpgsqlConnectionStringBuilder settings = builder.ConnectionStringBuilder;
        settings.MaxPoolSize = options.PoolSizeMax;
        settings.MinPoolSize = Math.Min(settings.MinPoolSize, options.PoolSizeMax);
        settings.ApplicationName ??= "PipelineService";
        settings.CommandTimeout = (int)options.StatementTimeout.TotalSeconds;

        // Before the timeout of a request's attempt: the driver's own error says more than "too late".
        settings.Timeout = Math.Clamp((int)options.DatabaseTimeout.TotalSeconds - 1, 1, 300);

        // A write session may be silent for minutes while its client is slow; firewalls forget such connections.
        settings.KeepAlive = settings.KeepAlive == 0 ? 30 : settings.KeepAlive;

        // Unless the connection string says otherwise, as it must for a proxy that knows no prepared statements.
        if (!settings.ShouldSerialize("Max Auto Prepare"))
        {
            settings.MaxAutoPrepare = PreparedMax;
            settings.AutoPrepareMinUsages = 2;
        }

        // Error details quote rows. They belong to dead letters, not to logs.
        settings.IncludeErrorDetail = false;
        builder.Name = Name;
        builder.ConfigureTracing(static spans => spans
            .ConfigureCommandFilter(static _ => PipelineTracing.TellsStatements && StatementSpans.AreRecorded)
            .ConfigureBatchFilter(static _ => PipelineTracing.TellsStatements && StatementSpans.AreRecorded)
            .ConfigureCopyOperationFilter(static _ => PipelineTracing.IsRecorded && StatementSpans.AreRecorded)
            .EnablePhysicalOpenTracing(false)
            .EnableFirstResponseEvent(false));
        builder.UsePhysicalConnectionInitializer(
            static _ => throw new NotSupportedException("Connections are opened asynchronously."), identity.CheckAsync);
    }

    public static async Task<bool> PingAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT 1", connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return true;
    }
}
