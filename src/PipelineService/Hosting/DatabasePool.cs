using Npgsql;

namespace PipelineService.Hosting;

/// <summary>The pool of connections, sized and timed by <see cref="HostingOptions"/>.</summary>
internal static class DatabasePool
{
    /// <param name="identity">Compared with that of the database at the other end of each connection.</param>
    public static NpgsqlDataSource Create(string connectionString, HostingOptions options, DatabaseIdentity identity)
    {
        var builder = new NpgsqlDataSourceBuilder(connectionString);
        NpgsqlConnectionStringBuilder settings = builder.ConnectionStringBuilder;
        settings.MaxPoolSize = options.PoolSizeMax;
        settings.MinPoolSize = Math.Min(settings.MinPoolSize, options.PoolSizeMax);
        settings.ApplicationName ??= "PipelineService";
        settings.CommandTimeout = (int)options.StatementTimeout.TotalSeconds;

        // Before the timeout of a request's attempt: the driver's own error says more than "too late".
        settings.Timeout = Math.Clamp((int)options.DatabaseTimeout.TotalSeconds - 1, 1, 300);

        // A write session may be silent for minutes while its client is slow; firewalls forget such connections.
        settings.KeepAlive = settings.KeepAlive == 0 ? 30 : settings.KeepAlive;

        // Error details quote rows. They belong to dead letters, not to logs.
        settings.IncludeErrorDetail = false;
        builder.Name = "pipeline"; // in metrics; the default is the connection string
        builder.UsePhysicalConnectionInitializer(
            static _ => throw new NotSupportedException("Connections are opened asynchronously."), identity.CheckAsync);
        return builder.Build();
    }

    public static async Task<bool> PingAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("SELECT 1", connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return true;
    }
}
