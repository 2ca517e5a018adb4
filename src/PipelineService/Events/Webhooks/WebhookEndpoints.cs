using System.Net.Mime;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Options;
using PipelineService.Access;
using PipelineService.Access.Audit;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Events.Webhooks;

/// <summary>The resource <c>/v1/webhooks</c>.</summary>
internal static class WebhookEndpoints
{
    internal const string ExampleName = "orders";

    internal static readonly ShownParameter NameOfWebhook = new("webhook", "The webhook's name.", Shapes.Matching(WebhookBody.NamePattern));

    private static readonly Dictionary<string, string[]> FaultExample = new()
    {
        ["/url"] = ["\"http://127.0.0.1/\" is http: everybody on the way could read what is sent. Use https, or have Events:AllowHttp set."],
    };

    private static readonly Problem[] BodyProblems =
    [
        WebhookProblems.Invalid(FaultExample),
        ErrorAnswers.Describe(StatusCodes.Status413PayloadTooLarge, null), ErrorAnswers.Describe(StatusCodes.Status415UnsupportedMediaType, null),
    ];

    public static IEndpointRouteBuilder MapWebhooks(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder webhooks = api.MapGroup("/webhooks").WithTags(DocumentTags.Webhooks).Requires(AccessScope.Manage, AccessSubject.Webhooks);
        webhooks.MapGet("", ListAsync)
            .WithName("listWebhooks").WithSummary("List the webhooks")
            .WithDescription("Those that are told of nothing that the caller may not see.")
            .Produces<WebhookList>()
            .NeedsDatabase();
        webhooks.MapGet("/{webhook}", GetAsync)
            .WithName("getWebhook").WithSummary("Get a webhook")
            .WithDescription("Neither its secret nor the values of its headers: nobody has them but who was given them.")
            .Takes(NameOfWebhook)
            .Produces<WebhookView>()
            .ProducesProblems(WebhookProblems.NotFound(ExampleName))
            .NeedsDatabase();
        webhooks.MapPut("/{webhook}", PutAsync)
            .Audits(AuditActions.WebhookPut)
            .WithName("putWebhook").WithSummary("Make a webhook, or change it")
            .WithDescription("Events from now on are sent to its `url`, each as the CloudEvent that `GET /v1/events` shows, signed as Standard "
                + "Webhooks 1.0 says; the answer that makes it shows the `secret`, and nothing shows it again. It is told of what its maker may "
                + "see, and never of more, whoever changes it. While the key by which it was made or changed last lets nobody in, nothing is sent.")
            .Takes(NameOfWebhook)
            .AcceptsJson<WebhookRequest>()
            .Produces<WebhookView>().Produces<WebhookView>(StatusCodes.Status201Created)
            .ProducesProblems([.. BodyProblems, WebhookProblems.NameTaken(ExampleName), WebhookProblems.TooMany(100)])
            .NeedsDatabase()
            .Answers(AnswerHeader.Location, StatusCodes.Status201Created);
        webhooks.MapDelete("/{webhook}", DeleteAsync)
            .Audits(AuditActions.WebhookDelete)
            .WithName("deleteWebhook").WithSummary("Delete a webhook")
            .WithDescription("Nothing more is sent to it, and its deliveries are gone.")
            .Takes(NameOfWebhook)
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblems(WebhookProblems.NotFound(ExampleName))
            .NeedsDatabase();
        webhooks.MapPost("/{webhook}/rotate", RotateAsync)
            .Audits(AuditActions.WebhookRotate)
            .WithName("rotateWebhookSecret").WithSummary("Give a webhook a new secret")
            .WithDescription("For `overlap`, a day if nobody says, deliveries are signed with both, so that whoever checks them can change over.")
            .Takes(NameOfWebhook)
            .Accepts<WebhookRotation>(isOptional: true, MediaTypeNames.Application.Json, EndpointDescriptions.AnyType)
            .Produces<WebhookView>()
            .ProducesProblems([.. BodyProblems, WebhookProblems.NotFound(ExampleName)])
            .NeedsDatabase();
        webhooks.MapPost("/{webhook}/test", TestAsync)
            .Audits(AuditActions.WebhookTest)
            .WithName("testWebhook").WithSummary("Send a webhook an event that tells of nothing")
            .WithDescription("An event `webhook.test`, at once and one time, whether the webhook is disabled or not. The answer says what came of it.")
            .Takes(NameOfWebhook)
            .Produces<DeliveryResult>()
            .ProducesProblems(WebhookProblems.NotFound(ExampleName))
            .NeedsDatabase();
        webhooks.MapDeliveries();
        return api;
    }

