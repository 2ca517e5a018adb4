using Microsoft.Extensions.Options;
using PipelineService.Access.Tenants;
using PipelineService.Hosting;
using PipelineService.Hosting.Startup;
using PipelineService.Write.Targets;

namespace PipelineService.Write;

/// <summary>Registers stage 5.</summary>
public static class WriteExtensions
{
    /// <summary>
    /// For requests, claims, heartbeats, what other instances tell, and the dead letters of jobs that commit at their end.
    /// </summary>
    private const int OtherConnections = 5;

    public static WebApplicationBuilder AddWrite(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<WriteOptions>("Write")
            .Validate<IConfiguration>(
                static (write, configuration) => write.SessionsMax + OtherConnections <= PoolSizeMax(configuration),
                $"Write:SessionsMax: the pool must hold the write sessions and {OtherConnections} more connections; "
                + "raise Hosting:PoolSizeMax or lower Write:SessionsMax.");
        builder.Services.AddSingleton<RowTargets>();
        builder.Services.AddSingleton(services => new SessionBudget(
            services.GetRequiredService<IOptions<WriteOptions>>(), services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<TenantRing>().ShareOf));
        builder.Services.AddSingleton<DeadLetterWriter>();
        builder.Services.AddSingleton<ChunkWriter>();
        builder.Services.AddSingleton<SharedTransaction>();
        return builder;
    }

    /// <summary>Whether the pool has so many connections beside those that loads and calls take.</summary>
    public static bool HasConnectionsFor(int more, IConfiguration configuration) =>
        StageOptions.Read<WriteOptions>(configuration, "Write").SessionsMax + OtherConnections + more <= PoolSizeMax(configuration);

    /// <summary>
    /// As it is written, valid or not: what is wrong there is no fault of these options, and would hide theirs.
    /// </summary>
    private static int PoolSizeMax(IConfiguration configuration) =>
        StageOptions.Read<HostingOptions>(configuration, HostingOptions.Section).PoolSizeMax;
}
