using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;

namespace PipelineService.Sources.Requests;

/// <summary>Every problem that the calls on sources answer with, and what a source says of its place.</summary>
internal static class SourceProblems
{
    public static Problem NotFound(string name) => new()
    {
        Code = "source_not_found",
        Status = StatusCodes.Status404NotFound,
        Title = "There is no such source.",
        Detail = $"No source is called \"{Excerpt.Of(name)}\". GET /v1/sources lists them.",
    };

    public static Problem Invalid(IReadOnlyDictionary<string, string[]> errors) => new()
    {
        Code = "invalid_source",
        Status = StatusCodes.Status400BadRequest,
        Title = "There can be no such source.",
        Detail = "All faults are listed; nothing was changed.",
        Errors = errors,
    };

    public static Problem NameTaken(string name) => new()
    {
        Code = "source_name_taken",
        Status = StatusCodes.Status409Conflict,
        Title = "The name of the source is taken.",
        Detail = $"Somebody else has a source called \"{Excerpt.Of(name)}\": names are unique in the service. Choose another, for example "
            + "with a beginning of your own.",
    };

    public static Problem Elsewhere(string name) => new()
    {
        Code = "source_elsewhere",
        Status = StatusCodes.Status409Conflict,
        Title = "The source is of another place.",
        Detail = $"What \"{Excerpt.Of(name)}\" has taken is known by names that mean something in that place alone. Make a source under "
            + "another name, or delete this one first.",
    };

    public static Problem TooMany(int max) => new()
    {
        Code = "too_many_sources",
        Status = StatusCodes.Status409Conflict,
        Title = "There are as many sources as may be.",
        Detail = $"There are {max} of them (Sources:SourcesMax). Delete those that nobody needs.",
    };

    public static Problem Unreachable(string reason) => new()
    {
        Code = "source_unreachable",
        Status = StatusCodes.Status503ServiceUnavailable,
        Title = "The source cannot be looked at, or nothing can be taken from it now.",
        Detail = reason,
    };
}
