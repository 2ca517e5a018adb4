using PipelineService.Core.Rules;
using PipelineService.Hosting.Http;

namespace PipelineService.Events.Webhooks;

/// <summary>Every problem that the calls on webhooks answer with.</summary>
internal static class WebhookProblems
{
    public static Problem NotFound(string name) => new()
    {
        Code = "webhook_not_found",
        Status = StatusCodes.Status404NotFound,
        Title = "There is no such webhook.",
        Detail = $"No webhook is called \"{Excerpt.Of(name)}\". GET /v1/webhooks lists them.",
    };

    public static Problem DeliveryNotFound(string id) => new()
    {
        Code = "delivery_not_found",
        Status = StatusCodes.Status404NotFound,
        Title = "There is no such delivery.",
        Detail = $"No delivery of the webhook has the id \"{Excerpt.Of(id)}\". They are kept as long as events (Events:Keep).",
    };

    public static Problem Invalid(IReadOnlyDictionary<string, string[]> errors) => new()
    {
        Code = "invalid_webhook",
        Status = StatusCodes.Status400BadRequest,
        Title = "There can be no such webhook.",
        Detail = "All faults are listed; nothing was changed.",
        Errors = errors,
    };

    public static Problem NameTaken(string name) => new()
    {
        Code = "webhook_name_taken",
        Status = StatusCodes.Status409Conflict,
        Title = "The name of the webhook is taken.",
        Detail = $"Somebody else has a webhook called \"{Excerpt.Of(name)}\": names are unique in the service. Choose another, for example "
            + "with a beginning of your own.",
    };

    public static Problem TooMany(int max) => new()
    {
        Code = "too_many_webhooks",
        Status = StatusCodes.Status409Conflict,
        Title = "There are as many webhooks as may be.",
        Detail = $"There are {max} of them (Events:WebhooksMax). Delete those that nobody needs.",
    };
}
