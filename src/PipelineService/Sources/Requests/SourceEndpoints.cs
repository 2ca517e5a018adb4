using System.Globalization;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Core.Rules;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Sources.Requests;

/// <summary>The resource <c>/v1/sources</c>.</summary>
internal static class SourceEndpoints
{
    private const string ExampleName = "acme_folder";
    private const int PageDefault = 100;
    private const int PageMax = 1_000;

    private static readonly string[] ObjectStates = ["taken", "refused"];

    private static readonly ShownParameter NameOfSource = new("source", "The source's name.", Shapes.Matching(SourceBody.NamePattern));

    private static readonly Dictionary<string, string[]> FaultExample = new()
    {
        ["/folder/path"] = ["\"../other\" is no path below the root, such as partners/acme: without .. and . and empty names."],
    };

    private static readonly Problem[] BodyProblems =
    [
        SourceProblems.Invalid(FaultExample),
        ErrorAnswers.Describe(StatusCodes.Status413PayloadTooLarge, null),
        ErrorAnswers.Describe(StatusCodes.Status415UnsupportedMediaType, null),
    ];

    public static void MapSourceResource(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder all = api.MapGroup("/sources").WithTags(DocumentTags.Sources);
        RouteGroupBuilder sources = all.MapGroup("").Requires(AccessScope.Manage, AccessSubject.Sources);
        sources.MapGet("", ListAsync)
            .WithName("listSources").WithSummary("List the sources")
            .WithDescription("Those of datasets that the caller may see, each with its state and what waits there.")
            .Produces<SourceList>()
            .NeedsDatabase();
        RouteGroupBuilder one = sources.MapGroup("/{source}");
        one.Takes(NameOfSource);
        one.MapGet("", GetAsync)
            .WithName("getSource").WithSummary("Get a source")
            .WithDescription("Its state, what waits there, and why it cannot be looked at, if it cannot.")
            .Produces<SourceView>()
            .ProducesProblems(SourceProblems.NotFound(ExampleName))
            .NeedsDatabase();
        one.MapPut("", PutAsync)
            .Audits(AuditActions.SourcePut)
            .WithName("putSource").WithSummary("Declare a source, or change it")
            .WithDescription("From now on what lies there becomes uploads, each object once, in the name and by the limits of who makes this "
                + "call. The place of a source stays as it is: what was taken is known by the names in it.")
            .AcceptsJson<SourceRequest>()
            .Produces<SourceView>().Produces<SourceView>(StatusCodes.Status201Created)
            .ProducesProblems(
                [.. BodyProblems, SourceProblems.NameTaken(ExampleName), SourceProblems.Elsewhere(ExampleName), SourceProblems.TooMany(100)])
            .NeedsDatabase()
            .Answers(AnswerHeader.Location, StatusCodes.Status201Created);
        one.MapDelete("", DeleteAsync)
            .Audits(AuditActions.SourceDelete)
            .WithName("deleteSource").WithSummary("Delete a source")
            .WithDescription("Nothing more is taken from there, and what was taken is forgotten: a source that is declared there again takes "
                + "what it finds, whether this one had or not. Jobs and rows stay.")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblems(SourceProblems.NotFound(ExampleName))
            .NeedsDatabase();
        one.MapPost("/pause", PauseAsync)
            .Audits(AuditActions.SourcePause)
            .WithName("pauseSource").WithSummary("Take nothing more from a source")
            .WithDescription("What is being taken ends, or is left there. Pausing one that is paused changes nothing.")
            .Produces<SourceView>()
            .ProducesProblems(SourceProblems.NotFound(ExampleName))
            .NeedsDatabase();
        one.MapPost("/resume", ResumeAsync)
            .Audits(AuditActions.SourceResume)
            .WithName("resumeSource").WithSummary("Go on with a source that was paused")
            .WithDescription("What has come meanwhile is taken.")
            .Produces<SourceView>()
            .ProducesProblems(SourceProblems.NotFound(ExampleName))
            .NeedsDatabase();
        one.MapGet("/objects", ListObjectsAsync)
            .WithName("listSourceObjects").WithSummary("What was taken from a source, and what could not be")
            .WithDescription("The latest first. What is listed here is not taken again, in the state in which it was.")
            .Takes(
                new ShownParameter("state", "Objects in this state.", Shapes.Named("SourceObjectState")),
                new ShownParameter("limit", "How many a page has at most.", Shapes.WholeNumber(1, PageMax, PageDefault)),
                new ShownParameter("cursor", "`nextCursor` of the page before; none begins with the first page."))
            .Produces<SourceObjectPage>()
            .ProducesProblems(SourceProblems.NotFound(ExampleName), Problem.MalformedQuery("state", "'open' is none of taken, refused."))
            .NeedsDatabase();
        all.MapPost("/{source}/notify", NotifyAsync)
            .WithMetadata(new NotAudited("it changes nothing: what is there would be taken by the next look, too"))
            .Requires(AccessScope.Ingest, AccessSubject.Sources)
            .WithName("notifySource").WithSummary("Say that there is something new at a source")
            .WithDescription("It is looked at once, not at the end of its interval: for the notifications of stores. Whatever the body says is "
                + "not read: what lies there is what counts.")
            .Takes(NameOfSource)
            .Produces(StatusCodes.Status202Accepted)
            .ProducesProblems(SourceProblems.NotFound(ExampleName))
            .NeedsDatabase();
    }

