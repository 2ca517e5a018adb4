using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Datasets;
using PipelineService.Datasets.Models;
using PipelineService.Events;
using PipelineService.Figures;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Hosting.Telemetry;
using PipelineService.Intake;
using PipelineService.Jobs;
using PipelineService.Jobs.Requests;
using PipelineService.Jobs.Tenants;
using PipelineService.Sources;
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
        builder.AddAccess();
        builder.Services.AddAudit();
        builder.Services.AddDatasets();
        builder.AddIntake();
        builder.AddSpool();
        builder.AddTransform();
        builder.AddWrite();
        builder.AddJobs(); // after its workers: hosted services stop in reverse, so jobs let go of their chunks first
        builder.AddFigures();
        builder.AddEvents(); // stops first: what it has not told of is told by the next to start
        builder.AddSources(); // stops before all of them: what it has in hand is taken, or left where it is
        builder.Services.WithoutBackgroundWorkInDocumentBuild();
        return builder;
    }

    public static WebApplication UsePipelineService(this WebApplication app)
    {
        app.UseHosting();
        app.UseAudit();
        app.UseAccess();
        app.UseRequestChecks();
        RouteGroupBuilder routes = app.MapGroup("").WithHeadWhereGetIs().WithPolicies();
        RouteGroupBuilder open = routes.MapGroup("").OpenToAll();
        open.MapHosting();
        open.MapOpenApiDocument();
        routes.MapMetrics().Requires(AccessScope.Read, AccessSubject.Metrics);
        // The one group: what holds for every call of the API is said here. Who may call it, each says for itself.
        RouteGroupBuilder api = routes.MapGroup("/v1").WithCheckedQueries();
        api.MapAccess();
        api.MapAudit();
        api.MapDatasets();
        api.MapModels();
        api.MapUploads();
        api.MapJobs();
        api.MapTenants();
        api.MapEvents();
        api.MapFigures();
        api.MapSources();
        return app;
    }
}
