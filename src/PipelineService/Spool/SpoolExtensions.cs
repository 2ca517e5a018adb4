using PipelineService.Hosting;
using PipelineService.Jobs;

namespace PipelineService.Spool;

/// <summary>Registers stage 3.</summary>
public static class SpoolExtensions
{
    public static WebApplicationBuilder AddSpool(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<SpoolOptions, SpoolOptionsValidator>("Spool");
        builder.Services.AddSingleton<SpoolDirectory>();
        builder.Services.AddSingleton<ChunkBufferPool>();
        builder.Services.AddSingleton<ChunkChannel>();
        builder.Services.AddHostedService<SpoolPreparation>();
        builder.Services.AddHealthChecks().AddCheck<SpoolHealthCheck>("spool", tags: ["ready"]);
        return builder;
    }

    /// <summary>Opens the spool before the first request can arrive.</summary>
    private sealed class SpoolPreparation(SpoolDirectory spool, Instance instance) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            spool.Prepare(instance.Id);
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
