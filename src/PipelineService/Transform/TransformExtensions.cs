using PipelineService.Hosting.Startup;
using PipelineService.Transform.Enrichment;
using PipelineService.Write;

namespace PipelineService.Transform;

/// <summary>Registers stage 4.</summary>
public static class TransformExtensions
{
    public static WebApplicationBuilder AddTransform(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<TransformOptions>("Transform")
            .Validate<IConfiguration>(
                static (transform, configuration) => WriteExtensions.HasConnectionsFor(transform.LookupSessionsMax, configuration),
                "Transform:LookupSessionsMax: the pool must hold them beside the write sessions and 5 more connections; raise "
                + "Hosting:PoolSizeMax or lower it.");
        builder.Services.AddSingleton<ChunkChannel>();
        builder.Services.AddSingleton<LookupTables>();
        builder.Services.AddSingleton<LookupBinder>();
        builder.Services.AddHostedService<ChunkWorkers>();
        return builder;
    }
}
