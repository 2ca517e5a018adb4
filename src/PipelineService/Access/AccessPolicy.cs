using System.Collections.Immutable;
using PipelineService.Access.Limits;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Access;

/// <summary>What a call is about: what has to be hidden from callers who may not see it.</summary>
public enum AccessSubject
{
    /// <summary>Nothing that belongs to anybody.</summary>
    None,

    /// <summary>The dataset whose name stands in the address.</summary>
    Dataset,

    /// <summary>The datasets that the caller may see.</summary>
    Datasets,

    /// <summary>The model whose name stands in the address.</summary>
    Model,

    /// <summary>The models that the caller may see.</summary>
    Models,

    /// <summary>The job whose id stands in the address.</summary>
    Job,

    /// <summary>The jobs that the caller may see.</summary>
    Jobs,

    /// <summary>Keys whose rights the caller has, too.</summary>
    Keys,

    /// <summary>Events of what the caller may see.</summary>
    Events,

    /// <summary>Figures of what the caller may see.</summary>
    Figures,

    /// <summary>Webhooks that are told of nothing that the caller may not see.</summary>
    Webhooks,

    /// <summary>Sources of uploads for datasets that the caller may see.</summary>
    Sources,

    /// <summary>The service as a whole: for callers without limits.</summary>
    Service,

    /// <summary>The figures of the service as a whole: for callers without limits, and for everybody with <c>Access:OpenMetrics</c>.</summary>
    Metrics,
}

/// <summary>On an endpoint: who may call it. Every endpoint has one; one without it fails the start, and so the build.</summary>
/// <param name="Scope">What the caller needs; null: nothing, not even a credential.</param>
public sealed record AccessPolicy(AccessScope? Scope, AccessSubject Subject)
{
    public override string ToString() => Scope is { } scope ? $"{scope} {Subject}" : "open";
}

/// <summary>How endpoints say who may call them.</summary>
internal static class AccessPolicies
{
    private static readonly ImmutableArray<Problem> Problems =
        [AccessProblems.NoCredential, AccessProblems.MissingScope(AccessScope.Read), AccessProblems.LoopbackOnly];

    /// <summary>The call takes a caller with this scope.</summary>
    /// <param name="subject">What it is about.</param>
    public static TBuilder Requires<TBuilder>(
        this TBuilder endpoint, AccessScope scope, AccessSubject subject = AccessSubject.None)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(
            new AccessPolicy(scope, subject), new ProblemExamples(subject == AccessSubject.Metrics ? Problems : [.. Problems, LimitProblems.OfCalls]));

    /// <summary>Anybody may call it, and learns nothing of anybody's data.</summary>
    public static TBuilder OpenToAll<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new AccessPolicy(null, AccessSubject.None));

    /// <summary>Lets no endpoint of the group be built that does not say who may call it.</summary>
    public static RouteGroupBuilder WithPolicies(this RouteGroupBuilder routes)
    {
        ((IEndpointConventionBuilder)routes).Finally(static endpoint =>
        {
            if (!endpoint.Metadata.OfType<AccessPolicy>().Any())
            {
                throw new InvalidOperationException(
                    $"{endpoint.DisplayName} does not say who may call it: add .Requires(scope, subject) or .OpenToAll().");
            }
        });
        return routes;
    }
}
