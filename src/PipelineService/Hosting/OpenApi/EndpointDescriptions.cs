using System.Collections.Immutable;
using Microsoft.AspNetCore.Http.Metadata;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Hosting.OpenApi;

/// <summary>What endpoints say about themselves for the OpenAPI document, beside what the framework has words for.</summary>
internal static class EndpointDescriptions
{
    internal const string AnyType = "*/*";

    /// <summary>
    /// The problems that this call can answer with, and their headers. Each is its own example, so the document cannot name a
    /// code that the service does not have.
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

    /// <summary>The call asks the database, and answers 503 when that cannot be asked.</summary>
    public static RouteHandlerBuilder NeedsDatabase(this RouteHandlerBuilder endpoint) =>
        endpoint.ProducesProblems(DatabaseUnavailableException.Example);

    /// <summary>An answer that is no JSON, but text of another media type.</summary>
    /// <param name="meaning">What the text holds.</param>
    public static TBuilder ProducesText<TBuilder>(this TBuilder endpoint, string contentType, string meaning, string example)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new TextAnswer(contentType, meaning, example));

    /// <summary>The answer has the form that it has, whatever the client wishes: probes ask for what they like.</summary>
    public static TBuilder ForProbes<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.DisableHttpMetrics().WithMetadata(new AnyWish());

    /// <summary>The media types among which a client may choose; none where it cannot.</summary>
    public static string[] FormsOf(IEnumerable<object> metadata) => metadata.OfType<AnyWish>().Any() ? [] :
    [
        .. metadata.OfType<IProducesResponseTypeMetadata>()
            .Where(answer => answer.StatusCode is >= 200 and < 300)
            .SelectMany(answer => answer.ContentTypes)
            .Concat(metadata.OfType<TextAnswer>().Select(text => text.ContentType))
            .Distinct(),
    ];

    /// <summary>
    /// The body is JSON of this shape, and the endpoint refuses other types by itself. Any type is let through to it, because
    /// routing's own 415 comes without a problem; the document names JSON only.
    /// </summary>
    public static RouteHandlerBuilder AcceptsJson<T>(this RouteHandlerBuilder endpoint)
        where T : notnull =>
        endpoint.Accepts<T>("application/json", AnyType);

    /// <summary>
    /// The body is data of any size, streamed. Described in place as binary: generated clients take a reference, or a type
    /// with properties, for an object to be serialized.
    /// </summary>
    public static RouteHandlerBuilder AcceptsStream(
        this RouteHandlerBuilder endpoint, string description, params ReadOnlySpan<string> contentTypes) =>
        endpoint.WithMetadata(new StreamedBody(description, [.. contentTypes]));

    /// <summary>Headers of the request that the endpoint reads by itself, and what they do.</summary>
    public static RouteHandlerBuilder HeedsHeaders(
        this RouteHandlerBuilder endpoint, params ReadOnlySpan<ShownParameter> headers) =>
        endpoint.WithMetadata(new HeededHeaders([.. headers]));

    /// <summary>
    /// What parameters in the path or the query mean and can hold, where the handler's signature does not say it.
    /// </summary>
    public static TBuilder Takes<TBuilder>(this TBuilder endpoints, params ReadOnlySpan<ShownParameter> parameters)
        where TBuilder : IEndpointConventionBuilder =>
        endpoints.WithMetadata(new TakenParameters([.. parameters]));

    /// <summary>A header of the answer, and the statuses that it comes with.</summary>
    public static TBuilder Answers<TBuilder>(this TBuilder endpoint, AnswerHeader header, params ReadOnlySpan<int> statuses)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new AnsweredHeader(header, [.. statuses]));
}

/// <summary>A parameter as the document shows it; its shape is that of the handler's signature when none is given.</summary>
internal sealed record ShownParameter(string Name, string Meaning, Shape? Shape = null)
{
    public static implicit operator ShownParameter((string Name, string Meaning) text) => new(text.Name, text.Meaning);
}

/// <summary>Problems that an endpoint answers with.</summary>
internal sealed record ProblemExamples(ImmutableArray<Problem> Problems);

/// <summary>Headers that an endpoint heeds.</summary>
internal sealed record HeededHeaders(ImmutableArray<ShownParameter> Headers);

/// <summary>Parameters of an endpoint that need words.</summary>
internal sealed record TakenParameters(ImmutableArray<ShownParameter> Parameters);

/// <summary>A header that an endpoint sends with some statuses.</summary>
internal sealed record AnsweredHeader(AnswerHeader Header, ImmutableArray<int> Statuses);

/// <summary>A body that the endpoint reads by itself, as bytes.</summary>
internal sealed record StreamedBody(string Description, ImmutableArray<string> ContentTypes);

/// <summary>Whatever the client wishes to get, it gets what there is.</summary>
internal sealed record AnyWish;

/// <summary>An answer 200 in text.</summary>
internal sealed record TextAnswer(string ContentType, string Meaning, string Example);
