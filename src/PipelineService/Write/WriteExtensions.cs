using PipelineService.Hosting;

namespace PipelineService.Write;

/// <summary>Registers stage 5.</summary>
public static class WriteExtensions
{
    public static WebApplicationBuilder AddWrite(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<WriteOptions, WriteOptionsValidator>("Write");
        builder.Services.AddSingleton<SessionBudget>();
        builder.Services.AddSingleton<DeadLetterWriter>();
        builder.Services.AddSingleton<ChunkWriter>();
        return builder;
    }
}
