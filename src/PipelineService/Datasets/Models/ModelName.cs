using PipelineService.Access;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Datasets.Models;

/// <summary>The names that models can have: those of datasets, and the limits of keys to some names hold for both.</summary>
internal static class ModelName
{
    /// <summary>The route parameter that carries the name.</summary>
    public const string RouteParameter = "model";

    /// <summary>The parameter in the document.</summary>
    public static readonly ShownParameter Shown = new(RouteParameter, "The model's name.", Shapes.Matching(DatasetName.Pattern));

    /// <summary>As <see cref="DatasetName.Check"/>.</summary>
    public static ValueTask<object?> Check(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        if (context.HttpContext.GetRouteValue(RouteParameter) is not string name)
        {
            return next(context);
        }

        return !DatasetName.IsValid(name) ? ValueTask.FromResult<object?>(ModelProblems.InvalidName(name).ToResult())
            : context.HttpContext.GetCaller().Datasets.Match(name) ? next(context)
            : ValueTask.FromResult<object?>(ModelProblems.NotFound(name).ToResult());
    }
}
