namespace PipelineService.Sources.Queues;

/// <summary>A message of a log.</summary>
/// <param name="Number">Its place in the log: later ones have larger numbers, with gaps between them.</param>
/// <param name="At">When it came there; null where the broker does not tell.</param>
internal readonly record struct LogMessage(long Number, ReadOnlyMemory<byte> Body, DateTimeOffset? At);

/// <summary>How far a log was taken.</summary>
/// <param name="Number">Of the last message that was.</param>
/// <param name="Mark">
/// What it is known by that it is this log, and not one that was made in its place; null where that is not known.
/// </param>
internal sealed record LogPosition(long Number, string? Mark);

/// <summary>
/// A log of messages that a broker keeps, opened behind a position: a JetStream stream or a stream of RabbitMQ. It knows nothing of what
/// was taken, and no database; what it does when something goes wrong is to throw, and to be opened anew at what is written down.
/// </summary>
internal interface IMessageLog : IAsyncDisposable
{
    /// <summary>The number of the first message that the broker still had when it was opened; 0 where that is not known.</summary>
    long FirstKept { get; }

    /// <summary>By what the log is known, as long as this is the last message that was taken of it.</summary>
    /// <param name="last">Null where that is gone.</param>
    string? MarkOf(LogMessage? last);

    /// <summary>The next messages in their order, as soon as there are some.</summary>
    /// <param name="max">How many at most.</param>
    /// <param name="wait">How long they are waited for; zero: those that are there.</param>
    /// <returns>None when none has come in that time.</returns>
    /// <exception cref="SourceFaultException">They cannot be read now, or some were lost on their way.</exception>
    Task<IReadOnlyList<LogMessage>> ReadAsync(int max, TimeSpan wait, CancellationToken cancellationToken);

    /// <summary>Messages up to this one were taken: the broker need not keep them for us.</summary>
    /// <exception cref="SourceFaultException">It cannot be told.</exception>
    Task DoneAsync(long until, CancellationToken cancellationToken);

    /// <summary>How many messages there are that were not read; about that, where the broker does not tell exactly.</summary>
    /// <param name="after">The number of the last that was.</param>
    /// <exception cref="SourceFaultException">It does not say, or some were lost on their way.</exception>
    Task<long> CountUnreadAsync(long? after, CancellationToken cancellationToken);
}
