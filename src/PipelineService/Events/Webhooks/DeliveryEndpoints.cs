using System.Globalization;
using PipelineService.Access.Audit;
using PipelineService.Core.Rules;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Events.Webhooks;

/// <summary>The resource <c>/v1/webhooks/{webhook}/deliveries</c>.</summary>
internal static class DeliveryEndpoints
{
    private const int PageDefault = 100;
    private const int PageMax = 1_000;
    private const string ExampleId = "5b3f2c1e-0000-4000-8000-000000000000";

    public static void MapDeliveries(this IEndpointRouteBuilder webhooks)
    {
        webhooks.MapGet("/{webhook}/deliveries", ListAsync)
            .WithName("listDeliveries").WithSummary("What became of the events that were for a webhook")
            .WithDescription("Those of the latest events first. They are kept as long as events.")
            .Takes(
                WebhookEndpoints.NameOfWebhook,
                new ShownParameter("state", "Deliveries in this state.", Shapes.Named("DeliveryState")),
                new ShownParameter("limit", "How many a page has at most.", Shapes.WholeNumber(1, PageMax, PageDefault)),
                new ShownParameter("cursor", "`nextCursor` of the page before; none begins with the first page."))
            .Produces<DeliveryPage>()
            .ProducesProblems(
                WebhookProblems.NotFound(WebhookEndpoints.ExampleName), Problem.MalformedQuery("state", "'open' is none of pending, delivered, failed."))
            .NeedsDatabase();
        webhooks.MapPost("/{webhook}/deliveries/{delivery}/redeliver", RedeliverAsync)
            .Audits(AuditActions.WebhookRedeliver)
            .WithName("redeliver").WithSummary("Send a delivery once more")
            .WithDescription("Soon, under the same `webhook-id`, and with as many attempts as a new one, whatever became of it before. To a webhook "
                + "that is disabled it is sent when that is enabled.")
            .Takes(WebhookEndpoints.NameOfWebhook, new ShownParameter("delivery", "The delivery's id.", Shapes.Id))
            .Produces<DeliveryView>(StatusCodes.Status202Accepted)
            .ProducesProblems(WebhookProblems.NotFound(WebhookEndpoints.ExampleName), WebhookProblems.DeliveryNotFound(ExampleId))
            .NeedsDatabase();
    }

    private static async Task<IResult> ListAsync(
        string webhook, string? state, string? limit, string? cursor, HttpContext context, WebhookStore webhooks, DeliveryStore deliveries,
        CancellationToken cancellationToken)
    {
        Dictionary<string, string[]> faults = [];
        int size = QueryLimit.Parse(limit, PageDefault, PageMax, faults);
        long? before = CursorOf(cursor, faults);
        if (state is not null && !DeliveryStore.States.Contains(state))
        {
            faults["/state"] =
                [$"'{Excerpt.Of(state)}' is none of {string.Join(", ", DeliveryStore.States)}.{Suggestion.For(state, DeliveryStore.States)}"];
        }

        if (faults.Count > 0)
        {
            return Problem.MalformedQuery(faults).ToResult();
        }

        if (await WebhookEndpoints.FindAsync(webhook, context, webhooks, cancellationToken) is not { } row)
        {
            return WebhookProblems.NotFound(webhook).ToResult();
        }

        // One more than asked for tells whether there is a next page.
        IReadOnlyList<DeliveryRow> rows = await deliveries.ListAsync(row.Id, state, before, size + 1, cancellationToken);
        return TypedResults.Ok(new DeliveryPage(
            [.. rows.Take(size).Select(delivery => delivery.ToView())],
            rows.Count > size ? rows[size - 1].Position.ToString(CultureInfo.InvariantCulture) : null));
    }

    private static async Task<IResult> RedeliverAsync(
        string webhook, string delivery, HttpContext context, WebhookStore webhooks, DeliveryStore deliveries, WebhookDispatcher dispatcher,
        CancellationToken cancellationToken)
    {
        if (await WebhookEndpoints.FindAsync(webhook, context, webhooks, cancellationToken) is not { } row)
        {
            return WebhookProblems.NotFound(webhook).ToResult();
        }

        if (!Guid.TryParseExact(delivery, "D", out Guid id)
            || await deliveries.SendAgainAsync(row, id, AuditActor.Of(context), cancellationToken) is not { } again)
        {
            return WebhookProblems.DeliveryNotFound(delivery).ToResult();
        }

        dispatcher.Wake();
        return TypedResults.Accepted((string?)null, again.ToView());
    }

    private static long? CursorOf(string? cursor, Dictionary<string, string[]> faults)
    {
        if (cursor is null)
        {
            return null;
        }

        if (long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out long before))
        {
            return before;
        }

        faults["/cursor"] = ["It is none that this service gave out; leave it away to start from the first page."];
        return null;
    }
}
