using NATS.Client.JetStream.Models;

namespace PipelineService.Sources.Queues;

/// <summary>What our consumer of a JetStream stream is to be.</summary>
internal static class NatsReader
{
    /// <summary>The server lets go of it when we are gone for so long.</summary>
    private static readonly TimeSpan IdleMax = TimeSpan.FromMinutes(5);

    /// <summary>Nothing is sent again meanwhile; a reader that was lost is followed by one that makes it anew.</summary>
    private static readonly TimeSpan AckMax = TimeSpan.FromHours(1);

    /// <param name="after">The number of the last message that it need not send.</param>
    /// <param name="acknowledges">Whether the stream is a work queue.</param>
    public static ConsumerConfig Of(QueueSettings settings, string name, ulong after, bool acknowledges)
    {
        // A work queue has what was not taken and nothing else, and lets a reader begin nowhere but there.
        bool isFromStart = acknowledges || after == 0;
        return new ConsumerConfig
        {
            Name = name,
            Description = "Reads for a source of the pipeline service, which knows by itself how far it is.",
            AckPolicy = acknowledges ? ConsumerConfigAckPolicy.Explicit : ConsumerConfigAckPolicy.None,
            AckWait = acknowledges ? AckMax : TimeSpan.Zero,
            MaxAckPending = acknowledges ? settings.Messages + NatsLog.PullMax : 0,
            DeliverPolicy = isFromStart ? ConsumerConfigDeliverPolicy.All : ConsumerConfigDeliverPolicy.ByStartSequence,
            OptStartSeq = isFromStart ? 0 : after + 1,
            FilterSubject = settings.Subject,
            InactiveThreshold = IdleMax,
            MemStorage = true,
            NumReplicas = 1,
        };
    }
}
