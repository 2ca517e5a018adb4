using PipelineService.Hosting.OpenApi;

namespace PipelineService.Hosting.Telemetry;

/// <summary><c>GET /metrics</c>: the service's figures for Prometheus.</summary>
internal static class MetricsEndpoint
{
    private const string TextExample = """
        # TYPE pipeline_uploads_total counter
        pipeline_uploads_total{dataset="trips",source="acme"} 1

        """;

    public static IEndpointConventionBuilder MapMetrics(this IEndpointRouteBuilder routes) => routes.MapPrometheusScrapingEndpoint(Polls.Metrics)
        .WithMetadata(new HttpMethodMetadata([HttpMethods.Get]), ((Action)Shown).Method)
        .ForProbes()
        .WithName("getMetrics").WithTags(DocumentTags.Service)
        .WithSummary("The service's figures, for Prometheus")
        .WithDescription("Which there are: docs/operations.md.")
        .ProducesText("text/plain", "Prometheus' text format.", TextExample)
        .ProducesText("application/openmetrics-text", "OpenMetrics, for who asks for it in `Accept`.", TextExample + "# EOF\n")
        .Answers(AnswerHeader.Vary, StatusCodes.Status200OK)
        .Answers(new AnswerHeader("Last-Modified", "When the figures were read.", Shapes.Text), StatusCodes.Status200OK);

    /// <summary>The handler as the document sees it, which shows only what has the signature of one.</summary>
    private static void Shown()
    {
    }
}
