using Microsoft.AspNetCore.Http.HttpResults;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Hosting.Telemetry;

/// <summary><c>GET /metrics</c>: the service's figures for Prometheus.</summary>
internal static class MetricsEndpoint
{
    public static void MapMetrics(this IEndpointRouteBuilder routes) => routes.MapGet("/metrics", Get)
        .WithName("getMetrics").WithTags(DocumentTags.Service)
        .WithSummary("The service's figures, for Prometheus")
        .WithDescription("What there is to see: docs/operations.md.")
        .Produces(StatusCodes.Status200OK)
        .ProducesText("text/plain", "Prometheus' text format.", "pipeline_uploads_total{dataset=\"trips\",source=\"acme\"} 1\n");

    private static ContentHttpResult Get(PrometheusExporter exporter) =>
        TypedResults.Text(exporter.Scrape(), PrometheusExporter.ContentType);
}
