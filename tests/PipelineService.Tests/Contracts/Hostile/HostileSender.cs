using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace PipelineService.Tests.Contracts.Hostile;

/// <summary>Sends a request on a connection of its own, and says what is wrong with the answer.</summary>
internal static class HostileSender
{
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(60);

    /// <summary>Who sends much gets little of it back; a definition can have many faults, of which each is told.</summary>
    private const int ProblemLengthMax = 64 << 10;

    private static readonly string[] Said = ["title", "detail", "code", "type"];

    /// <summary>What a service answers that is not at fault itself.</summary>
    private static readonly int[] Sound = [503, 505, 507];

    /// <returns>What is wrong; null: nothing. And the status, 0 where there was no answer.</returns>
    public static async Task<(string? Fault, int Status)> SendAsync(
        Uri service, HostileRequest request, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(AnswerMax);
        try
        {
            byte[] answer = await ExchangeAsync(service, request, bounded.Token);
            return FaultOf(request, Encoding.Latin1.GetString(answer));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ($"no answer within {AnswerMax}", 0);
        }
    }

    private static async Task<byte[]> ExchangeAsync(Uri service, HostileRequest request, CancellationToken cancellationToken)
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        using MemoryStream answer = new();
        try
        {
            await socket.ConnectAsync(service.Host, service.Port, cancellationToken);
            await SendAllAsync(socket, request, cancellationToken);
            byte[] buffer = new byte[16 << 10];
            while (await socket.ReceiveAsync(buffer, cancellationToken) is > 0 and int read)
            {
                await answer.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                if (IsComplete(Encoding.Latin1.GetString(answer.GetBuffer(), 0, (int)answer.Length), request.HasBodyInAnswer))
                {
                    break;
                }
            }
        }
        catch (SocketException)
        {
            // It was refused before all of it was sent, and what was left reset the connection: the answer may be there all the same.
        }

        return answer.ToArray();
    }

    private static async Task SendAllAsync(Socket socket, HostileRequest request, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> bytes = request.Bytes;
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes, cancellationToken)..];
        }

        if (!request.IsWhole)
        {
            socket.Shutdown(SocketShutdown.Send);
        }
    }

    private static (string? Fault, int Status) FaultOf(HostileRequest request, string answer)
    {
        if (answer.Length == 0)
        {
            return (request.IsWhole ? "the connection ended without an answer" : null, 0);
        }

        (int status, string head, string body) = Split(answer);
        string? fault = status switch
        {
            0 => "what came is no HTTP",
            >= 500 when !Sound.Contains(status) => $"{status}",
            >= 400 when !head.Contains("Content-Type: application/problem+json", StringComparison.OrdinalIgnoreCase) => $"{status} that is no problem",
            >= 400 when request.HasBodyInAnswer => ProblemFaultOf(request, status, head, body),
            _ => null,
        };
        return (fault, status);
    }

    /// <summary>Interim answers left out.</summary>
    private static (int Status, string Head, string Body) Split(string answer)
    {
        while (true)
        {
            int end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            string[] line = answer.Split(' ', 3);
            if (end < 0 || line.Length < 2 || !int.TryParse(line[1], CultureInfo.InvariantCulture, out int status))
            {
                return (0, "", "");
            }

            if (status >= 200)
            {
                return (status, answer[..(end + 2)], answer[(end + 4)..]);
            }

            answer = answer[(end + 4)..];
        }
    }

    private static bool IsComplete(string answer, bool hasBody)
    {
        (int status, string head, string body) = Split(answer);
        return status != 0 && (!hasBody || status is 204 or 304 || BodyOf(head, body) is not null);
    }

    /// <summary>Without its frame, and without what comes behind it; null while not all of it is there.</summary>
    private static string? BodyOf(string head, string sent)
    {
        if (!head.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase))
        {
            return LengthIn(head) is { } length && sent.Length >= length ? sent[..length] : null;
        }

        StringBuilder body = new();
        for (int at = 0; sent.IndexOf("\r\n", at, StringComparison.Ordinal) is > 0 and int end;)
        {
            int size = int.Parse(sent.AsSpan(at, end - at), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (size == 0 || sent.Length < end + 4 + size)
            {
                return size == 0 ? body.ToString() : null;
            }

            body.Append(sent, end + 2, size);
            at = end + 4 + size;
        }

        return null;
    }

    private static int? LengthIn(string head)
    {
        const string Name = "\r\nContent-Length: ";
        int at = head.IndexOf(Name, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? null
            : int.Parse(
                head.AsSpan(at + Name.Length, head.IndexOf('\r', at + Name.Length) - at - Name.Length), CultureInfo.InvariantCulture);
    }

    private static string? ProblemFaultOf(HostileRequest request, int status, string head, string sent)
    {
        // Without a length it goes to the end of the connection; who ended that first may have cut it.
        string? body = BodyOf(head, sent) ?? (request.IsWhole ? sent : null);
        if (body is null)
        {
            return null;
        }

        try
        {
            using var problem = JsonDocument.Parse(Encoding.Latin1.GetBytes(body));
            JsonElement root = problem.RootElement;
            return root.GetProperty("status").GetInt32() != status ? "the problem has another status"
                : body.Length > ProblemLengthMax ? $"the problem has {body.Length} bytes"
                : Said.Any(name => string.IsNullOrWhiteSpace(root.GetProperty(name).GetString())) ? "the problem says too little"
                : null;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or KeyNotFoundException or InvalidOperationException)
        {
            return $"{status} with a problem that cannot be read: {e.Message}: {body}";
        }
    }
}
