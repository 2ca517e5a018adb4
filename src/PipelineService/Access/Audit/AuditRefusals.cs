using System.Threading.Channels;
using Npgsql;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Access.Audit;

/// <summary>
/// Writes entries of what was refused. Nothing was done, so there is no transaction to go with: they are written soon afterwards, at a
/// bounded rate, because whoever is refused can ask as often as they like. What comes beyond it is counted, not written.
/// </summary>
public sealed partial class AuditRefusals : BackgroundService
{
    /// <summary>With the bound below, 100 entries a second at most of one instance.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    public const int AtOnceMax = 100;

    private const int WaitingMax = 1_000;

    private readonly Channel<AuditEntry> _waiting = Channel.CreateBounded<AuditEntry>(WaitingMax);
    private readonly AuditWriter _writer;
    private readonly DatabaseReadiness _readiness;
    private readonly TimeProvider _time;
    private readonly ILogger<AuditRefusals> _logger;
    private long _dropped;

    public AuditRefusals(
        AuditWriter writer, PipelineMetrics metrics, DatabaseReadiness readiness, TimeProvider time, ILogger<AuditRefusals> logger)
    {
        (_writer, _readiness, _time, _logger) = (writer, readiness, time, logger);
        metrics.ObserveCounter(
            "pipeline.audit.refusals.dropped", "{entry}", "Refusals beyond the rate at which the audit takes them, or in an outage.",
            () => Dropped);
    }

    /// <summary>How many were not written.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <summary>A request was refused.</summary>
    /// <param name="action">What was asked for.</param>
    /// <param name="code">The code of the problem that it was answered with; null where it had none.</param>
    public void Tell(HttpContext context, AuditAction action, int status, string? code)
    {
        RouteValueDictionary route = context.Request.RouteValues;
        var entry = AuditEntry.Of(
            AuditActor.Of(context), action, _time.GetDatabaseNow(), ObjectOf(action, context), route["dataset"] as string,
            ("method", context.Request.Method), ("status", status), ("code", code));
        if (!_waiting.Writer.TryWrite(entry with { Outcome = AuditEntry.Refused }))
        {
            Interlocked.Increment(ref _dropped);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _readiness.WaitAsync(stoppingToken);
        try
        {
            while (await _waiting.Reader.WaitToReadAsync(stoppingToken))
            {
                await WriteAsync(stoppingToken);
                await Task.Delay(Interval, _time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await WriteAsync(CancellationToken.None);
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        List<AuditEntry> entries = [];
        while (entries.Count < AtOnceMax && _waiting.Reader.TryRead(out AuditEntry? entry))
        {
            entries.Add(entry);
        }

        if (entries.Count == 0)
        {
            return;
        }

        try
        {
            await _writer.WriteAloneAsync(entries, cancellationToken);
        }
        catch (Exception e) when (e is DatabaseUnavailableException or NpgsqlException)
        {
            Interlocked.Add(ref _dropped, entries.Count);
            Log.NotWritten(_logger, entries.Count, e.Message);
        }
    }

    /// <summary>The action's object, with what the address has for the names in it.</summary>
    private static string ObjectOf(AuditAction action, HttpContext context)
    {
        string text = action.Object.Replace("{path}", context.Request.Path.ToUriComponent(), StringComparison.Ordinal);
        foreach ((string name, object? value) in context.Request.RouteValues)
        {
            text = text.Replace($"{{{name}}}", value?.ToString(), StringComparison.Ordinal);
        }

        return text;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} refusals could not be written to the audit: {Reason}")]
        public static partial void NotWritten(ILogger logger, int count, string reason);
    }
}
