using Microsoft.Extensions.Options;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Enrich;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Transform.Enrichment;

/// <summary>The services that ops may ask, by their names.</summary>
public sealed class ServiceClients : IDisposable
{
    /// <summary>How long a job waits whose service this instance does not know: another may, or the next start.</summary>
    private static readonly TimeSpan UnknownPause = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, ServiceClient> _clients;

    public ServiceClients(IOptions<EnrichOptions> options, EnrichmentMetrics metrics, TimeProvider time) =>
        _clients = options.Value.Services.ToDictionary(
            service => service.Key,
            service => new ServiceClient(
                service.Key,
                service.Value,
                new ServiceTransport(service.Value, SecretOf(service.Value, options.Value), time),
                new ServiceFigures(service.Key, metrics),
                time),
            StringComparer.Ordinal);

    internal IReadOnlyCollection<ServiceClient> All => _clients.Values;

    public void Dispose()
    {
        foreach (ServiceClient client in _clients.Values)
        {
            client.Dispose();
        }
    }

    /// <summary>Adds who asks services to where the ops of a load have their answers from.</summary>
    /// <param name="plan">Of the job's dataset.</param>
    /// <param name="others">Where the others have theirs from.</param>
    /// <param name="hasWaited">
    /// Whether the job has waited for a service before: what is remembered does not do for it, so it begins when the service answers.
    /// </param>
    /// <exception cref="EnrichmentAwaitedException">A service is away that the job must ask, or nobody knows it here.</exception>
    public async Task<ExternalAnswers?> BindAsync(
        RowPlan plan, ExternalAnswers? others, bool hasWaited, CancellationToken cancellationToken)
    {
        if (plan.Services.IsEmpty)
        {
            return others;
        }

        foreach (ServiceUse use in plan.Services.DistinctBy(use => use.Service))
        {
            ServiceClient client = Get(use.Service);
            if (hasWaited && plan.Services.Any(other => other.Service == use.Service && other.Unavailable == OnUnavailable.Wait))
            {
                await client.AwaitAsync(cancellationToken);
            }
        }

        return (others ?? ExternalAnswers.None).With(AskAsync);
    }

    /// <inheritdoc cref="AskService"/>
    /// <exception cref="EnrichmentAwaitedException">There is no answer, and the op waits for one.</exception>
    public Task<IReadOnlyList<ServiceAnswer>> AskAsync(
        ServiceUse use, IReadOnlyList<byte[]> inputs, CancellationToken cancellationToken) =>
        Get(use.Service).AskAsync(use, inputs, cancellationToken);

    private ServiceClient Get(string service) => _clients.GetValueOrDefault(service)
        ?? throw new EnrichmentAwaitedException(service, RecordErrorCode.EnrichmentUnreachable, UnknownPause);

    private static string? SecretOf(ServiceOptions service, EnrichOptions options) =>
        service.Secret is { } name ? options.Secrets?.GetValueOrDefault(name) : null;
}
