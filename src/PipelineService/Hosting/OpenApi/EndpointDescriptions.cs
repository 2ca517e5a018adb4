using System.Collections.Immutable;

namespace PipelineService.Hosting.OpenApi;

/// <summary>What endpoints say about themselves for the OpenAPI document, beside what the framework has words for.</summary>
public static class EndpointDescriptions
{
    internal const string AnyType = "*/*";

    /// <summary>
    /// The problems that this call can answer with. Each is its own example, so the document cannot name a code that the
    /// service does not have.
    /// </summary>
    public static RouteHandlerBuilder ProducesProblems(this RouteHandlerBuilder endpoint, params ReadOnlySpan<Problem> problems)
    {
        ImmutableArray<Problem> examples = [.. problems];
        foreach (int status in examples.Select(p => p.Status).Distinct())
        {
            endpoint.Produces<Problem>(status, Problem.ContentType);
        }

        return endpoint.WithMetadata(new ProblemExamples(examples));
    }

    /// <summary>
    /// The body is JSON of this shape, and the endpoint refuses other types by itself. Any type is let through to it, because
    /// routing's own 415 comes without a problem; the document names JSON only.
    /// </summary>
    public static RouteHandlerBuilder AcceptsJson<T>(this RouteHandlerBuilder endpoint)
        where T : notnull =>
        endpoint.Accepts<T>("application/json", AnyType);

    /// <summary>Headers of the request that the endpoint reads by itself, and what they do.</summary>
    public static RouteHandlerBuilder HeedsHeaders(
        this RouteHandlerBuilder endpoint, params ReadOnlySpan<(string Name, string Meaning)> headers) =>
        endpoint.WithMetadata(new HeededHeaders([.. headers]));

    /// <summary>
    /// The body is data of any size, streamed. Described in place as binary: generated clients take a reference, or a type
    /// with properties, for an object to be serialized.
    /// </summary>
    public static RouteHandlerBuilder AcceptsStream(
        this RouteHandlerBuilder endpoint, string description, params ReadOnlySpan<string> contentTypes) =>
        endpoint.WithMetadata(new StreamedBody(description, [.. contentTypes]));
}

/// <summary>Problems that an endpoint answers with.</summary>
internal sealed record ProblemExamples(ImmutableArray<Problem> Problems);

/// <summary>Headers that an endpoint heeds, each with its meaning.</summary>
internal sealed record HeededHeaders(ImmutableArray<(string Name, string Meaning)> Headers);

/// <summary>A body that the endpoint reads by itself, as bytes.</summary>
internal sealed record StreamedBody(string Description, ImmutableArray<string> ContentTypes);
