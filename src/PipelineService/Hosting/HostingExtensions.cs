using Microsoft.Extensions.Options;
using PipelineService.Hosting.Migrations;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Hosting;

/// <summary>Stage 0: what every stage stands on.</summary>
public static class HostingExtensions
{
    public static WebApplicationBuilder AddHosting(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<HostingOptions, HostingOptionsValidator>(HostingOptions.Section);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.AddDatabase();
        return builder;
    }

    private static void AddDatabase(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<PipelineMetrics>();
        builder.Services.AddSingleton(provider => new Database(
            provider.GetRequiredService<IOptions<HostingOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<Database>>(),
            provider.GetRequiredService<PipelineMetrics>()));
        builder.Services.AddSingleton(provider => provider.GetRequiredService<Database>().Readiness);
        builder.Services.AddSingleton(Migration.All);
        builder.Services.AddSingleton<Migrator>();
        builder.Services.AddHostedService<DatabaseStartup>();
    }
}
