using System.Text.Json.Serialization;

namespace PipelineService.Sources.Queues;

/// <summary>A stream of messages, as it is stored.</summary>
/// <param name="Broker">Which of <c>Sources:Brokers</c> it is at.</param>
/// <param name="Stream">Its name there: of a JetStream stream, or of a queue of the type <c>stream</c>.</param>
/// <param name="Subject">NATS: of which subject messages are taken; null: of all.</param>
/// <param name="From">The number of the first message that is taken; null: the first that is there.</param>
/// <param name="Messages">How many become one upload at most.</param>
/// <param name="Bytes">How many bytes they have at most, but a single one.</param>
/// <param name="Wait">How long others are waited for when one has come.</param>
internal sealed record QueueSettings(string Broker, string Stream, string? Subject, long? From, int Messages, int Bytes, TimeSpan Wait)
{
    public const int MessagesDefault = 10_000;
    public const int MessagesMax = 100_000;
    public const int BytesDefault = 4 << 20;
    public const int BytesMin = 1 << 10;
    public const int BytesMax = 16 << 20;

    public static readonly TimeSpan WaitDefault = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan WaitMax = TimeSpan.FromMinutes(1);

    /// <summary>Two sources with the same place would take the same messages.</summary>
    [JsonIgnore]
    public string Place => Subject is null ? $"{Broker}/{Stream}" : $"{Broker}/{Stream}/{Subject}";
}
