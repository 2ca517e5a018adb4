using Microsoft.Extensions.Options;
using PipelineService.Access.Tenants;
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
                static (transform, configuration) => WriteExtensions.HasConnectionsFor(
                    Math.Max(0, transform.LookupSessionsMax - TransformOptions.LookupSessionsUsual), configuration),
                "Transform:LookupSessionsMax: what is more than 2 the pool must hold beside the write sessions and 5 more "
                    + "connections; raise "
                + "Hosting:PoolSizeMax or lower it.");
        builder.Services.AddSingleton(services => new ChunkChannel(
            services.GetRequiredService<IOptions<TransformOptions>>(), services.GetRequiredService<ChunkBufferPool>(),
            services.GetRequiredService<TenantRing>().ShareOf));
        builder.Services.AddSingleton<LookupTables>();
        builder.Services.AddSingleton<LookupBinder>();
        builder.Services.AddHostedService<ChunkWorkers>();
        return builder;
    }
}
