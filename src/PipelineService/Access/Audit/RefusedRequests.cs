using PipelineService.Hosting.Http;

namespace PipelineService.Access.Audit;

/// <summary>
/// Tells the audit of requests that were refused: for want of a right, whatever was asked for; and an action that is audited because
/// the thing is not, or no more, as the client thought. What is wrong with a request in itself, or with a body, is no matter of who may
/// do what, and is counted elsewhere.
/// </summary>
internal sealed class RefusedRequests(RequestDelegate next, AuditRefusals refusals)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        string? hidden = context.Features.Get<HiddenRefusal>()?.Code;
        AuditAction? action = context.GetEndpoint()?.Metadata.GetMetadata<AuditAction>();
        if (hidden is not null || IsOfRights(context.Response.StatusCode) || (action is not null && IsOfState(context.Response.StatusCode)))
        {
            refusals.Tell(
                context, action ?? AuditActions.Read, context.Response.StatusCode,
                hidden ?? context.Features.Get<AnsweredProblem>()?.Code);
        }
    }

    private static bool IsOfRights(int status) => status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden;

    private static bool IsOfState(int status) => status is StatusCodes.Status409Conflict or StatusCodes.Status412PreconditionFailed;
}

/// <summary>
/// On a request that was refused for want of a right and is answered as if the thing were not there: the audit is told why.
/// </summary>
internal sealed record HiddenRefusal(string Code);
