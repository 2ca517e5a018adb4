using System.Text;
using System.Text.Json.Nodes;
using Npgsql;
using PipelineService.Access;
using PipelineService.Core.Datasets;
using PipelineService.Core.Parsing.Csv;
using PipelineService.Datasets;
using PipelineService.Datasets.Views;
using PipelineService.Events.Requests;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Events.Views;

/// <summary>The resource <c>/v1/datasets/{dataset}/views</c>.</summary>
public static class ViewEndpoints
{
    private const string Json = "application/json";
    private const string Csv = "text/csv";

    private const string CsvExample = "pickup_at,vendor,trips,fares\n2026-11-27 12:00:00+00,acme,41,612.50\n";

    private const string StreamExample = """
        retry: 2000

        event: reset
        data: {"reason":"begin"}

        event: groups
        data: {"at":"2026-11-27T12:00:01.000Z","groups":[{"pickup_at":"2026-11-27T12:00:00+00:00","vendor":"acme","trips":42,"fares":627.00}],"gone":[]}


        """;

    private static readonly string[] Forms = [Json, Csv, EventEndpoints.StreamType];

    private static readonly AnswerHeader Unbuffered = new(
        "X-Accel-Buffering", "`no`, of a stream: for proxies that would keep it back.", Shapes.Text, IsAlways: false);

    public static IEndpointRouteBuilder MapViews(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder views = api.MapGroup("/datasets/{dataset}/views").WithTags(DocumentTags.Datasets);
        views.AddEndpointFilter(DatasetName.Check);
        views.Takes(DatasetName.Shown);
        views.MapGet("", ListAsync)
            .Requires(AccessScope.Read, AccessSubject.Dataset)
            .WithName("listViews").WithSummary("The views of a dataset")
            .WithDescription("Whether each is kept, and if not, why. They are declared in the definition (`views`).")
            .Produces<ViewList>()
            .ProducesProblems(DatasetProblems.InvalidName("Trips!"), DatasetProblems.NotFound("trips"))
            .NeedsDatabase();
        views.MapGet("/{view}", GetAsync)
            .Requires(AccessScope.Read, AccessSubject.Dataset)
            .WithName("getView").WithSummary("The groups of a view: a page, all of them, or those that change")
            .WithDescription("What `SELECT … GROUP BY` on the table would answer in the same moment, without reading it: rows count when their "
                + "transaction is committed, and no more when they are reverted or replaced. In the order of the keys, NULL last. With "
                + "`Accept: text/csv` all groups. With `Accept: text/event-stream` a stream: `reset` says that the view is to be read "
                + "(`reason`: `begin`, `behind`, `many`, `gone`), and `groups` has those that have changed since, as they are now, and the keys "
                + "of those that have no rows any more; once a second at most.")
            .Takes(
                new ShownParameter("view", "The name of the view.", Shapes.Matching(DatasetName.Pattern)),
                new ShownParameter("from", "Groups from then on, by the first key that is a time or a date: an RFC 3339 time, or a date."),
                new ShownParameter("to", "Groups before then."),
                new ShownParameter("limit", "How many a page has at most.", Shapes.WholeNumber(1, ViewQuery.LimitMax, ViewQuery.LimitDefault)),
                new ShownParameter("cursor", "`nextCursor` of the page before; none begins with the first page."))
            .Produces<ViewPage>()
            .ProducesText(Csv, "All groups; the first line has their names.", CsvExample)
            .ProducesText(EventEndpoints.StreamType, "Server-sent events.", StreamExample)
            .ProducesProblems(
                DatasetProblems.InvalidName("Trips!"), DatasetProblems.NotFound("trips"), ViewProblems.NotFound("trips", "trips_per_minute"),
                Problem.MalformedQuery("cursor", ViewQuery.NoCursor), ViewProblems.OfAllSources,
                ViewProblems.NotReady("trips_per_minute", null), ViewProblems.TooSlow("trips_per_minute"),
                ViewProblems.Refused("trips_per_minute", ViewObstacles.Of(new TableName("public", "trips"), "It has row security: the service may not see all rows.")),
                EventProblems.TooManyStreams)
            .NeedsDatabase()
            .Answers(Unbuffered, StatusCodes.Status200OK);
        return api;
    }

