using Microsoft.Extensions.Options;
using PipelineService.Access.Keys;
using PipelineService.Access.Tokens;

namespace PipelineService.Access;

/// <summary>
/// For answers that last: whether whoever asked may still have them, since keys are revoked, and tokens end. As <see cref="AccessGate"/>
/// judges, from the same request.
/// </summary>
internal sealed class CallerAgain(KeyRing keys, TokenReader tokens, IOptions<AccessOptions> options)
{
    /// <returns>Who sends the request, as of now; null when nobody lets them in any more.</returns>
    public async ValueTask<Caller?> FindAsync(HttpContext context, CancellationToken cancellationToken)
    {
        Caller caller = context.GetCaller();
        switch (caller.Kind)
        {
            case CallerKind.Key:
                return keys.Judge(Credentials.Of(context.Request.Headers).Text, out Caller? holder) == KeyVerdict.Good ? holder : null;
            case CallerKind.Token:
                string token = Credentials.Of(context.Request.Headers).Text.ToString();
                return (await tokens.ReadAsync(token, cancellationToken)).Caller;
            case CallerKind.Anonymous:
                return options.Value.AlwaysTakesCredentials || keys.HasAny ? null : caller;
            default:
                return caller; // the key of the configuration lasts as long as the process
        }
    }
}
