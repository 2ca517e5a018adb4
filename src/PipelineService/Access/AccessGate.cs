using Microsoft.Extensions.Options;
using PipelineService.Access.Keys;
using PipelineService.Access.Tokens;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Telemetry;
using Serilog;

namespace PipelineService.Access;

/// <summary>
/// Stands before every call: 1. finds out who sends the request, 2. whether they have the scope that the call takes
/// (<see cref="AccessPolicy"/>), and 3. leaves the <see cref="Caller"/> for those who know whose what is: what the caller may not see is
/// not there (404). Asks no database: keys lie in memory.
/// </summary>
internal sealed class AccessGate(
    RequestDelegate next, KeyRing keys, AdminKey adminKey, TokenReader tokens, IOptions<AccessOptions> options,
    IDiagnosticContext requestLine)
{
    private readonly AccessOptions _options = options.Value;

    public Task InvokeAsync(HttpContext context)
    {
        Endpoint? endpoint = context.GetEndpoint();
        AccessPolicy? policy = endpoint?.Metadata.GetMetadata<AccessPolicy>();
        if (policy is null)
        {
            // What routing answers by itself, 404 and 405, tells nothing that the public document does not.
            return endpoint is not RouteEndpoint ? next(context)
                : throw new InvalidOperationException($"{endpoint.DisplayName} does not say who may call it.");
        }

        var sent = Credentials.Of(context.Request.Headers);
        if (sent.Problem is { } problem)
        {
            return AdmitAsync(context, policy, problem);
        }

        if (sent.Text.IsEmpty)
        {
            return AdmitAnonymousAsync(context, policy);
        }

        KeyVerdict verdict = keys.Judge(sent.Text, out Caller? caller);
        return verdict switch
        {
            KeyVerdict.Good => AdmitAsync(context, policy, caller!),
            KeyVerdict.Expired => AdmitAsync(context, policy, AccessProblems.Expired),
            _ when verdict == KeyVerdict.NotAKey && adminKey.IsGiven(sent.Text) => AdmitAsync(context, policy, AdminKey.Caller),
            KeyVerdict.NotAKey => tokens.IsToken(sent.Text)
                ? AdmitTokenAsync(context, policy, sent.Text.ToString())
                : AdmitAsync(context, policy, AccessProblems.BadCredential),
            _ => AdmitUnknownKeyAsync(context, policy, sent.Text.ToString()),
        };
    }

    private Task AdmitAnonymousAsync(HttpContext context, AccessPolicy policy)
    {
        if (_options.AlwaysTakesCredentials || keys.HasAny)
        {
            return AdmitAsync(context, policy, AccessProblems.NoCredential);
        }

        // Before the database was reached there may be keys that nobody knows of, but neither is there any data to be had: from
        // here the reason of every 503 may be read.
        return LocalRequests.IsLocal(context) ? AdmitAsync(context, policy, Caller.Anonymous)
            : !_options.AllowAnonymous ? AdmitAsync(context, policy, AccessProblems.LoopbackOnly)
            : keys.IsLoaded ? AdmitAsync(context, policy, Caller.Anonymous)
            : AdmitAsync(context, policy, KeyProblems.NotAtHand);
    }

    private async Task AdmitTokenAsync(HttpContext context, AccessPolicy policy, string token)
    {
        (Caller? caller, Problem? problem) = await tokens.ReadAsync(token, context.RequestAborted);
        await (caller is null ? AdmitAsync(context, policy, problem!) : AdmitAsync(context, policy, caller));
    }

    /// <summary>It may have been made elsewhere a moment ago.</summary>
    private async Task AdmitUnknownKeyAsync(HttpContext context, AccessPolicy policy, string key)
    {
        bool isKnown = await keys.LookForUnknownAsync(context.RequestAborted);
        await (keys.Judge(key, out Caller? caller) == KeyVerdict.Good ? AdmitAsync(context, policy, caller!)
            : AdmitAsync(context, policy, isKnown ? AccessProblems.BadCredential : KeyProblems.NotAtHand));
    }

    /// <summary>To what is open, and tells nothing, they may come all the same.</summary>
    private Task AdmitAsync(HttpContext context, AccessPolicy policy, Problem problem) =>
        IsOpen(policy) ? next(context) : RefuseAsync(context, problem);

    private Task AdmitAsync(HttpContext context, AccessPolicy policy, Caller caller)
    {
        if (caller.Kind != CallerKind.Anonymous)
        {
            requestLine.Set("Caller", LogScopes.OneLine(caller.Actor));
        }

        if (!IsOpen(policy))
        {
            if (!caller.Has(policy.Scope!.Value))
            {
                return RefuseAsync(context, AccessProblems.MissingScope(policy.Scope.Value));
            }

            if (policy.Subject is AccessSubject.Service or AccessSubject.Metrics && (caller.IsLimited || caller.Source is not null))
            {
                return RefuseAsync(context, AccessProblems.Limited);
            }
        }

        context.Features.Set(caller);
        context.Features.Set(Insider.Instance);
        return next(context);
    }

    private bool IsOpen(AccessPolicy policy) =>
        policy.Scope is null || (policy.Subject == AccessSubject.Metrics && _options.OpenMetrics);

    private static Task RefuseAsync(HttpContext context, Problem problem) => problem.ToResult().ExecuteAsync(context);
}