    private static async Task<IResult> ListAsync(HttpContext context, SourceStore store, CancellationToken cancellationToken)
    {
        Caller caller = context.GetCaller();
        IReadOnlyList<SourceRow> rows = await store.ListAsync(cancellationToken);
        return TypedResults.Ok(new SourceList([.. rows.Where(row => row.IsSeenBy(caller)).Select(SourceView.Of)]));
    }

    private static async Task<IResult> GetAsync(
        string source, HttpContext context, SourceStore store, CancellationToken cancellationToken) =>
        await store.FindAsync(source, context.GetCaller(), cancellationToken) is { } row
            ? TypedResults.Ok(SourceView.Of(row))
            : SourceProblems.NotFound(source).ToResult();

    private static async Task<IResult> PutAsync(
        string source, HttpContext context, SourceBody bodies, SourceStore store, SourceKeeper keeper, CancellationToken cancellationToken)
    {
        Caller caller = context.GetCaller();
        (SourceDeclaration? declared, Problem? problem) = await bodies.ReadAsync(source, context.Request, caller, cancellationToken);
        if (declared is null)
        {
            return problem!.ToResult();
        }

        (SourceRow? row, bool isNew, problem) = await store.PutAsync(source, declared, caller, AuditActor.Of(context), cancellationToken);
        if (row is null)
        {
            return problem!.ToResult();
        }

        keeper.Wake();
        var view = SourceView.Of(row);
        return isNew ? TypedResults.Created($"/v1/sources/{source}", view) : TypedResults.Ok(view);
    }

    private static async Task<IResult> DeleteAsync(
        string source, HttpContext context, SourceStore store, SourceKeeper keeper, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(source, context.GetCaller(), cancellationToken) is not { } row
            || !await store.DeleteAsync(row, AuditActor.Of(context), cancellationToken))
        {
            return SourceProblems.NotFound(source).ToResult();
        }

        keeper.Wake();
        return TypedResults.NoContent();
    }

    private static Task<IResult> PauseAsync(
        string source, HttpContext context, SourceStore store, SourceKeeper keeper, CancellationToken cancellationToken) =>
        SetPausedAsync(source, paused: true, context, store, keeper, cancellationToken);

    private static Task<IResult> ResumeAsync(
        string source, HttpContext context, SourceStore store, SourceKeeper keeper, CancellationToken cancellationToken) =>
        SetPausedAsync(source, paused: false, context, store, keeper, cancellationToken);

    private static async Task<IResult> SetPausedAsync(
        string source, bool paused, HttpContext context, SourceStore store, SourceKeeper keeper, CancellationToken cancellationToken)
    {
        Caller caller = context.GetCaller();
        if (await store.FindAsync(source, caller, cancellationToken) is not { } row)
        {
            return SourceProblems.NotFound(source).ToResult();
        }

        if (row.Paused != paused && !await store.PauseAsync(row, paused, AuditActor.Of(context), cancellationToken))
        {
            return SourceProblems.NotFound(source).ToResult();
        }

        keeper.Wake();
        return await GetAsync(source, context, store, cancellationToken);
    }

    private static async Task<IResult> NotifyAsync(
        string source, HttpContext context, SourceStore store, SourceKeeper keeper, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(source, context.GetCaller(), cancellationToken) is not { } row)
        {
            return SourceProblems.NotFound(source).ToResult();
        }

        await store.WakeAsync(row.Id, cancellationToken);
        keeper.Wake();
        return TypedResults.StatusCode(StatusCodes.Status202Accepted);
    }

    private static async Task<IResult> ListObjectsAsync(
        string source, string? state, string? limit, string? cursor, HttpContext context, SourceStore store,
        CancellationToken cancellationToken)
    {
        Dictionary<string, string[]> faults = [];
        int size = QueryLimit.Parse(limit, PageDefault, PageMax, faults);
        long before = long.MaxValue;
        if (cursor is not null && !long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before))
        {
            faults["/cursor"] = ["It is none that this service gave out; leave it away to start from the first page."];
        }

        if (state is not null && !ObjectStates.Contains(state))
        {
            faults["/state"] =
                [$"'{Excerpt.Of(state)}' is none of {string.Join(", ", ObjectStates)}.{Suggestion.For(state, ObjectStates)}"];
        }

        if (faults.Count > 0)
        {
            return Problem.MalformedQuery(faults).ToResult();
        }

        if (await store.FindAsync(source, context.GetCaller(), cancellationToken) is not { } row)
        {
            return SourceProblems.NotFound(source).ToResult();
        }

        // One more than asked for tells whether there is a next page.
        IReadOnlyList<SourceObjectRow> rows = await store.ListObjectsAsync(row.Id, state, before, size + 1, cancellationToken);
        return TypedResults.Ok(new SourceObjectPage(
            [.. rows.Take(size).Select(SourceObjectView.Of)],
            rows.Count > size ? rows[size - 1].N.ToString(CultureInfo.InvariantCulture) : null));
    }
}
