using Serilog.Core;
using Serilog.Events;

namespace PipelineService.Hosting.Telemetry;

/// <summary>What a line of the log is about, added to every line that is written within.</summary>
public static class LogScopes
{
    private static readonly string[] Names = ["dataset", "job"];

    public static IDisposable? BeginJobScope(this ILogger logger, string dataset, Guid job) =>
        logger.BeginScope(new KeyValuePair<string, object>[] { new("dataset", dataset), new("job", job) });

    /// <summary>For text lines: the scope in a few words. The other properties of an event are for JSON.</summary>
    internal sealed class AsText : ILogEventEnricher
    {
        public const string Property = "ScopeText";

        public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
        {
            string text = string.Concat(Names
                .Where(logEvent.Properties.ContainsKey)
                .Select(name => $" {name}={logEvent.Properties[name].ToString("l", null)}"));
            logEvent.AddPropertyIfAbsent(new LogEventProperty(Property, new ScalarValue(text)));
        }
    }
}
