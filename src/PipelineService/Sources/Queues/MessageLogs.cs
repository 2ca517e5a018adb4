using System.Globalization;
using Microsoft.Extensions.Options;
using PipelineService.Core.Rules;

namespace PipelineService.Sources.Queues;

/// <summary>Opens the logs of sources, at the brokers that the configuration names.</summary>
internal class MessageLogs(IOptions<SourcesOptions> options)
{
    private const int FaultShownMax = 300;

    /// <param name="at">How far it was taken; null: nothing was.</param>
    /// <exception cref="SourceFaultException">
    /// The configuration has no such broker or keeps the stream from sources, or the broker does not let us in, or what is there is not what
    /// was taken from.
    /// </exception>
    public virtual async Task<IMessageLog> OpenAsync(
        Guid source, QueueSettings settings, LogPosition? at, CancellationToken cancellationToken)
    {
        if (!options.Value.Brokers.TryGetValue(settings.Broker, out BrokerOptions? broker))
        {
            throw new SourceFaultException($"The service has no broker that is called \"{settings.Broker}\" (Sources:Brokers).");
        }

        if (broker.Streams.Count > 0 && !broker.Streams.Contains(settings.Stream))
        {
            throw new SourceFaultException(
                $"The stream \"{settings.Stream}\" is none that sources may be of (Sources:Brokers:{settings.Broker}:Streams).");
        }

        string reader = $"pipeline-{source:N}";
        return broker.IsRabbit
            ? await RabbitLog.OpenAsync(broker, settings, reader, at, cancellationToken)
            : await NatsLog.OpenAsync(broker, settings, reader, at, cancellationToken);
    }

    public static SourceFaultException Unreachable(BrokerOptions broker, string reason, Exception cause) =>
        new($"The broker {broker.Address!.Host} cannot be reached: {Excerpt.Of(reason, FaultShownMax)}", cause);

    public static SourceFaultException Refused(BrokerOptions broker, string reason, Exception cause) =>
        new($"The broker {broker.Address!.Host} answers: {Excerpt.Of(reason, FaultShownMax)}", cause);

    /// <summary>What is called so is not what was taken from: which of its messages were taken cannot be known.</summary>
    public static SourceFaultException MadeAnew(long number) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"The stream is not the one whose message {number} was taken last: it was deleted and made anew, or restored. Delete the source, and "
        + $"declare it again, with \"from\" where it is not to begin with the first message."));
}
