using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace PipelineService.Access.Audit;

/// <summary>
/// Whether the chain gets on. Entries are written and nothing is lost while it does not, but until they are linked nobody could tell
/// that one was changed.
/// </summary>
public sealed class AuditHealthCheck(AuditChain chain) : IHealthCheck
{
    /// <summary>Longer than a backlog of a million entries takes.</summary>
    public static readonly TimeSpan BehindMax = TimeSpan.FromMinutes(1);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(chain.Behind > BehindMax
            ? HealthCheckResult.Degraded(
                $"Entries of the audit have been without a link for {chain.Behind.TotalSeconds:0} s, {chain.Unlinked} of them by now. "
                    + "The log says why.")
            : HealthCheckResult.Healthy());
}
