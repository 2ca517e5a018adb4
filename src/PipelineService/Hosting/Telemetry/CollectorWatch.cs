using System.Diagnostics.Tracing;

namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// Tells when the collector does not take what it is sent, and when it does again: once each. The exporters themselves tell
/// nobody but who traces their events.
/// </summary>
internal sealed partial class CollectorWatch(ILogger<CollectorWatch> logger) : EventListener, IHostedService
{
    private const string Exporter = "OpenTelemetry-Exporter-OpenTelemetryProtocol";
    private const string Success = "ExportSuccess";
    private const int ReasonLengthMax = 300;

    /// <summary>Events of the exporter that mean that what was sent is lost. Each begins with the address.</summary>
    private static readonly string[] Failures =
    [
        "FailedToReachCollector", "TransientHttpError", "HttpRequestFailed", "OperationUnexpectedlyCanceled", "RequestTimedOut",
        "ExportFailure",
    ];

    private readonly Lock _lock = new();
    private readonly HashSet<string> _failing = new(StringComparer.Ordinal);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <remarks>Called by the base class before anything else here.</remarks>
    protected override void OnEventSourceCreated(EventSource eventSource)
    {
        if (eventSource.Name == Exporter)
        {
            EnableEvents(eventSource, EventLevel.Informational);
        }
    }

    protected override void OnEventWritten(EventWrittenEventArgs eventData)
    {
        if (eventData is not { EventName: { } name, Payload: [string address, ..] payload })
        {
            return;
        }

        if (name == Success && IsFirst(address, isFailing: false))
        {
            Log.Back(logger);
        }
        else if (Failures.Contains(name, StringComparer.Ordinal) && IsFirst(address, isFailing: true))
        {
            Log.Failing(logger, address, Reason(payload[^1] as string));
        }
    }

    /// <summary>
    /// Whether the first of the addresses fails now, or the last that did no longer does. Traces, metrics and logs have one each,
    /// and a collector that is away is not told three times.
    /// </summary>
    private bool IsFirst(string address, bool isFailing)
    {
        lock (_lock)
        {
            return isFailing
                ? _failing.Add(address) && _failing.Count == 1
                : _failing.Remove(address) && _failing.Count == 0;
        }
    }

    /// <summary>What the exception says, without its type, its stack and its inner ones.</summary>
    private static string Reason(string? text)
    {
        string line = LogScopes.OneLine(text?.Split('\n', 2)[0].Split(" ---> ", 2)[0]).Trim();
        int type = line.IndexOf(": ", StringComparison.Ordinal);
        line = type < 0 || line.AsSpan(0, type).Contains(' ') ? line : line[(type + 2)..];
        return line.Length <= ReasonLengthMax ? line : $"{line.AsSpan(0, ReasonLengthMax)}…";
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning,
            "The collector {Address} does not take what it is sent, which is lost (told once, until it is back): {Reason}")]
        public static partial void Failing(ILogger logger, string address, string reason);

        [LoggerMessage(LogLevel.Information, "The collector takes what it is sent again.")]
        public static partial void Back(ILogger logger);
    }
}
