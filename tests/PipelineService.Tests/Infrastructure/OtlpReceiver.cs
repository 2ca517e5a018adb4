using System.Collections.Concurrent;
using System.Globalization;
using System.Net;

namespace PipelineService.Tests.Infrastructure;

/// <param name="Kind">2 is that of a server, 3 of a client.</param>
internal sealed record ReceivedSpan(
    string TraceId, string SpanId, string ParentSpanId, string Name, ulong Kind, ulong Status, IReadOnlyDictionary<string, string> Attributes);

internal sealed record ReceivedLog(string TraceId, string SpanId, string Text, IReadOnlyDictionary<string, string> Attributes);

/// <summary>A collector: OpenTelemetry's protocol over HTTP, as far as tests look into what comes.</summary>
/// <remarks>
/// The numbers are those of https://github.com/open-telemetry/opentelemetry-proto. No server of ours: its requests would have
/// spans, and in turn be sent.
/// </remarks>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<ReceivedSpan> _spans = new();
    private readonly ConcurrentQueue<ReceivedLog> _logs = new();
    private readonly ConcurrentDictionary<string, string> _resource = new();
    private readonly ConcurrentDictionary<string, int> _metrics = new();
    private readonly ConcurrentDictionary<string, string> _headers = new(StringComparer.OrdinalIgnoreCase);
    private readonly Task _serving;
    private int _refused;

    public OtlpReceiver(int port)
    {
        Address = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/");
        _listener.Prefixes.Add(Address);
        _listener.Start();
        _serving = Task.Run(ServeAsync);
    }

    public string Address { get; }

    /// <summary>Whether it answers 503.</summary>
    public bool Refuses { get; set; }

    /// <summary>Requests that it has refused.</summary>
    public int Refused => Volatile.Read(ref _refused);

    public IEnumerable<ReceivedSpan> Spans => _spans;

    public IEnumerable<ReceivedLog> Logs => _logs;

    /// <summary>What describes the sender.</summary>
    public IReadOnlyDictionary<string, string> Resource => _resource;

    /// <summary>Headers of the last request.</summary>
    public IReadOnlyDictionary<string, string> Headers => _headers;

    /// <summary>How often a metric has come.</summary>
    public int Received(string metric) => _metrics.GetValueOrDefault(metric);

    public async ValueTask DisposeAsync()
    {
        _listener.Close();
        await _serving;
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }

            using MemoryStream body = new();
            await context.Request.InputStream.CopyToAsync(body);
            if (Refuses)
            {
                Interlocked.Increment(ref _refused);
                context.Response.StatusCode = (int)HttpStatusCode.ServiceUnavailable;
            }
            else
            {
                Keep(context.Request, new ProtobufMessage(body.ToArray()));
                context.Response.ContentType = "application/x-protobuf"; // an empty message: all of it is taken
            }

            context.Response.Close();
        }
    }

    private void Keep(HttpListenerRequest request, ProtobufMessage message)
    {
        foreach (string name in request.Headers.AllKeys.OfType<string>())
        {
            _headers[name] = request.Headers[name] ?? "";
        }

        foreach (ProtobufMessage ofResource in message.Messages(1))
        {
            foreach ((string name, string value) in ofResource.Messages(1).SelectMany(resource => Attributes(resource, 1)))
            {
                _resource[name] = value;
            }

            IEnumerable<ProtobufMessage> entries = ofResource.Messages(2).SelectMany(scope => scope.Messages(2));
            switch (request.Url!.AbsolutePath)
            {
                case "/v1/traces":
                    entries.Select(SpanOf).ToList().ForEach(_spans.Enqueue);
                    break;
                case "/v1/logs":
                    entries.Select(LogOf).ToList().ForEach(_logs.Enqueue);
                    break;
                case "/v1/metrics":
                    entries.Select(metric => metric.Text(1)).ToList().ForEach(name => _metrics.AddOrUpdate(name, 1, static (_, n) => n + 1));
                    break;
            }
        }
    }

    private static ReceivedSpan SpanOf(ProtobufMessage span) => new(
        span.Hex(1), span.Hex(2), span.Hex(4), span.Text(5), span.Number(6),
        span.Messages(15).Select(status => status.Number(3)).FirstOrDefault(), Attributes(span, 9));

    private static ReceivedLog LogOf(ProtobufMessage log) =>
        new(log.Hex(9), log.Hex(10), log.Messages(5).Select(ValueOf).FirstOrDefault(""), Attributes(log, 6));

    private static Dictionary<string, string> Attributes(ProtobufMessage of, int field) =>
        of.Messages(field).GroupBy(attribute => attribute.Text(1)).ToDictionary(
            attribute => attribute.Key, attribute => attribute.Last().Messages(2).Select(ValueOf).FirstOrDefault(""));

    /// <summary>Text, or a number as text.</summary>
    private static string ValueOf(ProtobufMessage value) =>
        value.Has(1) ? value.Text(1) : value.Number(value.Has(3) ? 3 : 2).ToString(CultureInfo.InvariantCulture);
}
