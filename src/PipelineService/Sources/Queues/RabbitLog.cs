using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Threading.Channels;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace PipelineService.Sources.Queues;

/// <summary>
/// A queue of RabbitMQ that is a stream (<c>x-queue-type: stream</c>): its messages stay where they are and have offsets, which no other
/// kind of queue has. Acknowledging only asks for more. Nothing tells a stream from one that was made in its place, so the last message that
/// was taken is read again and compared.
/// </summary>
internal sealed class RabbitLog : IMessageLog
{
    /// <summary>Messages on their way to us.</summary>
    private const ushort PrefetchMax = 256;

    private const string AtFirst = "first";

    private const string OffsetArgument = "x-stream-offset";
    private const string TypeArgument = "x-queue-type";

    /// <summary>How long the number of the first message is taken for what it was.</summary>
    private static readonly TimeSpan FirstAgeMax = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan CloseMax = TimeSpan.FromSeconds(2);

    private readonly BrokerOptions _broker;
    private readonly string _queue;
    private readonly Channel<RabbitDelivery> _deliveries = Channel.CreateBounded<RabbitDelivery>(PrefetchMax * 4);
    private IConnection? _connection;
    private IChannel _channel = null!;
    private RabbitDelivery? _peeked;
    private long _first;
    private long? _firstFoundAt;

    private RabbitLog(BrokerOptions broker, string queue) => (_broker, _queue) = (broker, queue);

    public long FirstKept { get; private set; }

    /// <param name="reader">What our connection is called.</param>
    /// <exception cref="SourceFaultException">The broker does not let us in, or has no such stream.</exception>
    public static async Task<RabbitLog> OpenAsync(
        BrokerOptions broker, QueueSettings settings, string reader, LogPosition? at, CancellationToken cancellationToken)
    {
        RabbitLog log = new(broker, settings.Stream);
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

    /// <summary>The digest of the message, with its offset.</summary>
    public string? MarkOf(LogMessage? last)
    {
        if (last is not { } message)
        {
            return null;
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(number, message.Number);
        hash.AppendData(number);
        hash.AppendData(message.Body.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 16));
    }

    public Task<IReadOnlyList<LogMessage>> ReadAsync(int max, TimeSpan wait, CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            List<LogMessage> read = [];
            ulong last = 0;
            bool isThere = _peeked is not null || _deliveries.Reader.TryPeek(out _) || await WaitAsync(_deliveries.Reader, wait, token);
            while (isThere && read.Count < max && TryTake(out RabbitDelivery delivery))
            {
                read.Add(delivery.Message);
                last = delivery.Tag;
            }

            if (last > 0)
            {
                await _channel.BasicAckAsync(last, multiple: true, token);
            }

            return (IReadOnlyList<LogMessage>)read;
        },
        cancellationToken);

    public Task DoneAsync(long until, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>About: the broker counts what is in the stream, some seconds late.</summary>
    public Task<long> CountUnreadAsync(long? after, CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            long count = await _channel.MessageCountAsync(_queue, token);
            if (count == 0 || after is not { } last)
            {
                return count;
            }

            if (_firstFoundAt is not { } found || TimeProvider.System.GetElapsedTime(found) > FirstAgeMax)
            {
                (_first, _firstFoundAt) = (await FindFirstAsync(token) ?? _first, TimeProvider.System.GetTimestamp());
            }

            return Math.Max(_deliveries.Reader.Count, _first + count - 1 - last);
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.CloseAsync(Constants.ReplySuccess, "", CloseMax, abort: true, CancellationToken.None);
            if (_channel is not null)
            {
                await _channel.DisposeAsync();
            }

            await _connection.DisposeAsync();
        }
    }

