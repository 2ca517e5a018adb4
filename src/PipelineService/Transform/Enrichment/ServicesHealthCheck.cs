using Microsoft.Extensions.Diagnostics.HealthChecks;
using PipelineService.Core.Rules;

namespace PipelineService.Transform.Enrichment;

/// <summary>
/// Whether the services answer that were asked last. One that does not is no reason to send uploads elsewhere: jobs that need it wait, and
/// all others get on. So the service stays ready, and says that it is degraded.
/// </summary>
public sealed class ServicesHealthCheck(ServiceClients clients) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        string[] away =
        [
            .. clients.All.Select(client => (client.Name, client.Circuit.Fault))
                .Where(client => client.Fault != RecordErrorCode.None)
                .Select(client => $"{client.Name} ({RecordErrorCodes.NameOf(client.Fault)})"),
        ];
        return Task.FromResult(away.Length == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Degraded($"No answer from {string.Join(", ", away)}: jobs that need one wait."));
    }
}
