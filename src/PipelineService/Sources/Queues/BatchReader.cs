namespace PipelineService.Sources.Queues;

/// <summary>
/// Puts the messages of a log together, up to a count, to bytes and to a time, in their order and each once. What was read and does not fit
/// is the beginning of the next batch; no more is read ahead than the log gives in one go.
/// </summary>
internal sealed class BatchReader(IMessageLog log, long? after, TimeProvider time)
{
    /// <summary>
    /// How long the next message is waited for at least while the log is known to have it: no longer than it is on its way, and never for one
    /// that is not there. Else a batch would be what the broker has sent so far, a few hundred messages, however many there are.
    /// </summary>
    private static readonly TimeSpan KnownWaitMin = TimeSpan.FromMilliseconds(250);

    private readonly Queue<LogMessage> _ahead = [];
    private long _last = after ?? long.MinValue;

    /// <summary>The number of the last message that was read, whether it is in a batch or not; null when none was.</summary>
    public long? LastRead => _last == long.MinValue ? null : _last;

    /// <summary>Messages that the log had when it was asked last, and that were not read since.</summary>
    public long Known { get; set; }

    /// <summary>Messages that were read and are in no batch.</summary>
    public int Ahead => _ahead.Count;

    /// <summary>When the last that is in a batch came, or the first that is in none.</summary>
    public DateTimeOffset? LastAt { get; private set; }

    /// <param name="batch">An empty one.</param>
    /// <param name="messagesMax">How many at most.</param>
    /// <param name="bytesMax">How many bytes at most, but of a single message.</param>
    /// <param name="idle">How long the first is waited for.</param>
    /// <param name="wait">How long others are waited for then.</param>
    /// <exception cref="SourceFaultException">The log cannot be read.</exception>
    public async Task FillAsync(
        MessageBatch batch, int messagesMax, long bytesMax, TimeSpan idle, TimeSpan wait, CancellationToken cancellationToken)
    {
        if (!TryMove(batch, messagesMax, bytesMax))
        {
            return;
        }

        long since = time.GetTimestamp();
        while (batch.Count < messagesMax)
        {
            bool isFirst = batch.Count == 0;
            TimeSpan patience = Known > 0 && wait < KnownWaitMin ? KnownWaitMin : wait;
            TimeSpan left = isFirst ? idle : patience - time.GetElapsedTime(since);
            IReadOnlyList<LogMessage> read =
                await log.ReadAsync(messagesMax - batch.Count, left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken);
            foreach (LogMessage message in read.Where(message => message.Number > _last))
            {
                _ahead.Enqueue(message);
                _last = message.Number;
                Known--;
            }

            bool isRoom = TryMove(batch, messagesMax, bytesMax);
            if (!isRoom || left <= TimeSpan.Zero || (read.Count == 0 && isFirst))
            {
                return;
            }

            since = isFirst && batch.Count > 0 ? time.GetTimestamp() : since;
        }
    }

    /// <returns>False when there is one that does not fit any more.</returns>
    private bool TryMove(MessageBatch batch, int messagesMax, long bytesMax)
    {
        while (_ahead.TryPeek(out LogMessage message))
        {
            if (!batch.TryAdd(message, messagesMax, bytesMax))
            {
                LastAt = message.At;
                return false;
            }

            LastAt = message.At;
            _ahead.Dequeue();
        }

        return true;
    }
}
