using PipelineService.Hosting.Startup;
using PipelineService.Sources.Buckets;
using PipelineService.Sources.Queues;
using PipelineService.Sources.Requests;

namespace PipelineService.Sources;

/// <summary>What is taken without anybody sending it.</summary>
public static class SourcesExtensions
{
    public static WebApplicationBuilder AddSources(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<SourcesOptions>(SourcesOptions.Section);
        builder.Services.AddSingleton<SourceStore>();
        builder.Services.AddSingleton<SourceBody>();
        builder.Services.AddSingleton<SourceLedger>();
        builder.Services.AddSingleton<SourceMetrics>();
        builder.Services.AddSingleton<StoreClients>();
        builder.Services.AddSingleton<SourcePlaces>();
        builder.Services.AddSingleton<MessageLogs>();
        builder.Services.AddSingleton<SourceIntake>();
        builder.Services.AddSingleton<ObjectTaker>();
        builder.Services.AddSingleton<SourceWorks>();
        builder.Services.AddSingleton<SourceKeeper>();
        builder.Services.AddHostedService(services => services.GetRequiredService<SourceKeeper>());
        builder.Services.AddHealthChecks().AddCheck<SourcesHealthCheck>("sources");
        return builder;
    }

    public static IEndpointRouteBuilder MapSources(this IEndpointRouteBuilder api)
    {
        api.MapSourceResource();
        return api;
    }
}
