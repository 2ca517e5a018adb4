using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace PipelineService.Tests.Infrastructure;

/// <summary>A line of the log, with the scope in which it was written.</summary>
public sealed record LogLine(LogLevel Level, string Text, Exception? Exception, IReadOnlyDictionary<string, object> Scope);

/// <summary>What the service writes to its log. Added to its services, it hears all that the console does.</summary>
internal sealed class LogRecorder : ILoggerProvider, ISupportExternalScope
{
    private readonly ConcurrentQueue<LogLine> _lines = new();
    private IExternalScopeProvider _scopes = new LoggerExternalScopeProvider();

    public IEnumerable<LogLine> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => new Recorder(this);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
    }

    private Dictionary<string, object> Scope()
    {
        Dictionary<string, object> scope = [];
        _scopes.ForEachScope(
            static (value, all) =>
            {
                foreach ((string name, object part) in value as IEnumerable<KeyValuePair<string, object>> ?? [])
                {
                    all[name] = part;
                }
            },
            scope);
        return scope;
    }

    private sealed class Recorder(LogRecorder log) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => log._scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log._lines.Enqueue(new LogLine(logLevel, formatter(state, exception), exception, log.Scope()));
    }
}
