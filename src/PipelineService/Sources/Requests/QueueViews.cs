using PipelineService.Datasets.Definitions;
using PipelineService.Sources.Queues;

namespace PipelineService.Sources.Requests;

/// <summary>A stream whose messages are taken, each once.</summary>
/// <param name="Broker">Which of the brokers that the service is told of (<c>Sources:Brokers</c>).</param>
/// <param name="Stream">Its name there: of a JetStream stream, or of a queue of RabbitMQ that is a stream.</param>
/// <param name="Subject">NATS: of which subject; null: of all.</param>
/// <param name="From">The number of the first message that is taken; null: the first that is there.</param>
/// <param name="Messages">How many become one upload at most.</param>
/// <param name="Bytes">How many bytes they have at most, but a single one.</param>
/// <param name="Wait">How long others are waited for when one has come.</param>
/// <param name="Position">
/// The number of the last message that was taken: the sequence of a JetStream stream, the offset of a stream of RabbitMQ; null: none was.
/// </param>
public sealed record QueueView(
    string Broker, string Stream, string? Subject, long? From, int Messages, int Bytes, string Wait, long? Position)
{
    internal static QueueView Of(QueueSettings settings, long? position) => new(
        settings.Broker, settings.Stream, settings.Subject, settings.From, settings.Messages, settings.Bytes,
        DurationText.Format(settings.Wait), position);
}

/// <summary>A stream whose messages are to be taken.</summary>
/// <param name="Broker">Which of the brokers that the service is told of (<c>Sources:Brokers</c>).</param>
/// <param name="Stream">Its name there: of a JetStream stream, or of a queue of RabbitMQ that is a stream.</param>
/// <param name="Subject">NATS: of which subject, also with wildcards; left out: of all.</param>
/// <param name="From">The number of the first message that is taken; left out: the first that is there.</param>
/// <param name="Messages">How many become one upload at most, 1 to 100,000; left out: 10,000.</param>
/// <param name="Bytes">How many bytes they have at most, 1 KiB to 16 MiB; left out: 4 MiB. A single one may have more.</param>
/// <param name="Wait">How long others are waited for when one has come, at most <c>PT1M</c>; left out: <c>PT1S</c>.</param>
public sealed record QueueRequest(
    string Broker, string Stream, string? Subject = null, long? From = null, int? Messages = null, int? Bytes = null, string? Wait = null);
