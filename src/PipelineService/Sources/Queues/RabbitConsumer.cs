using System.Threading.Channels;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace PipelineService.Sources.Queues;

/// <summary>A message of a stream, and by what it is acknowledged.</summary>
internal readonly record struct RabbitDelivery(ulong Tag, LogMessage Message);

/// <summary>
/// Takes over what the broker sends, of which there is no more on its way than was asked for. What ends the sending is told to whoever
/// reads.
/// </summary>
internal sealed class RabbitConsumer(IChannel channel, ChannelWriter<RabbitDelivery> deliveries) : AsyncDefaultBasicConsumer(channel)
{
    private const string OffsetHeader = "x-stream-offset";

    public static SourceFaultException IsNoStream(Exception? cause = null) => new(
        "The queue is no stream (x-queue-type: stream): its messages have no numbers, by which each can be taken once. Declare a stream, "
        + "and bind it to the exchanges that the queue is bound to; the queue can stay.",
        cause);

    public override async Task HandleBasicDeliverAsync(
        string consumerTag, ulong deliveryTag, bool redelivered, string exchange, string routingKey, IReadOnlyBasicProperties properties,
        ReadOnlyMemory<byte> body, CancellationToken cancellationToken = default)
    {
        if (properties.Headers is not { } headers || !headers.TryGetValue(OffsetHeader, out object? offset) || offset is not long number)
        {
            deliveries.TryComplete(IsNoStream());
            return;
        }

        DateTimeOffset? at = properties.IsTimestampPresent() ? TimeOf(properties.Timestamp.UnixTime) : null;
        LogMessage message = new(number, body.ToArray(), at); // the memory is the client's
        if (!deliveries.TryWrite(new RabbitDelivery(deliveryTag, message)))
        {
            await deliveries.WriteAsync(new RabbitDelivery(deliveryTag, message), cancellationToken);
        }
    }

    public override Task HandleBasicCancelAsync(string consumerTag, CancellationToken cancellationToken = default)
    {
        deliveries.TryComplete(new SourceFaultException("The broker sends no more: the stream was deleted, or moves to another server."));
        return base.HandleBasicCancelAsync(consumerTag, cancellationToken);
    }

    public override Task HandleChannelShutdownAsync(object channel, ShutdownEventArgs reason)
    {
        deliveries.TryComplete(new SourceFaultException($"The broker sends no more: {reason.ReplyText}"));
        return base.HandleChannelShutdownAsync(channel, reason);
    }

    /// <summary>What senders write there; not all know the unit.</summary>
    private static DateTimeOffset? TimeOf(long seconds) =>
        seconds is > 0 and < 32_503_680_000 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
}
