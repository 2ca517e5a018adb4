using System.Net.Sockets;
using System.Text;

namespace PipelineService.Tests.Infrastructure;

/// <summary>A connection on which the test writes HTTP by hand, for faults that no HTTP client would make.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket;

    private RawConnection(Socket socket) => _socket = socket;

    /// <summary>Connects, and sends what it is given.</summary>
    /// <param name="receiveBytes">The system's buffer for what the service sends, for clients that do not read.</param>
    public static async Task<RawConnection> OpenAsync(Uri service, string text = "", int? receiveBytes = null)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBytes is { } bytes)
        {
            socket.ReceiveBufferSize = bytes;
        }

        RawConnection connection = new(socket);
        try
        {
            await socket.ConnectAsync(service.Host, service.Port, TestContext.Current.CancellationToken);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // It was taken, and ended before it could be looked at: who reads finds its end.
        }

        await connection.SendAsync(text);
        return connection;
    }

    /// <summary>Connects and sends the head of an upload.</summary>
    /// <param name="framing">The header that says how long the body is.</param>
    public static Task<RawConnection> BeginUploadAsync(Uri service, string dataset, string framing) =>
        OpenAsync(service, UploadHead(dataset, $"Connection: close\r\n{framing}"));

    /// <summary>The head of an upload, to its empty line.</summary>
    /// <param name="headers">Further headers, separated by CRLF.</param>
    public static string UploadHead(string dataset, string headers) =>
        $"POST /v1/datasets/{dataset}/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n{headers}\r\n\r\n";

    public async Task SendAsync(string text)
    {
        ReadOnlyMemory<byte> bytes = Encoding.UTF8.GetBytes(text);
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await _socket.SendAsync(bytes, TestContext.Current.CancellationToken)..];
        }
    }

    public Task SendChunkAsync(string text) => SendAsync($"{Encoding.UTF8.GetByteCount(text):x}\r\n{text}\r\n");

    /// <summary>Nothing more will be sent; the answer can still be read.</summary>
    public void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>Ends the connection at once, in both directions.</summary>
    public void Reset()
    {
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Close();
    }

    public Task<ApiAnswer> ReadAnswerAsync() => ReadToEndAsync().Within("the answer on a raw connection");

    /// <summary>Everything that the service sends until it ends the connection, in whatever way.</summary>
    public Task<string> ReadUntilEndAsync() => ReadWhileAsync(_ => true).Within("the end of a raw connection");

    /// <summary>What the service sends up to some text, such as an interim answer.</summary>
    public Task<string> ReadUntilAsync(string text) =>
        ReadWhileAsync(read => !read.Contains(text, StringComparison.Ordinal)).Within($"'{text}' on a raw connection");

    public void Dispose() => _socket.Dispose();

    private async Task<string> ReadWhileAsync(Predicate<string> wantsMore)
    {
        byte[] buffer = new byte[4096];
        StringBuilder text = new();
        try
        {
            while (wantsMore(text.ToString())
                && await _socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken) is > 0 and int read)
            {
                text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }
        }
        catch (SocketException)
        {
            // Reset: an end like any other.
        }

        return text.ToString();
    }

    /// <summary>Reads to the last chunk: a service that refuses a body without reading it may reset the connection later.</summary>
    private async Task<ApiAnswer> ReadToEndAsync()
    {
        byte[] buffer = new byte[4096];
        StringBuilder text = new();
        int read;
        do
        {
            read = await _socket.ReceiveAsync(buffer, TestContext.Current.CancellationToken);
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
        while (read > 0 && !text.ToString().EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal));

        return ApiAnswer.Parse(text.ToString());
    }
}
