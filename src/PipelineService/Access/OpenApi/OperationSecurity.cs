using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace PipelineService.Access.OpenApi;

/// <summary>What each call takes, for the document: its <see cref="AccessPolicy"/> in words and as security requirements.</summary>
internal sealed class OperationSecurity : IOpenApiOperationTransformer
{
    public Task TransformAsync(
        OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        AccessPolicy? policy = context.Description.ActionDescriptor.EndpointMetadata.OfType<AccessPolicy>().LastOrDefault();
        if (policy?.Scope is not { } scope)
        {
            operation.Security = []; // open to all
            return Task.CompletedTask;
        }

        string name = AccessScopes.Of(scope).ToString();
        operation.Description = $"{operation.Description} Takes the scope `{name}`.";
        operation.Security =
        [
            new() { [new OpenApiSecuritySchemeReference(SecuritySchemes.Bearer, context.Document)] = [] },
            new() { [new OpenApiSecuritySchemeReference(SecuritySchemes.ApiKey, context.Document)] = [] },
            [], // while the service has no keys, from its own machine
        ];
        return Task.CompletedTask;
    }
}