    /// <summary>Null also for one that is told of what the caller may not see.</summary>
    internal static Task<WebhookRow?> FindAsync(string name, HttpContext context, WebhookStore store, CancellationToken cancellationToken) =>
        store.FindAsync(name, context.GetCaller(), cancellationToken);

    private static async Task<IResult> ListAsync(
        HttpContext context, WebhookStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        Caller caller = context.GetCaller();
        IReadOnlyList<WebhookRow> rows = await store.ListAsync(cancellationToken);
        return TypedResults.Ok(new WebhookList([.. rows.Where(row => row.IsSeenBy(caller)).Select(row => WebhookView.Of(row, Now(time)))]));
    }

    private static async Task<IResult> GetAsync(
        string webhook, HttpContext context, WebhookStore store, TimeProvider time, CancellationToken cancellationToken) =>
        await FindAsync(webhook, context, store, cancellationToken) is { } row
            ? TypedResults.Ok(WebhookView.Of(row, Now(time)))
            : WebhookProblems.NotFound(webhook).ToResult();

    private static async Task<IResult> PutAsync(
        string webhook, HttpContext context, WebhookStore store, EventSequencer sequencer, IOptions<EventsOptions> options, TimeProvider time,
        CancellationToken cancellationToken)
    {
        (WebhookSettings? settings, Problem? problem) =
            await WebhookBody.ReadSettingsAsync(webhook, context.Request, options.Value, cancellationToken);
        if (settings is null)
        {
            return problem!.ToResult();
        }

        (WebhookChange? change, problem) =
            await store.PutAsync(webhook, settings, context.GetCaller(), AuditActor.Of(context), cancellationToken);
        if (change is null)
        {
            return problem!.ToResult();
        }

        sequencer.Wake();
        WebhookView view = Show(context, change, time);
        return change.IsNew ? TypedResults.Created($"/v1/webhooks/{webhook}", view) : TypedResults.Ok(view);
    }

    private static async Task<IResult> DeleteAsync(
        string webhook, HttpContext context, WebhookStore store, CancellationToken cancellationToken) =>
        await FindAsync(webhook, context, store, cancellationToken) is { } row
            && await store.DeleteAsync(row, AuditActor.Of(context), cancellationToken)
            ? TypedResults.NoContent()
            : WebhookProblems.NotFound(webhook).ToResult();

    private static async Task<IResult> RotateAsync(
        string webhook, HttpContext context, WebhookStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        (TimeSpan overlap, Problem? problem) = await WebhookBody.ReadOverlapAsync(context.Request, cancellationToken);
        if (problem is not null)
        {
            return problem.ToResult();
        }

        return await FindAsync(webhook, context, store, cancellationToken) is { } row
            && await store.RotateAsync(row, overlap, AuditActor.Of(context), cancellationToken) is { } change
            ? TypedResults.Ok(Show(context, change, time))
            : WebhookProblems.NotFound(webhook).ToResult();
    }

    private static async Task<IResult> TestAsync(
        string webhook, HttpContext context, WebhookStore store, WebhookClient client, AuditWriter audit, TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (await FindAsync(webhook, context, store, cancellationToken) is not { } row)
        {
            return WebhookProblems.NotFound(webhook).ToResult();
        }

        DateTimeOffset now = time.GetDatabaseNow();
        var entry = AuditEntry.Of(AuditActor.Of(context), AuditActions.WebhookTest, now, $"webhook/{row.Name}", dataset: null);
        await audit.WriteAloneAsync([entry], cancellationToken);
        var id = Guid.NewGuid();
        EventView test = new(
            "1.0", id, "/v1/webhooks/" + row.Name, EventTypes.WebhookTest, "webhook/" + row.Name, now.UtcDateTime, "application/json", Dataset: null, Position: null,
            new JsonObject { ["webhook"] = row.Name });
        SendResult result = await client.SendAsync(row, id, test.ToJson(), cancellationToken);
        return TypedResults.Ok(new DeliveryResult(result.IsDelivered, result.Status, result.Milliseconds, result.Error, result.Answer));
    }

    /// <summary>No proxy and no browser keeps an answer with a secret.</summary>
    private static WebhookView Show(HttpContext context, WebhookChange change, TimeProvider time)
    {
        context.Response.Headers.CacheControl = "no-store";
        return WebhookView.Of(change.Row, Now(time), change.Secret is { } secret ? WebhookSignature.Show(secret) : null);
    }

    private static DateTime Now(TimeProvider time) => time.GetUtcNow().UtcDateTime;
}
