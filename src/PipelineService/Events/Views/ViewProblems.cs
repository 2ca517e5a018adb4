using PipelineService.Core.Rules;
using PipelineService.Datasets.Views;
using PipelineService.Hosting.Http;

namespace PipelineService.Events.Views;

/// <summary>Why a view is not told.</summary>
internal static class ViewProblems
{
    private const int RetrySeconds = 1;

    public static Problem NotFound(string dataset, string view) => new()
    {
        Code = "view_not_found",
        Status = StatusCodes.Status404NotFound,
        Title = "There is no such view.",
        Detail = $"Dataset \"{Excerpt.Of(dataset)}\" declares no view \"{Excerpt.Of(view)}\": see \"views\" in its definition.",
    };

    public static Problem NotReady(string view, string? reason) => new()
    {
        Code = "view_not_ready",
        Status = StatusCodes.Status503ServiceUnavailable,
        Title = "The view is being built.",
        Detail = $"View \"{Excerpt.Of(view)}\" is built as soon as no load writes to its table. {reason}".TrimEnd(),
        RetryAfterSeconds = RetrySeconds,
    };

    public static Problem Refused(string view, string reason) => new()
    {
        Code = "view_refused",
        Status = StatusCodes.Status409Conflict,
        Title = "The view cannot be kept.",
        Detail = $"View \"{Excerpt.Of(view)}\" would not be what its table holds. {reason} To have it built again, PUT the definition "
            + "without it, and then with it.",
    };

    public static Problem OfAllSources { get; } = new()
    {
        Code = "view_of_all_sources",
        Status = StatusCodes.Status403Forbidden,
        Title = "The view is of the rows of all sources.",
        Detail = "These credentials see the rows of one source alone, and the groups of a view have those of all.",
    };

    public static Problem TooSlow(string view) => new()
    {
        Code = "view_too_slow",
        Status = StatusCodes.Status409Conflict,
        Title = "The view has too many groups for a page.",
        Detail = $"The groups of view \"{Excerpt.Of(view)}\" took longer than 2 seconds: ask for a shorter time (from, to), or for all of "
            + "them with Accept: text/csv.",
    };

    /// <summary>Of a view that is not ready.</summary>
    public static Problem Of(StoredView view) => view is { State: "refused", Reason: { } reason }
        ? Refused(view.Name, reason)
        : NotReady(view.Name, view.Reason);
}
