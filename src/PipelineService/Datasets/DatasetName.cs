using System.Text.RegularExpressions;
using PipelineService.Access;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Datasets;

/// <summary>The names that datasets can have.</summary>
internal static partial class DatasetName
{
    public const string Pattern = "^[a-z][a-z0-9_]{0,62}$";

    /// <summary>The route parameter that carries the name.</summary>
    public const string RouteParameter = "dataset";

    /// <summary>The parameter in the document.</summary>
    public static readonly ShownParameter Shown = new(RouteParameter, "The dataset's name.", Shapes.Matching(Pattern));

    public static bool IsValid(string name) => Syntax().IsMatch(name);

    /// <summary>
    /// The name of the dataset that a name of a resource stands for, which may also have capitals, hyphens, dots and blanks; null
    /// when none can have it.
    /// </summary>
    public static string? Like(string name)
    {
        string like = string.Concat(name.Select(c => c is '-' or '.' or ' ' or '/' ? '_' : char.ToLowerInvariant(c)));
        return IsValid(like) ? like : null;
    }

    /// <summary>
    /// Refuses names that no dataset can have, and hides those that the caller may not know of, whether there are such datasets or
    /// not. A filter and not a route constraint, whose 404 would not say what is wrong.
    /// </summary>
    public static ValueTask<object?> Check(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (context.HttpContext.GetRouteValue(RouteParameter) is not string name)
        {
            return next(context);
        }

        return !IsValid(name) ? ValueTask.FromResult<object?>(DatasetProblems.InvalidName(name).ToResult())
            : context.HttpContext.GetCaller().Datasets.Match(name) ? next(context)
            : ValueTask.FromResult<object?>(DatasetProblems.NotFound(name).ToResult());
    }

    [GeneratedRegex(@"\A[a-z][a-z0-9_]{0,62}\z")]
    private static partial Regex Syntax();
}
