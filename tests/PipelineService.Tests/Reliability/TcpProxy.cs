using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace PipelineService.Tests.Reliability;

/// <summary>
/// Stands between the service and PostgreSQL and does what networks do: resets connections, goes silent, and loses the
/// answer to a COMMIT, so that nobody knows whether it happened.
/// </summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly EndPoint _server;
    private readonly string _connectionString;
    private readonly Task _accepting;
    private readonly Lock _lock = new();
    private readonly HashSet<Socket> _sockets = [];
    private TaskCompletionSource? _stall;
    private Ambush? _ambush;
    private bool _isCut;
    private int _commitsToLose;
    private int _commitsSeen;
    private int _commitsLost;

    public TcpProxy(string connectionString)
    {
        NpgsqlConnectionStringBuilder server = new(connectionString);
        _server = server.Host!.StartsWith('/')
            ? new UnixDomainSocketEndPoint(string.Create(CultureInfo.InvariantCulture, $"{server.Host}/.s.PGSQL.{server.Port}"))
            : new DnsEndPoint(server.Host, server.Port, AddressFamily.InterNetwork);
        _listener.Start();
        server.Host = "127.0.0.1";
        server.Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        server.SslMode = SslMode.Disable;
        _connectionString = server.ConnectionString;
        _accepting = AcceptAsync();
    }

    /// <summary>The server, by way of here.</summary>
    public string ConnectionString => _connectionString;

    /// <summary>Answers to COMMIT that were swallowed.</summary>
    public int CommitsLost => Volatile.Read(ref _commitsLost);

    /// <summary>From now on, of every two answers to COMMIT one is lost, until so many are.</summary>
    public void LoseCommits(int count) => Volatile.Write(ref _commitsToLose, count);

    /// <summary>Waits for statements of the service to come by; null ends it.</summary>
    public void Lay(Ambush? ambush) => Interlocked.Exchange(ref _ambush, ambush)?.Release();

    /// <summary>All connections break, as when a firewall forgets them.</summary>
    public void ResetAll()
    {
        lock (_lock)
        {
            foreach (Socket socket in _sockets)
            {
                Reset(socket);
            }

            _sockets.Clear();
        }
    }

    /// <summary>The server is away: all connections break, and new ones are refused until <see cref="Mend"/>.</summary>
    public void Cut()
    {
        Volatile.Write(ref _isCut, true);
        ResetAll();
    }

    public void Mend() => Volatile.Write(ref _isCut, false);

    /// <summary>Nothing passes until <see cref="Resume"/>.</summary>
    public void Stall() => Interlocked.CompareExchange(
        ref _stall, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), null);

    public void Resume() => Interlocked.Exchange(ref _stall, null)?.SetResult();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        Lay(ambush: null);
        Resume();
        ResetAll();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptSocketAsync(_stop.Token);
                _ = ServeAsync(client);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The end.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        bool isUnix = _server is UnixDomainSocketEndPoint;
        Socket server = new(
            isUnix ? AddressFamily.Unix : AddressFamily.InterNetwork, SocketType.Stream, isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        lock (_lock)
        {
            _sockets.Add(client);
            _sockets.Add(server);
        }

        try
        {
            if (Volatile.Read(ref _isCut))
            {
                throw new SocketException((int)SocketError.ConnectionRefused);
            }

            await server.ConnectAsync(_server, _stop.Token);
            await Task.WhenAny(PumpAsync(client, server, isAnswer: false), PumpAsync(server, client, isAnswer: true));
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The server is down: the client is told by the reset.
        }

        lock (_lock)
        {
            _sockets.Remove(client);
            _sockets.Remove(server);
        }

        Reset(client);
        Reset(server);
    }

    private async Task PumpAsync(Socket from, Socket to, bool isAnswer)
    {
        byte[] buffer = new byte[64 << 10];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is > 0 and int read)
            {
                await (Volatile.Read(ref _stall)?.Task ?? Task.CompletedTask);
                Ambush? ambush = isAnswer ? null : Volatile.Read(ref _ambush);
                bool isCaught = ambush?.Catches(buffer.AsSpan(0, read)) ?? false;
                if (isCaught)
                {
                    await ambush!.HoldAsync();
                }

                if (isAnswer && IsCommitToLose(buffer.AsSpan(0, read)))
                {
                    return;
                }

                for (int sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _stop.Token);
                }

                if (isCaught)
                {
                    ambush!.LetPass();
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Reset by one side: the other follows.
        }
    }

    /// <summary>CommandComplete carries the words of the statement; nothing else that a server sends here does.</summary>
    private bool IsCommitToLose(ReadOnlySpan<byte> answer)
    {
        if (Volatile.Read(ref _commitsToLose) <= 0
            || answer.IndexOf("COMMIT\0"u8) < 0
            || Interlocked.Increment(ref _commitsSeen) % 2 == 0
            || Interlocked.Decrement(ref _commitsToLose) < 0)
        {
            return false;
        }

        Interlocked.Increment(ref _commitsLost);
        return true;
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0); // RST, not FIN
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Never connected, or closed already.
        }

        socket.Dispose();
    }
}
