using System.Globalization;
using PipelineService.Hosting.Http;

namespace PipelineService.Events.Requests;

/// <summary>Every problem that the calls on events answer with.</summary>
internal static class EventProblems
{
    public static Problem Gone(long after, LogEnds ends) => new()
    {
        Code = "events_gone",
        Status = StatusCodes.Status410Gone,
        Title = "The log does not go on from there.",
        Detail = after > ends.Head
            ? string.Create(CultureInfo.InvariantCulture, $"It ends at {ends.Head}, and {after} was never given: the database is another, or was "
                + $"restored to an earlier state. Begin with after={ends.Gone}.")
            : string.Create(CultureInfo.InvariantCulture, $"Events up to {ends.Gone} are kept no longer (Events:Keep), and what was asked for "
                + $"begins behind {after}. Begin with after={ends.Gone}, and look at GET /v1/jobs for what was missed."),
    };

    public static Problem TooManyStreams { get; } = new()
    {
        Code = "too_many_streams",
        Status = StatusCodes.Status503ServiceUnavailable,
        Title = "There are as many streams of events as may be.",
        Detail = "This instance serves no more of them at once (Events:StreamsMax). Try again, or ask for pages (Accept: application/json).",
        RetryAfterSeconds = 10,
    };
}
