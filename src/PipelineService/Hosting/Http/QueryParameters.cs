using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Metadata;

namespace PipelineService.Hosting.Http;

/// <summary>
/// Refuses parameters in the query that a call of the API does not have, and those that are given twice where one is meant: a
/// filter that is mistyped would show everything, and the label of an upload would be lost for ever. Which ones a call has is
/// known from its handler, so no call has to think of it.
/// </summary>
internal sealed class QueryParameters(RequestDelegate next)
{
    private readonly ConditionalWeakTable<Endpoint, Dictionary<string, bool>> _known = [];

    public Task InvokeAsync(HttpContext context)
    {
        if (context.Request.Query.Count == 0
            || context.GetEndpoint() is not RouteEndpoint endpoint
            || endpoint.Metadata.GetMetadata<CheckedQuery>() is null)
        {
            return next(context);
        }

        Dictionary<string, string[]> faults = FaultsOf(
            context.Request.Query, _known.GetValue(endpoint, _ => ParametersOf(endpoint)));
        return faults.Count == 0 ? next(context) : Problem.MalformedQuery(faults).ToResult().ExecuteAsync(context);
    }

    private static Dictionary<string, string[]> FaultsOf(IQueryCollection query, Dictionary<string, bool> known)
    {
        Dictionary<string, string[]> faults = [];
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in query)
        {
            if (!known.TryGetValue(name, out bool mayRepeat))
            {
                if (faults.Count >= Problem.UnknownShownMax)
                {
                    break; // whoever sends hundreds gets no longer an answer for it
                }

                string shown = Core.Rules.Excerpt.Of(name);
                faults[$"/{shown}"] = [known.Count == 0
                    ? "This call has no parameters."
                    : $"This call has no such parameter.{Suggestion.For(name, known.Keys)} It has "
                        + $"{string.Join(", ", known.Keys.Order())}."];
            }
            else if (values.Count > 1 && !mayRepeat)
            {
                faults[$"/{name}"] = [$"It is given {values.Count} times; give it once."];
            }
        }

        return faults;
    }

    /// <returns>The parameters that the handler takes from the query, and whether each may come several times.</returns>
    private static Dictionary<string, bool> ParametersOf(RouteEndpoint endpoint) => endpoint.Metadata
        .OfType<IParameterBindingMetadata>()
        .Select(p => (Name: JsonNamingPolicy.CamelCase.ConvertName(p.Name), Type: p.ParameterInfo.ParameterType))
        .Where(p => IsValue(p.Type) && endpoint.RoutePattern.GetParameter(p.Name) is null)
        .ToDictionary(p => p.Name, p => p.Type.IsArray, StringComparer.OrdinalIgnoreCase);

    /// <summary>Everything else that handlers take is a service or the request itself.</summary>
    private static bool IsValue(Type type) => type == typeof(string) || type == typeof(string[])
        || (Nullable.GetUnderlyingType(type) ?? type).IsPrimitive;
}

/// <summary>On an endpoint: its query has no other parameters than its handler takes.</summary>
internal sealed class CheckedQuery;

internal static class CheckedQueries
{
    /// <summary>Has the query of every call of the group checked.</summary>
    public static RouteGroupBuilder WithCheckedQueries(this RouteGroupBuilder routes) => routes.WithMetadata(new CheckedQuery());
}
