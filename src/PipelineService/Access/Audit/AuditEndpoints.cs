using System.ComponentModel;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Access.Audit;

/// <summary>The resource <c>/v1/audit</c>.</summary>
public static class AuditEndpoints
{
    private const int PageDefault = 100;
    private const int PageMax = 1_000;
    private const string CursorFault = "It is none that this service gave out; leave it away to start from the first page.";

    private static readonly string[] Outcomes = [AuditEntry.Done, AuditEntry.Refused];

    private static readonly string[] Actions = [.. AuditActions.All.Select(action => action.Name)];

    public static IEndpointRouteBuilder MapAudit(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder group = api.MapGroup("/audit").WithTags(DocumentTags.Audit).Requires(AccessScope.Admin, AccessSubject.Service);
        group.MapGet("/", ListAsync)
            .WithName("listAuditEntries").WithSummary("Who did what, newest first")
            .WithDescription("All that is asked for must hold. A page looks at 50,000 entries at most, so with conditions it may have "
                + "fewer than `limit`, even none, although more follow: there are no more when `nextCursor` is null.")
            .Takes(
                new ShownParameter("limit", "How many a page has at most.", Shapes.WholeNumber(1, PageMax, PageDefault)),
                new ShownParameter("cursor", "`nextCursor` of the page before; none begins with the first page."))
            .Produces<AuditPage>()
            .ProducesProblems(Problem.MalformedQuery("outcome", "'failed' is no outcome; use done or refused."))
            .NeedsDatabase();
        group.MapGet("/head", GetHeadAsync)
            .WithName("getAuditHead").WithSummary("Where the audit's chain ends")
            .WithDescription("Keep it somewhere else: with it, `PipelineService audit verify --head {anchor}` finds whatever was "
                + "changed, reordered or cut off up to here.")
            .Produces<AuditHead>()
            .NeedsDatabase();
        return api;
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] AuditListParameters parameters, AuditStore store, CancellationToken cancellationToken)
    {
        Dictionary<string, string[]> faults = [];
        AuditFilter filter = FilterOf(parameters, faults);
        if (faults.Count > 0)
        {
            return Problem.MalformedQuery(faults).ToResult();
        }

        AuditRows page = await store.ListAsync(filter, cancellationToken);
        return TypedResults.Ok(new AuditPage([.. page.Rows.Select(AuditEntryView.Of)], page.Next?.ToString()));
    }

    private static async Task<IResult> GetHeadAsync(HttpContext context, AuditHeads heads, CancellationToken cancellationToken)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(await heads.ReadAsync(cancellationToken));
    }

    private static AuditFilter FilterOf(AuditListParameters parameters, Dictionary<string, string[]> faults) => new()
    {
        Actor = parameters.Actor,
        Actions = ActionsOf(parameters.Action, faults),
        Object = parameters.Object,
        Dataset = parameters.Dataset,
        Outcome = OutcomeOf(parameters.Outcome, faults),
        From = QueryTime.Parse("from", parameters.From, faults),
        To = QueryTime.Parse("to", parameters.To, faults),
        Cursor = CursorOf(parameters.Cursor, faults),
        Limit = QueryLimit.Parse(parameters.Limit, PageDefault, PageMax, faults),
    };

    /// <summary>One action, several with commas between, or the parameter several times.</summary>
    private static string[]? ActionsOf(string[]? given, Dictionary<string, string[]> faults)
    {
        string[] actions = [.. (given ?? []).SelectMany(text => text.Split(',', StringSplitOptions.TrimEntries)).Distinct()];
        string[] unknown = [.. actions.Except(Actions)];
        if (unknown.Length > 0)
        {
            faults["/action"] =
            [
                .. unknown.Take(Problem.UnknownShownMax).Select(action =>
                    $"'{Core.Rules.Excerpt.Of(action)}' is no action; use one of {string.Join(", ", Actions)}."
                    + Suggestion.For(action, Actions)),
            ];
        }

        return actions.Length == 0 ? null : actions;
    }

    private static string? OutcomeOf(string? outcome, Dictionary<string, string[]> faults)
    {
        if (outcome is not null && !Outcomes.Contains(outcome))
        {
            faults["/outcome"] = [$"'{Core.Rules.Excerpt.Of(outcome)}' is no outcome; use {string.Join(" or ", Outcomes)}."];
        }

        return outcome;
    }

    private static AuditCursor? CursorOf(string? text, Dictionary<string, string[]> faults)
    {
        AuditCursor? cursor = text is null ? null : AuditCursor.Parse(text);
        if (text is not null && cursor is null)
        {
            faults["/cursor"] = [CursorFault];
        }

        return cursor;
    }
}

/// <summary>What the list may be asked for.</summary>
internal sealed record AuditListParameters
{
    [FromQuery(Name = "actor"), Description("Entries of whoever has this name.")]
    public string? Actor { get; init; }

    [FromQuery(Name = "action"), Description("Entries of this action; of any of several, with commas between or the parameter repeated.")]
    public string[]? Action { get; init; }

    [FromQuery(Name = "object"), Description("Entries about this: `job/{id}`, `dataset/{name}`.")]
    public string? Object { get; init; }

    [FromQuery(Name = "dataset"), Description("Entries about this dataset, and about jobs and uploads of it.")]
    public string? Dataset { get; init; }

    [FromQuery(Name = "outcome"), Description("`done` or `refused`.")]
    public string? Outcome { get; init; }

    [FromQuery(Name = "from"), Description("Entries of then or later: an RFC 3339 time, or a date for its begin in UTC.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("Entries of earlier than that.")]
    public string? To { get; init; }

    [FromQuery(Name = "limit")]
    public string? Limit { get; init; }

    [FromQuery(Name = "cursor")]
    public string? Cursor { get; init; }
}

/// <summary>A page of the audit.</summary>
public sealed record AuditPage(IReadOnlyList<AuditEntryView> Items, string? NextCursor);

/// <summary>An entry of the audit.</summary>
/// <param name="Id">Of an upload that was taken the id of its job.</param>
/// <param name="At">When it was done.</param>
/// <param name="Actor">Who did it.</param>
/// <param name="Action">What was done.</param>
/// <param name="Object">What it was done to.</param>
/// <param name="Dataset">The dataset that it is about.</param>
/// <param name="Outcome">`done`, or `refused`: nothing was done.</param>
/// <param name="Ip">The address that the request came from.</param>
/// <param name="Detail">More, by action.</param>
/// <param name="Seq">Its place in the chain; null until it is linked.</param>
/// <param name="Hash">Its hash there.</param>
public sealed record AuditEntryView(
    Guid Id, DateTimeOffset At, string Actor, string Action, string Object, string? Dataset, string Outcome, string? Ip, JsonObject Detail,
    long? Seq, string? Hash)
{
    public static AuditEntryView Of(AuditRow row) => new(
        row.Id, new DateTimeOffset(row.At, TimeSpan.Zero), row.Actor, row.Action, row.Object, row.Dataset, row.Outcome, row.Ip,
        JsonNode.Parse(row.Detail)!.AsObject(), row.Seq, row.Hash is null ? null : Convert.ToHexStringLower(row.Hash));
}
