using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Options;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Hosting.Http;

/// <summary>
/// The places that clients' connections have, <see cref="HostingOptions.ClientConnectionsMax"/> of them. When all are taken,
/// a new connection gets the place of the one that has been idle for longest: new and silent, in the middle of a request's
/// head, or between requests. So those who ask for nothing cannot keep out those who do, however many they are. Only when every
/// connection has a request in progress, a new one is refused.
/// </summary>
/// <remarks>
/// The server's own limit knows only how many there are: whoever opens that many sockets and falls silent keeps all others out
/// until the timeouts, and can begin again.
/// </remarks>
internal sealed class ClientConnections(IOptions<HostingOptions> options, TimeProvider time, PipelineMetrics metrics)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Place> _idle = []; // the longest idle first
    private int _taken;

    /// <summary>How many places are taken.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _taken;
            }
        }
    }

    /// <summary>Connection middleware, before TLS and HTTP: a connection from its accept to its end.</summary>
    public async Task HoldAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (!TryTakePlace(connection, out Place? place, out ConnectionContext? displaced))
        {
            metrics.ConnectionRefused();
            connection.Abort(new ConnectionAbortedException("Every connection that is allowed has a request in progress."));
            return;
        }

        if (displaced is not null)
        {
            metrics.ConnectionDisplaced();
            displaced.Abort(new ConnectionAbortedException("It was idle for longest when its place was needed."));
        }

        try
        {
            connection.Features.Set(place);
            if (await HasBegunAsync(connection))
            {
                await next(connection);
            }
        }
        finally
        {
            GiveBack(place);
        }
    }

    /// <summary>Request middleware: a connection that has a request in progress keeps its place.</summary>
    public async Task ServeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Features.Get<Place>() is not { } place)
        {
            await next(context); // not from a socket
        }
        else if (TryBegin(place))
        {
            try
            {
                await next(context);
            }
            finally
            {
                End(place);
            }
        }
        else
        {
            context.Abort(); // it had just lost its place
        }
    }

    /// <summary>
    /// Waits for the first byte. The server would give a new connection as long as one that is kept alive between requests.
    /// </summary>
    private async Task<bool> HasBegunAsync(ConnectionContext connection)
    {
        using CancellationTokenSource silence = new(options.Value.RequestHeadTimeout, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(
            silence.Token,
            connection.ConnectionClosed,
            connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested
                ?? CancellationToken.None);
        try
        {
            ReadResult read = await connection.Transport.Input.ReadAsync(end.Token);
            connection.Transport.Input.AdvanceTo(read.Buffer.Start); // the next read finds it again
            return !read.Buffer.IsEmpty;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            return false;
        }
    }

    private bool TryTakePlace(
        ConnectionContext connection, [NotNullWhen(true)] out Place? place, out ConnectionContext? displaced)
    {
        lock (_lock)
        {
            (place, displaced) = (null, null);
            if (_taken < options.Value.ClientConnectionsMax)
            {
                _taken++;
            }
            else if (_idle.First?.Value is { } longest)
            {
                _idle.RemoveFirst();
                longest.IsLost = true;
                displaced = longest.Connection;
            }
            else
            {
                return false;
            }

            place = new Place(connection);
            _idle.AddLast(place.Node);
            return true;
        }
    }

    private bool TryBegin(Place place)
    {
        lock (_lock)
        {
            if (!place.IsLost && place.Requests++ == 0)
            {
                _idle.Remove(place.Node);
            }

            return !place.IsLost;
        }
    }

    private void End(Place place)
    {
        lock (_lock)
        {
            if (--place.Requests == 0 && !place.IsLost)
            {
                _idle.AddLast(place.Node);
            }
        }
    }

    private void GiveBack(Place place)
    {
        lock (_lock)
        {
            if (place.IsLost)
            {
                return; // another has it already
            }

            place.IsLost = true;
            _taken--;
            if (place.Requests == 0)
            {
                _idle.Remove(place.Node);
            }
        }
    }

    /// <summary>What a connection has. With HTTP/2 it may carry several requests.</summary>
    private sealed class Place
    {
        public Place(ConnectionContext connection)
        {
            Connection = connection;
            Node = new LinkedListNode<Place>(this);
        }

        public ConnectionContext Connection { get; }

        public LinkedListNode<Place> Node { get; }

        public int Requests { get; set; }

        public bool IsLost { get; set; }
    }
}
