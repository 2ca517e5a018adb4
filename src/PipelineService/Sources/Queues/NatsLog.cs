using System.Globalization;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;

namespace PipelineService.Sources.Queues;

/// <summary>
/// A JetStream stream. It is read through a consumer of ours, which is made anew each time behind what was taken: then the order is that of
/// the stream, and nothing that the broker remembers of earlier readers matters. A stream whose limits alone decide what is kept needs no
/// acknowledgements; one that is a work queue gets them when messages are taken, so that it lets go of them.
/// </summary>
internal sealed class NatsLog : IMessageLog
{
    /// <summary>Messages that are asked for at once.</summary>
    public const int PullMax = 500;

    /// <summary>So much is waited for at least: servers and their client know no less.</summary>
    private static readonly TimeSpan WaitMin = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan CloseMax = TimeSpan.FromSeconds(2);

    private readonly NatsConnection _connection;
    private readonly BrokerOptions _broker;
    private readonly CancellationTokenSource _lost = new();
    private readonly Queue<(ulong Number, INatsJSMsg<byte[]> Message)> _unacknowledged = [];
    private NatsJSContext _context = null!;
    private INatsJSConsumer _consumer = null!;
    private string _created = "";
    private bool _acknowledges;
    private ulong _received;
    private ulong _last;
    private ulong _after;

    private NatsLog(BrokerOptions broker)
    {
        _broker = broker;
        _connection = NatsConnections.Make(broker);
        _connection.ConnectionDisconnected += LoseAsync;
    }

    public long FirstKept { get; private set; }

    /// <param name="reader">What our consumer is called.</param>
    /// <exception cref="SourceFaultException">The broker does not let us in, or has no such stream.</exception>
    public static async Task<NatsLog> OpenAsync(
        BrokerOptions broker, QueueSettings settings, string reader, LogPosition? at, CancellationToken cancellationToken)
    {
        NatsLog log = new(broker);
        try
        {
            await log.OpenAsync(settings, reader, at, cancellationToken);
            return log;
        }
        catch
        {
            await log.DisposeAsync();
            throw;
        }
    }

    public string? MarkOf(LogMessage? last) => _created;

    public Task<IReadOnlyList<LogMessage>> ReadAsync(int max, TimeSpan wait, CancellationToken cancellationToken) =>
        AskAsync(token => PullAsync(Math.Min(max, PullMax), wait, token), cancellationToken);

