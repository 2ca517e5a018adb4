using Microsoft.OpenApi;

namespace PipelineService.Hosting.OpenApi;

/// <summary>The contract as a document: served at <c>/openapi/v1.json</c>, and written into the repository by the build.</summary>
public static class OpenApiExtensions
{
    private const string DocumentName = "v1";

    public static IServiceCollection AddOpenApiDocument(this IServiceCollection services)
    {
        // The document describes what the endpoints write, so both go by the same settings.
        services.ConfigureHttpJsonOptions(options => PipelineJson.Configure(options.SerializerOptions));
        return services.AddOpenApi(DocumentName, options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.AddSchemaTransformer<SchemaDescriber>();
            options.AddOperationTransformer<OperationDescriber>();
            options.AddDocumentTransformer<DocumentDescriber>();
        });
    }

    public static IEndpointRouteBuilder MapOpenApiDocument(this IEndpointRouteBuilder routes)
    {
        routes.MapOpenApi("/openapi/{documentName}.json");
        return routes;
    }
}
