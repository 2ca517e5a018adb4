using PipelineService.Hosting.Startup;

namespace PipelineService.Figures;

/// <summary>What became of records, in figures that are exact: by minute, dataset and source.</summary>
public static class FiguresExtensions
{
    public static WebApplicationBuilder AddFigures(this WebApplicationBuilder builder)
    {
        builder.Services.AddStageOptions<FiguresOptions>(FiguresOptions.Section);
        builder.Services.AddSingleton<FigureStore>();
        builder.Services.AddSingleton<FigureGatherer>();
        builder.Services.AddSingleton<FigureCleaner>();
        builder.Services.AddHostedService(services => services.GetRequiredService<FigureGatherer>());
        builder.Services.AddHostedService(services => services.GetRequiredService<FigureCleaner>());
        return builder;
    }

    public static IEndpointRouteBuilder MapFigures(this IEndpointRouteBuilder api)
    {
        api.MapStats();
        return api;
    }
}
