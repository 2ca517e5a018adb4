using System.Globalization;
using PipelineService.Access;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Jobs.Requests;

namespace PipelineService.Events.Requests;

/// <summary>The resources <c>/v1/events</c> and <c>/v1/jobs/{id}/events</c>.</summary>
public static class EventEndpoints
{
    internal const string StreamType = "text/event-stream";
    internal const int PageDefault = 100;
    internal const int PageMax = 1_000;

    /// <summary>Events that a page looks through: conditions have no index, and a page must come at once.</summary>
    private const int LookMax = 5_000;

    private const int BatchMax = 500;

    private const string PageForm = "application/json";

    private const string Example = """
        retry: 2000

        id: 42
        event: job.finished
        data: {"specversion":"1.0","id":"5b3f…","source":"/v1/datasets/trips","type":"job.finished","subject":"job/0199…","time":"2026-11-27T12:00:00Z","datacontenttype":"application/json","dataset":"trips","position":"42","data":{"job":"0199…","state":"succeeded"}}


        """;

    private static readonly string[] Forms = [PageForm, StreamType];

    private static readonly AnswerHeader Unbuffered = new(
        "X-Accel-Buffering", "`no`, of a stream: for proxies that would keep it back.", Shapes.Text, IsAlways: false);

    private static readonly ShownParameter LastEventId = new(
        EventQuery.LastEventId, "The id of the last event that was had: a stream goes on behind it. It goes before `after`.", Shapes.WholeNumber(0));

    public static IEndpointRouteBuilder MapEventLog(this IEndpointRouteBuilder api)
    {
        api.MapGet("/events", GetAsync)
            .Requires(AccessScope.Read, AccessSubject.Events)
            .WithTags(DocumentTags.Events)
            .WithName("listEvents").WithSummary("What happened, in order: a page, or a stream that goes on")
            .WithDescription("Events of what the caller may see, each a CloudEvent 1.0 with its `position` in the one log. A page begins behind "
                + "`after`, by default with the oldest event that is kept, and looks through 5,000 events at most, so that it may have fewer "
                + "than `limit`: go on with its own `after` until that is `head`. With `Accept: text/event-stream` it is a stream of server-sent "
                + "events, by default of what happens from now on; `id` is the position. A client that comes again sends `Last-Event-ID`, and has "
                + "missed nothing. Where the log does not go on from there, a page is 410, and a stream begins with an event `reset` "
                + "(`reason`, `oldest`, `head`).")
            .Takes(
                new ShownParameter("types", "Types of events, with commas between or the parameter repeated.", Shapes.ListOf(Shapes.Text)),
                new ShownParameter("dataset", "Events of this dataset, or of those whose names begin so: `acme_*`."),
                new ShownParameter("after", "Events behind this position; 0: from the oldest on.", Shapes.WholeNumber(0)),
                new ShownParameter("limit", "How many a page has at most.", Shapes.WholeNumber(1, PageMax, PageDefault)))
            .HeedsHeaders(LastEventId)
            .Produces<EventPage>()
            .ProducesText(StreamType, "Server-sent events; `data` is the CloudEvent, in one line.", Example)
            .ProducesProblems(
                Problem.MalformedQuery("types", "'job.finish' is no type; use some of job.received, job.finished."),
                Problem.MalformedHeader(EventQuery.LastEventId, EventQuery.LastEventIdFault),
                EventProblems.Gone(7, new LogEnds(900, 41)), EventProblems.TooManyStreams)
            .NeedsDatabase()
            .Answers(Unbuffered, StatusCodes.Status200OK);
        api.MapGet("/jobs/{id}/events", FollowAsync)
            .Requires(AccessScope.Read, AccessSubject.Job)
            .WithTags(DocumentTags.Events)
            .WithName("followJob").WithSummary("Follow a job until it is final")
            .WithDescription("A stream of server-sent events: `job.progress` with the job itself (as `getJob` answers it), at most four times a "
                + "second, and the events of the log that are about it, with their positions as `id`. It ends behind `job.finished`. Whoever "
                + "comes again with `Last-Event-ID` when there is nothing more to tell is answered 204, by which clients know that they need not.")
            .Takes(JobEndpoints.IdOfJob)
            .HeedsHeaders(LastEventId)
            .Produces(StatusCodes.Status200OK)
            .ProducesText(StreamType, "Server-sent events.", Example)
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblems(
                JobProblems.NotFound(JobEndpoints.ExampleId), Problem.MalformedHeader(EventQuery.LastEventId, EventQuery.LastEventIdFault),
                EventProblems.TooManyStreams)
            .NeedsDatabase()
            .Answers(Unbuffered, StatusCodes.Status200OK);
        return api;
    }

