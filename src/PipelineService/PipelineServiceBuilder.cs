using PipelineService.Access.Audit;
using PipelineService.Datasets;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Intake;
using PipelineService.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Spool;
using PipelineService.Transform;
using PipelineService.Write;

namespace PipelineService;

/// <summary>The table of contents: one line per stage, in the order in which a record meets them.</summary>
public static class PipelineServiceBuilder
{
    public static WebApplicationBuilder AddPipelineService(this WebApplicationBuilder builder)
    {
        builder.AddHosting();
        builder.Services.AddOpenApiDocument();
        builder.Services.AddAudit();
        builder.Services.AddDatasets();
        builder.AddIntake();
        builder.AddSpool();
        builder.AddTransform();
        builder.AddWrite();
        builder.AddJobs(); // after its workers: hosted services stop in reverse, so jobs let go of their chunks first
        builder.Services.WithoutBackgroundWorkInDocumentBuild();
        return builder;
    }

    public static WebApplication UsePipelineService(this WebApplication app)
    {
        app.UseHosting();
        app.UseAudit();
        RouteGroupBuilder routes = app.MapGroup("").WithHeadWhereGetIs();
        routes.MapHosting();
        routes.MapOpenApiDocument();
        // The one group: what holds for every call of the API is said here.
        RouteGroupBuilder api = routes.MapGroup("/v1").WithCheckedQueries();
        api.MapAudit();
        api.MapDatasets();
        api.MapUploads();
        api.MapJobs();
        return app;
    }
}
