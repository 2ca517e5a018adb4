using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;

namespace PipelineService.Tests.Infrastructure;

/// <summary>
/// A service that is asked over HTTP in batches, on a port of this machine: it answers each key with its city, and is away, wrong or huge
/// as tests want it.
/// </summary>
internal sealed class StubService : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<string[]> _calls = new();
    private readonly Task _serving;

    public StubService(int port)
    {
        Address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/");
        _listener.Prefixes.Add(Address);
        _listener.Start();
        _serving = Task.Run(ServeAsync);
    }

    public string Address { get; }

    /// <summary>How it is: well, <c>away</c> (503), or what a name stands for below.</summary>
    public string Mood { get; set; } = "well";

    /// <summary>The keys of each call.</summary>
    public IReadOnlyCollection<string[]> Calls => _calls;

    /// <summary>The header of the last call that has the secret.</summary>
    public string? Secret { get; private set; }

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                _ = Task.Run(() => AnswerAsync(context));
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        try
        {
            using StreamReader reader = new(context.Request.InputStream);
            var body = JsonElement.Parse(await reader.ReadToEndAsync());
            string[] keys =
            [
                .. body.GetProperty("items").EnumerateArray()
                    .Select(item => item.GetProperty("input").EnumerateObject().First().Value.ToString()),
            ];
            _calls.Enqueue(keys);
            Secret = context.Request.Headers["Authorization"];
            await AnswerAsync(context.Response, keys);
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
        {
            // Who asked has gone, or the test is over.
        }
    }

    private async Task AnswerAsync(HttpListenerResponse response, string[] keys)
    {
        response.StatusCode = Mood switch { "away" => 503, "refusing" => 400, _ => 200 };
        string answer = Mood switch
        {
            "well" => $$"""{"items":[{{string.Join(',', keys.Select(Of).Reverse())}}]}""",
            "garbage" => "<html>Bad gateway</html>",
            "wrong ids" => """{"items":[{"id":4711,"output":{"city":"Nowhere"}}]}""",
            "few ids" => """{"items":[]}""",
            "huge" => new string(' ', 200_000),
            _ => Mood,
        };
        byte[] bytes = Encoding.UTF8.GetBytes(answer);
        response.ContentLength64 = bytes.Length;
        await response.OutputStream.WriteAsync(bytes);
        response.Close();
    }

    private static string Of(string key, int id) =>
        key.StartsWith("unknown", StringComparison.Ordinal) ? $$"""{"id":{{id}},"output":null}"""
        : key.StartsWith("faulty", StringComparison.Ordinal) ? $$"""{"id":{{id}},"error":"no such key: {{key}}"}"""
        : $$$$"""{"id":{{{{id}}}},"output":{"city":"city of {{{{key}}}}","geo":{"lat":1.5}}}""";
}
