using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Tests.Infrastructure;

/// <summary>The access to a database that stages have, without a host.</summary>
internal static class DatabaseAccess
{
    /// <summary>To a database that is there and has the schema.</summary>
    public static Database To(NpgsqlDataSource pool, HostingOptions? options = null, TimeProvider? time = null)
    {
        Database database = NotReady(options, time);
        database.Attach(pool);
        database.Readiness.Signal();
        return database;
    }

    /// <summary>To one that was not reached yet.</summary>
    public static Database NotReady(HostingOptions? options = null, TimeProvider? time = null) => new ServiceCollection()
        .AddLogging()
        .AddMetrics()
        .AddSingleton<PipelineMetrics>()
        .AddSingleton(time ?? TimeProvider.System)
        .AddSingleton(Options.Create(options ?? new HostingOptions()))
        .AddDatabaseAccess()
        .BuildServiceProvider()
        .GetRequiredService<Database>();

    /// <summary>The pool that the service makes, to a database of a known identity or of none.</summary>
    public static NpgsqlDataSource Pool(string connectionString, HostingOptions options, DatabaseIdentity identity)
    {
        NpgsqlDataSourceBuilder builder = new(connectionString);
        DatabasePool.Configure(builder, options, identity);
        return builder.Build();
    }
}
