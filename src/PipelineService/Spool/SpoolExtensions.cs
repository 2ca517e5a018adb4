using Microsoft.Extensions.Options;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Startup;
using PipelineService.Hosting.Telemetry;
using PipelineService.Spool.Conversion;
using PipelineService.Spool.Local;
using PipelineService.Transform;

namespace PipelineService.Spool;

/// <summary>Registers stage 3.</summary>
public static class SpoolExtensions
{
    public static WebApplicationBuilder AddSpool(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<SpoolOptions>("Spool")
            .PostConfigure<IConfiguration>(
                static (spool, configuration) =>
                    spool.Directory ??= SpoolPlace.Default(configuration, SpoolPlace.Shared));
        builder.Services.AddSingleton<SpoolDirectory>();
        builder.Services.AddSingleton<ISpool, LocalSpool>();
        builder.Services.AddSingleton<UploadConversions>();
        builder.Services.AddSingleton(
            services => new ChunkBufferPool(services.GetRequiredService<IOptions<SpoolOptions>>().Value.ChunkBytes));
        builder.Services.AddSingleton<SpoolProbe>();
        builder.Services.AddSingleton<SpoolBinding>();
        builder.Services.AddSingleton<DatabasePreparation>(
            provider => provider.GetRequiredService<SpoolBinding>().BindAsync);
        builder.Services.AddHostedService<SpoolPreparation>();
        builder.Services.AddHostedService<SpoolCleaner>();
        builder.Services.AddHostedService<SpoolWatch>();
        builder.Services.AddHealthChecks().AddCheck<SpoolHealthCheck>("spool", tags: ["ready"]);
        return builder;
    }

    /// <summary>
    /// Looks at the spool before any other stage starts, also while the database is away: a spool that cannot be used
    /// then ends the start with its own message alone.
    /// </summary>
    private sealed class SpoolPreparation(SpoolDirectory spool, PipelineMetrics metrics) : StartingStep
    {
        public override Task StartingAsync(CancellationToken cancellationToken)
        {
            spool.Identify();
            metrics.ObserveGauge("pipeline.spool.used", "By", "Bytes that uploads hold in the spool.", () => spool.Bytes);
            metrics.ObserveGauge("pipeline.spool.free", "By", "Bytes that the spool's disk has free.", () => FreeBytes(spool));
            metrics.ObserveGauge(
                "pipeline.spool.damaged", "{file}", "Files of uploads that were set aside.", () => spool.DamagedFiles);
            return Task.CompletedTask;
        }

        /// <summary>A disk that is gone has no room, and must not take the other metrics along.</summary>
        private static long FreeBytes(SpoolDirectory spool)
        {
            try
            {
                return spool.FreeBytes();
            }
            catch (Exception e) when (SpoolUnavailableException.IsFault(e))
            {
                return 0;
            }
        }
    }
}
