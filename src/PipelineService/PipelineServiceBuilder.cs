using PipelineService.Hosting;

namespace PipelineService;

/// <summary>The table of contents: one line per stage, in the order in which a record meets them.</summary>
public static class PipelineServiceBuilder
{
    public static WebApplicationBuilder AddPipelineService(this WebApplicationBuilder builder)
    {
        builder.AddHosting();
        return builder;
    }

    public static WebApplication UsePipelineService(this WebApplication app)
    {
        app.UseHosting();
        app.MapHosting();
        return app;
    }
}
