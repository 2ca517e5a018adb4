using PipelineService.Hosting.Startup;

namespace PipelineService.Transform;

/// <summary>Registers stage 4.</summary>
public static class TransformExtensions
{
    public static WebApplicationBuilder AddTransform(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<TransformOptions>("Transform");
        builder.Services.AddSingleton<ChunkChannel>();
        builder.Services.AddHostedService<ChunkWorkers>();
        return builder;
    }
}
