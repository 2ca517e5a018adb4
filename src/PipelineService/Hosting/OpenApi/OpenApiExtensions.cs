using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.OpenApi;
using PipelineService.Hosting.Http;

namespace PipelineService.Hosting.OpenApi;

/// <summary>
/// The contract as a document: served as JSON and as YAML, and written into the repository by the build.
/// </summary>
public static class OpenApiExtensions
{
    /// <summary>Where the document is.</summary>
    internal const string Address = "/openapi/v1.json";

    internal const string YamlAddress = "/openapi/v1.yaml";

    internal const string DocumentName = "v1";

    public static IServiceCollection AddOpenApiDocument(this IServiceCollection services)
    {
        // The document describes what the endpoints write, so both go by the same settings.
        services.ConfigureHttpJsonOptions(options => PipelineJson.Configure(options.SerializerOptions));
        return services.AddOpenApi(DocumentName, options =>
        {
            options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
            options.ShouldInclude = IsShown;
            options.AddSchemaTransformer<SchemaDescriber>();
            options.AddOperationTransformer<OperationDescriber>();
            options.AddDocumentTransformer<ComponentDescriber>();
            options.AddDocumentTransformer<DocumentDescriber>();
        });
    }

    public static IEndpointRouteBuilder MapOpenApiDocument(this IEndpointRouteBuilder routes)
    {
        routes.MapOpenApi(Address);
        routes.MapOpenApi(YamlAddress);
        return routes;
    }

    /// <summary>HEAD is there wherever GET is; the document says so once.</summary>
    private static bool IsShown(ApiDescription call) => call.HttpMethod != HttpMethods.Head;
}
