
namespace PipelineService.Hosting.Http;

/// <summary>
/// HEAD works where GET does (RFC 9110, section 9.3.2). The endpoint answers as to a GET, and the server leaves the body out.
/// </summary>
internal static class HeadRequests
{
    private static readonly string[] GetAndHead = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Lets every endpoint of the group that takes GET, and nothing but GET, take HEAD too.</summary>
    public static RouteGroupBuilder WithHeadWhereGetIs(this RouteGroupBuilder routes)
    {
        ((IEndpointConventionBuilder)routes).Finally(static endpoint =>
        {
            for (int i = 0; i < endpoint.Metadata.Count; i++)
            {
                if (endpoint.Metadata[i] is HttpMethodMetadata { HttpMethods: [var only] } && HttpMethods.IsGet(only))
                {
                    endpoint.Metadata[i] = new HttpMethodMetadata(GetAndHead);
                }
            }
        });
        return routes;
    }

    /// <summary>Whether the body of the answer goes nowhere, so that it need not be made.</summary>
    public static bool WantsNoBody(this HttpRequest request) => HttpMethods.IsHead(request.Method);
}
