using PipelineService.Datasets;
using PipelineService.Hosting;
using PipelineService.Hosting.OpenApi;

namespace PipelineService;

/// <summary>The table of contents: one line per stage, in the order in which a record meets them.</summary>
public static class PipelineServiceBuilder
{
    public static WebApplicationBuilder AddPipelineService(this WebApplicationBuilder builder)
    {
        builder.AddHosting();
        builder.Services.AddOpenApiDocument();
        builder.Services.AddDatasets();
        builder.Services.WithoutBackgroundWorkInDocumentBuild();
        return builder;
    }

    public static WebApplication UsePipelineService(this WebApplication app)
    {
        app.MapOpenApiDocument();
        app.MapDatasets();
        return app;
    }
}
