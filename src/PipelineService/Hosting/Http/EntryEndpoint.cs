using System.Net.Mime;
using System.Reflection;
using Microsoft.Net.Http.Headers;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Hosting.Http;

/// <summary>
/// <c>GET /</c>: what somebody finds who has nothing but the address. Leads to the document, as JSON for programs and as a
/// page for people.
/// </summary>
internal static class EntryEndpoint
{
    private const string Product = "PipelineService";

    private static readonly string Version = typeof(EntryEndpoint).Assembly
        .GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    private static readonly EntryLinks Links =
        new(OpenApiExtensions.Address, OpenApiExtensions.YamlAddress, "/v1/datasets", "/v1/jobs", "/health/ready", "/metrics");

    /// <summary>Programs name the first, anything, or nothing; browsers name the second.</summary>
    private static readonly string[] Forms = [MediaTypeNames.Application.Json, MediaTypeNames.Text.Html];

    /// <summary>RFC 8631: where a machine finds the description of this service.</summary>
    private static readonly string LinkToDocument = $"<{Links.Document}>; rel=\"service-desc\"";

    private static readonly string Page =
        $"""
        <!DOCTYPE html>
        <html lang="en">
        <head><meta charset="utf-8"><title>{Product}</title></head>
        <body>
        <h1>{Product}</h1>
        <p>Send any dataset over HTTP, get a job id at once. Every record ends up in exactly one place: loaded, rejected with its
        reason, or filtered.</p>
        <ul>
        <li><a href="{Links.Document}">{Links.Document}</a>: every call with its answers and errors (OpenAPI 3.1); <a href="{Links.DocumentYaml}">as YAML</a></li>
        <li><a href="{Links.Datasets}">{Links.Datasets}</a>: the datasets that are declared</li>
        <li><a href="{Links.Jobs}">{Links.Jobs}</a>: the jobs, newest first</li>
        <li><a href="{Links.Health}">{Links.Health}</a>: whether the service is ready</li>
        <li><a href="{Links.Metrics}">{Links.Metrics}</a>: its figures, for Prometheus</li>
        </ul>
        </body>
        </html>

        """;

    public static void MapEntry(this IEndpointRouteBuilder routes) => routes.MapGet("/", Get)
        .WithName("getEntry").WithTags(DocumentTags.Service)
        .WithSummary("Where things are")
        .WithDescription("The addresses to go on from; a page with the same links for browsers.")
        .Produces<EntryAnswer>()
        .ProducesText(MediaTypeNames.Text.Html, "A page with links.", "<!DOCTYPE html>…")
        .Answers(new AnswerHeader("Link", "The OpenAPI document, as `service-desc` (RFC 8631).", Shapes.Text), StatusCodes.Status200OK)
        .Answers(AnswerHeader.Vary, StatusCodes.Status200OK);

    private static IResult Get(HttpContext context)
    {
        context.Response.Headers.Link = LinkToDocument;
        context.Response.Headers.Vary = HeaderNames.Accept;
        return AcceptHeader.Choose(context.Request.Headers.Accept, Forms) == MediaTypeNames.Text.Html
            ? TypedResults.Content(Page, $"{MediaTypeNames.Text.Html}; charset=utf-8")
            : TypedResults.Json(new EntryAnswer(Product, Version, Links), PipelineJson.Options);
    }
}

/// <summary>What answers here, and where to go on.</summary>
public sealed record EntryAnswer(string Service, string Version, EntryLinks Links);

/// <summary>The addresses of the service.</summary>
/// <param name="Document">Every call with its answers and errors: OpenAPI 3.1 as JSON.</param>
/// <param name="DocumentYaml">The same as YAML.</param>
/// <param name="Health">Whether the service is ready.</param>
/// <param name="Metrics">Its figures, for Prometheus.</param>
public sealed record EntryLinks(
    string Document, string DocumentYaml, string Datasets, string Jobs, string Health, string Metrics);
