using PipelineService.Datasets.Lookups;
using PipelineService.Datasets.Enrich;
using PipelineService.Datasets.Models;
using PipelineService.Datasets.Rows;
using PipelineService.Datasets.Taps;
using PipelineService.Datasets.Views;
using PipelineService.Hosting.Startup;

namespace PipelineService.Datasets;

/// <summary>The contract stage: datasets are declared, versioned and looked up.</summary>
public static class DatasetsExtensions
{
    public static IServiceCollection AddDatasets(this IServiceCollection services)
    {
        services.AddStageOptions<DatasetsOptions>(DatasetsOptions.Section);
        services.AddStageOptions<EnrichOptions>(EnrichOptions.Section);
        services.AddSingleton<ServiceRules>();
        services.AddSingleton<DatasetCatalog>();
        services.AddSingleton<DatasetStore>();
        services.AddSingleton<LookupVersions>();
        services.AddSingleton<StoredRows>();
        services.AddSingleton<ModelStore>();
        services.AddSingleton<ModelTrials>();
        services.AddSingleton<ModelSessions>();
        services.AddSingleton<ModelBinder>();
        services.AddSingleton<RecordTaps>();
        services.AddSingleton<StoredViews>();
        services.AddSingleton<ViewBuilder>();
        services.AddSingleton<ViewKeeper>();
        services.AddHostedService<DatasetPreload>();
        services.AddHostedService(provider => provider.GetRequiredService<ViewKeeper>());
        return services;
    }
}