    public Task DoneAsync(long until, CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            while (_unacknowledged.TryPeek(out (ulong Number, INatsJSMsg<byte[]> Message) next) && next.Number <= (ulong)until)
            {
                await next.Message.AckAsync(cancellationToken: token);
                _unacknowledged.Dequeue();
            }

            return true;
        },
        cancellationToken);

    public Task<long> CountUnreadAsync(long? after, CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            await _consumer.RefreshAsync(token);
            return _consumer.Info.Delivered.ConsumerSeq == _received
                ? (long)_consumer.Info.NumPending
                : throw new SourceFaultException("Messages were lost on their way: the stream is read anew.");
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_consumer is not null && !_lost.IsCancellationRequested)
        {
            using CancellationTokenSource end = new(CloseMax);
            try
            {
                await _context.DeleteConsumerAsync(_consumer.Info.StreamName, _consumer.Info.Name, end.Token);
            }
            catch (Exception e) when (e is NatsException or OperationCanceledException)
            {
                // The server lets go of it by itself.
            }
        }

        _connection.ConnectionDisconnected -= LoseAsync;
        await _connection.DisposeAsync();
        _lost.Dispose();
    }

    /// <summary>The client would connect anew by itself, and what was on its way be lost.</summary>
    private ValueTask LoseAsync(object? sender, NatsEventArgs args) => new(_lost.CancelAsync());

    private Task<bool> OpenAsync(QueueSettings settings, string reader, LogPosition? at, CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            await _connection.ConnectAsync().AsTask().WaitAsync(_broker.Timeout, TimeProvider.System, token);
            _context = new NatsJSContext(_connection);
            StreamInfo stream = (await _context.GetStreamAsync(settings.Stream, cancellationToken: token)).Info;
            Check(stream, at);
            _acknowledges = stream.Config.Retention == StreamConfigRetention.Workqueue;
            _after = (ulong)(at?.Number ?? Math.Max(0, (settings.From ?? 1) - 1));
            FirstKept = (long)stream.State.FirstSeq;
            await DeleteReaderAsync(settings.Stream, reader, token);
            _consumer = await _context.CreateOrUpdateConsumerAsync(
                settings.Stream, NatsReader.Of(settings, reader, _after, _acknowledges), token);
            return true;
        },
        cancellationToken);

    /// <summary>Whether it is the stream whose position is known, and one that keeps what is not taken.</summary>
    private void Check(StreamInfo stream, LogPosition? at)
    {
        _created = stream.Created.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
        if (stream.Config.Retention == StreamConfigRetention.Interest)
        {
            throw new SourceFaultException(
                "The stream keeps messages only as long as its consumers want them (retention \"interest\"), and so loses those that come "
                + "while nobody reads. Let another with \"limits\" take them from it, and make the source of that.");
        }

        if (at is not null && (at.Mark != _created || stream.State.LastSeq < (ulong)at.Number))
        {
            throw MessageLogs.MadeAnew(at.Number);
        }
    }

    private async Task DeleteReaderAsync(string stream, string reader, CancellationToken cancellationToken)
    {
        try
        {
            await _context.DeleteConsumerAsync(stream, reader, cancellationToken);
        }
        catch (NatsJSApiException e) when (e.Error.Code == StatusCodes.Status404NotFound)
        {
            // It is what there should be.
        }
    }

    private async Task<IReadOnlyList<LogMessage>> PullAsync(int max, TimeSpan wait, CancellationToken cancellationToken)
    {
        List<LogMessage> read = [];
        NatsJSFetchOpts those = new() { MaxMsgs = max, Expires = _broker.Timeout };
        await foreach (INatsJSMsg<byte[]> message in _consumer.FetchNoWaitAsync<byte[]>(those, cancellationToken: cancellationToken))
        {
            await ReceiveAsync(message, read, cancellationToken);
        }

        if (read.Count == 0 && wait > TimeSpan.Zero)
        {
            NatsJSNextOpts next = new() { Expires = wait > WaitMin ? wait : WaitMin };
            long since = TimeProvider.System.GetTimestamp();
            if (await _consumer.NextAsync<byte[]>(opts: next, cancellationToken: cancellationToken) is { } message)
            {
                await ReceiveAsync(message, read, cancellationToken);
            }
            else if (TimeProvider.System.GetElapsedTime(since) < WaitMin / 2)
            {
                await Task.Delay(WaitMin, TimeProvider.System, cancellationToken); // a server that has no time does not wait, either
            }
        }

        return read;
    }

    /// <summary>The consumer counts what it sends: one that is missing, or is sent again, ends the reading.</summary>
    private async Task ReceiveAsync(INatsJSMsg<byte[]> message, List<LogMessage> read, CancellationToken cancellationToken)
    {
        NatsJSMsgMetadata about = message.Metadata ?? throw new SourceFaultException("The broker has sent a message without its number.");
        if (about.Sequence.Consumer != _received + 1 || about.Sequence.Stream <= _last)
        {
            throw new SourceFaultException("Messages were lost on their way, or sent again: the stream is read anew.");
        }

        (_received, _last) = (about.Sequence.Consumer, about.Sequence.Stream);
        if (_last <= _after)
        {
            if (_acknowledges)
            {
                await message.AckAsync(cancellationToken: cancellationToken); // taken, by a reader that did not come to tell
            }

            return;
        }

        read.Add(new LogMessage((long)_last, message.Data ?? [], about.Timestamp));
        if (_acknowledges)
        {
            _unacknowledged.Enqueue((_last, message));
        }
    }

    /// <summary>Asks the broker, until it answers or the connection is lost.</summary>
    private async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _lost.Token);
        try
        {
            T answer = await ask(end.Token);
            return _lost.IsCancellationRequested ? throw new SourceFaultException("The connection to the broker was lost.") : answer;
        }
        catch (NatsJSApiException e)
        {
            throw MessageLogs.Refused(_broker, e.Error.Description ?? e.Message, e);
        }
        catch (Exception e) when (e is NatsException or IOException or TimeoutException or ObjectDisposedException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            string reason = _lost.IsCancellationRequested ? "the connection was lost."
                : e is OperationCanceledException ? "it does not answer."
                : e.Message;
            throw MessageLogs.Unreachable(_broker, reason, e);
        }
    }
}
