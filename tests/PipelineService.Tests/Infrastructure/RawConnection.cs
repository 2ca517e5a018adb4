using System.Net.Sockets;
using System.Text;

namespace PipelineService.Tests.Infrastructure;

/// <summary>A connection on which the test writes HTTP by hand, for faults that no HTTP client would make.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket;

    private RawConnection(Socket socket) => _socket = socket;

    /// <summary>Connects and sends the head of an upload.</summary>
    /// <param name="framing">The header that says how long the body is.</param>
    public static async Task<RawConnection> BeginUploadAsync(Uri service, string dataset, string framing)
    {
        RawConnection connection = new(new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        await connection._socket.ConnectAsync(service.Host, service.Port, TestContext.Current.CancellationToken);
        await connection.SendAsync(
            $"POST /v1/datasets/{dataset}/uploads HTTP/1.1\r\nHost: {service.Authority}\r\nConnection: close\r\n"
            + $"Content-Type: text/csv\r\n{framing}\r\n\r\n");
        return connection;
    }

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

    public void Dispose() => _socket.Dispose();

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