    private static async Task<IResult> GetAsync(
        string[]? types, string? dataset, string? after, string? limit, HttpContext context, EventStore store, EventStreams streams,
        CancellationToken cancellationToken)
    {
        Dictionary<string, string[]> faults = [];
        EventQuery query = new(faults);
        EventFilter filter = new(context.GetCaller(), query.Types(types), query.Dataset(dataset));
        long? begin = query.After(after);
        int size = query.Limit(limit);
        if (faults.Count > 0)
        {
            return Problem.MalformedQuery(faults).ToResult();
        }

        if (AcceptHeader.Choose(context.Request.Headers.Accept, Forms) != StreamType)
        {
            return await PageAsync(store, filter, begin ?? 0, size, context.Request.QueryString, cancellationToken);
        }

        return EventQuery.TryReadLastId(context.Request.Headers[EventQuery.LastEventId], out long? last)
            ? await streams.OpenAsync(filter, last ?? begin, cancellationToken)
            : Problem.MalformedHeader(EventQuery.LastEventId, EventQuery.LastEventIdFault).ToResult();
    }

    private static async Task<IResult> PageAsync(
        EventStore store, EventFilter filter, long after, int limit, QueryString query, CancellationToken cancellationToken)
    {
        LogEnds ends = await store.FindEndsAsync(cancellationToken);
        if (after > ends.Head || (after > 0 && after < ends.Gone))
        {
            return EventProblems.Gone(after, ends).ToResult();
        }

        List<EventView> items = [];
        long position = Math.Max(after, ends.Gone);
        for (int looked = 0; looked < LookMax && items.Count < limit && position < ends.Head; looked += BatchMax)
        {
            List<EventRow> rows = await store.ReadAsync(position, ends.Head, filter.IsAll ? limit : BatchMax, cancellationToken);
            long end = rows.Count == 0 ? ends.Head : rows[^1].Position;
            foreach (EventRow row in rows.Where(filter.Matches))
            {
                items.Add(EventView.Of(row));
                if (items.Count == limit)
                {
                    end = row.Position;
                    break;
                }
            }

            position = end;
        }

        return TypedResults.Json(
            new EventPage(items, position, ends.Gone + 1, ends.Head, position < ends.Head ? NextOf(query, position) : null), PipelineJson.Options);
    }

    private static async Task<IResult> FollowAsync(
        string id, HttpContext context, JobQueries jobs, JobStreams streams, CancellationToken cancellationToken)
    {
        if (await jobs.FindAsync(id, context.GetCaller(), cancellationToken) is not { } job)
        {
            return JobProblems.NotFound(id).ToResult();
        }

        return EventQuery.TryReadLastId(context.Request.Headers[EventQuery.LastEventId], out long? last)
            ? await streams.OpenAsync(job, last, cancellationToken)
            : Problem.MalformedHeader(EventQuery.LastEventId, EventQuery.LastEventIdFault).ToResult();
    }

    /// <summary>The same question from there on.</summary>
    private static string NextOf(QueryString query, long position)
    {
        var parameters = Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(query.Value);
        parameters["after"] = position.ToString(CultureInfo.InvariantCulture);
        return "/v1/events" + Microsoft.AspNetCore.Http.QueryString.Create(parameters);
    }
}

/// <summary>Some events of the log.</summary>
/// <param name="After">The place up to which the log was looked through: ask with it for what comes behind.</param>
/// <param name="Oldest">The place of the oldest event that is kept.</param>
/// <param name="Head">The place of the last event that there is.</param>
/// <param name="Next">The call that goes on, where there is more by now; null at the end.</param>
public sealed record EventPage(IReadOnlyList<EventView> Items, long After, long Oldest, long Head, string? Next);