    private static async Task<IResult> ListAsync(
        string dataset, HttpContext context, DatasetCatalog datasets, StoredViews views, CancellationToken cancellationToken) =>
        await FindDatasetAsync(dataset, context, datasets, cancellationToken) is null
            ? DatasetProblems.NotFound(dataset).ToResult()
            : TypedResults.Json(
                new ViewList([.. (await views.FindAsync(dataset, name: null, cancellationToken)).Select(ViewState.Of)]), PipelineJson.Options);

    private static async Task<IResult> GetAsync(
        string dataset, string view, string? from, string? to, string? limit, string? cursor, HttpContext context, DatasetCatalog datasets,
        StoredViews views, ViewStreams streams, CancellationToken cancellationToken)
    {
        if (await FindDatasetAsync(dataset, context, datasets, cancellationToken) is not { } version)
        {
            return DatasetProblems.NotFound(dataset).ToResult();
        }

        if ((await views.FindAsync(dataset, view, cancellationToken)).FirstOrDefault() is not { } stored)
        {
            return ViewProblems.NotFound(dataset, view).ToResult();
        }

        if (!ViewStreams.MaySee(context.GetCaller(), dataset, version.Tenant))
        {
            return ViewProblems.OfAllSources.ToResult();
        }

        Dictionary<string, string[]> faults = [];
        ViewQuery query = new(faults);
        ViewQuestion question = query.Question(stored, from, to);
        int size = query.Limit(limit);
        string?[]? after = query.Cursor(cursor, stored);
        if (faults.Count > 0)
        {
            return Problem.MalformedQuery(faults).ToResult();
        }

        return AcceptHeader.Choose(context.Request.Headers.Accept, Forms) switch
        {
            EventEndpoints.StreamType => streams.Open(stored, version.Tenant),
            _ when stored.State != "ready" => ViewProblems.Of(stored).ToResult(),
            Csv => new CsvAnswer(question, views),
            _ => await PageAsync(question, after, size, views, cancellationToken),
        };
    }

    private static async Task<DatasetVersion?> FindDatasetAsync(
        string dataset, HttpContext context, DatasetCatalog datasets, CancellationToken cancellationToken) =>
        await datasets.FindAsync(dataset, cancellationToken) is { } version && context.GetCaller().Sees(version.Name, version.Tenant)
            ? version
            : null;

    private static async Task<IResult> PageAsync(
        ViewQuestion question, string?[]? after, int limit, StoredViews views, CancellationToken cancellationToken)
    {
        try
        {
            return await views.ReadAsync(question, after, limit, cancellationToken) is { } groups
                ? TypedResults.Json(
                    new ViewPage([.. groups.Items.Select(item => JsonNode.Parse(item)!.AsObject())], ViewQuery.CursorOf(groups.Last)),
                    PipelineJson.Options)
                : ViewProblems.NotReady(question.View.Name, null).ToResult();
        }
        catch (PostgresException e) when (e.SqlState.StartsWith("22", StringComparison.Ordinal))
        {
            return Problem.MalformedQuery("cursor", ViewQuery.NoCursor).ToResult();
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.QueryCanceled)
        {
            return ViewProblems.TooSlow(question.View.Name).ToResult();
        }
    }

    /// <summary>All groups of one moment, written as they are read.</summary>
    private sealed class CsvAnswer(ViewQuestion question, StoredViews views) : IResult
    {
        public async Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType = $"{Csv}; charset=utf-8";
            httpContext.Response.Headers.CacheControl = "no-store";
            CsvLine line = new(CsvDialect.Default);
            await WriteAsync([.. new ViewReadSql(question.View.ToView()).Columns.Select(column => column.Told)]);
            await views.ReadAllAsync(question, WriteAsync, httpContext.RequestAborted);

            async Task WriteAsync(string?[] cells)
            {
                line.Clear();
                foreach (string? cell in cells)
                {
                    line.Append(Encoding.UTF8.GetBytes(cell ?? ""));
                }

                line.End();
                await httpContext.Response.BodyWriter.WriteAsync(line.Bytes, httpContext.RequestAborted);
            }
        }
    }
}