    private Task<bool> OpenAsync(QueueSettings settings, string reader, LogPosition? at, CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            _connection = await RabbitConnection.OpenAsync(_broker, reader, token);
            await RefuseOthersAsync(token);
            _channel = await _connection.CreateChannelAsync(cancellationToken: token);
            await _channel.BasicQosAsync(prefetchSize: 0, PrefetchMax, global: false, token);
            object offset = at is null ? settings.From ?? (object)AtFirst : at.Mark is null ? at.Number + 1 : at.Number;
            await ConsumeAsync(_channel, offset, _deliveries.Writer, token);
            if (at is { Mark: not null })
            {
                await CompareAsync(at, token);
            }

            return true;
        },
        cancellationToken);

    /// <summary>
    /// Declares it as it should be: what is there and is another kind of queue is refused by the broker. What is not there is not made.
    /// </summary>
    private async Task RefuseOthersAsync(CancellationToken cancellationToken)
    {
        await using (IChannel channel = await _connection!.CreateChannelAsync(cancellationToken: cancellationToken))
        {
            await channel.QueueDeclarePassiveAsync(_queue, cancellationToken);
        }

        await using IChannel other = await _connection.CreateChannelAsync(cancellationToken: cancellationToken);
        try
        {
            await other.QueueDeclareAsync(
                _queue, durable: true, exclusive: false, autoDelete: false,
                new Dictionary<string, object?> { [TypeArgument] = "stream" }, cancellationToken: cancellationToken);
        }
        catch (OperationInterruptedException e) when (e.ShutdownReason?.ReplyText.Contains(TypeArgument, StringComparison.Ordinal) == true)
        {
            throw RabbitConsumer.IsNoStream(e);
        }
        catch (OperationInterruptedException)
        {
            // It differs in something else, such as its bounds, or we may not declare it: its messages show what it is.
        }
    }

    /// <summary>The first message must be the last that was taken, unless the stream has dropped that since.</summary>
    private async Task CompareAsync(LogPosition at, CancellationToken cancellationToken)
    {
        if (!await WaitAsync(_deliveries.Reader, _broker.Timeout, cancellationToken) || !_deliveries.Reader.TryRead(out RabbitDelivery first)
            || first.Message.Number < at.Number)
        {
            throw MessageLogs.MadeAnew(at.Number);
        }

        FirstKept = first.Message.Number;
        if (first.Message.Number > at.Number)
        {
            _peeked = first;
            return;
        }

        if (MarkOf(first.Message) != at.Mark)
        {
            throw MessageLogs.MadeAnew(at.Number);
        }

        await _channel.BasicAckAsync(first.Tag, multiple: false, cancellationToken);
    }

    /// <summary>The number of the first message that is still there.</summary>
    private async Task<long?> FindFirstAsync(CancellationToken cancellationToken)
    {
        var one = Channel.CreateBounded<RabbitDelivery>(
            new BoundedChannelOptions(capacity: 1) { FullMode = BoundedChannelFullMode.DropWrite });
        await using IChannel channel = await _connection!.CreateChannelAsync(cancellationToken: cancellationToken);
        await channel.BasicQosAsync(prefetchSize: 0, prefetchCount: 1, global: false, cancellationToken);
        await ConsumeAsync(channel, AtFirst, one.Writer, cancellationToken);
        return await WaitAsync(one.Reader, _broker.Timeout, cancellationToken) && one.Reader.TryRead(out RabbitDelivery first)
            ? first.Message.Number
            : null;
    }

    private Task<string> ConsumeAsync(
        IChannel channel, object offset, ChannelWriter<RabbitDelivery> deliveries, CancellationToken cancellationToken) =>
        channel.BasicConsumeAsync(
            _queue, autoAck: false, consumerTag: "", noLocal: false, exclusive: false,
            new Dictionary<string, object?> { [OffsetArgument] = offset }, new RabbitConsumer(channel, deliveries), cancellationToken);

    private bool TryTake(out RabbitDelivery delivery)
    {
        if (_peeked is { } peeked)
        {
            (delivery, _peeked) = (peeked, null);
            return true;
        }

        return _deliveries.Reader.TryRead(out delivery);
    }

    /// <returns>False when nothing has come in this time.</returns>
    private static async Task<bool> WaitAsync(
        ChannelReader<RabbitDelivery> deliveries, TimeSpan wait, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(wait);
        try
        {
            return await deliveries.WaitToReadAsync(end.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask(cancellationToken);
        }
        catch (OperationInterruptedException e)
        {
            throw MessageLogs.Refused(_broker, e.ShutdownReason?.ReplyText ?? e.Message, e);
        }
        catch (Exception e) when (e is RabbitMQClientException or IOException or TimeoutException or ObjectDisposedException
            or System.Net.Sockets.SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw MessageLogs.Unreachable(
                _broker, e is OperationCanceledException ? "it does not answer." : (e.InnerException ?? e).Message, e);
        }
    }
}
