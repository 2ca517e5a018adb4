using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Display;

namespace PipelineService.Tests.Infrastructure;

/// <summary>A line of the log, with the properties that it has in JSON.</summary>
public sealed record LogLine(LogEventLevel Level, string Text, Exception? Exception, IReadOnlyDictionary<string, object?> Properties)
{
    public string? TraceId { get; init; }
}

/// <summary>What the service writes to its log. Added to its services, it hears all that the console does.</summary>
internal sealed class LogRecorder : ILogEventSink
{
    private static readonly MessageTemplateTextFormatter Message = new("{Message:l}", CultureInfo.InvariantCulture);

    private readonly ConcurrentQueue<LogLine> _lines = new();

    public IEnumerable<LogLine> Lines => _lines;

    public void AddTo(IServiceCollection services) => services.AddSingleton<ILogEventSink>(this);

    public void Emit(LogEvent logEvent) => _lines.Enqueue(new LogLine(
        logEvent.Level,
        TextOf(logEvent),
        logEvent.Exception,
        logEvent.Properties.ToDictionary(property => property.Key, property => (property.Value as ScalarValue)?.Value))
    {
        TraceId = logEvent.TraceId?.ToString(),
    });

    private static string TextOf(LogEvent logEvent)
    {
        using StringWriter text = new(CultureInfo.InvariantCulture);
        Message.Format(logEvent, text);
        return text.ToString();
    }
}
