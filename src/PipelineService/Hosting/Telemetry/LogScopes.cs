using Serilog.Core;
using Serilog.Events;

namespace PipelineService.Hosting.Telemetry;

/// <summary>What a line of the log is about, added to every line that is written within.</summary>
public static class LogScopes
{
    internal const string Dataset = "dataset";
    internal const string Job = "job";
    private const int TextLengthMax = 1_000;

    public static IDisposable? BeginJobScope(this ILogger logger, string dataset, Guid job) =>
        logger.BeginScope(new KeyValuePair<string, object>[] { new(Dataset, dataset), new(Job, job) });

    /// <summary>
    /// Text that quotes what clients sent, for a line of the log: without the line ends that would forge further ones.
    /// </summary>
    public static string OneLine(string? text)
    {
        text ??= "";
        string cut = text.Length <= TextLengthMax ? text : $"{text.AsSpan(0, TextLengthMax)}…";
        return string.Create(cut.Length, cut, static (line, text) =>
        {
            for (int i = 0; i < line.Length; i++)
            {
                line[i] = char.IsControl(text[i]) ? ' ' : text[i];
            }
        });
    }

    /// <summary>
    /// A line that names a job is about it, also where it is written outside of its scope: by background work that knows the id alone.
    /// </summary>
    internal sealed class JobOfLine : ILogEventEnricher
    {
        private const string Named = "JobId";

        public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
        {
            if (logEvent.Properties.TryGetValue(Named, out LogEventPropertyValue? job))
            {
                logEvent.AddPropertyIfAbsent(new LogEventProperty(Job, job));
            }
        }
    }

    /// <summary>For text lines: the scope in a few words. The other properties of an event are for JSON.</summary>
    internal sealed class AsText : ILogEventEnricher
    {
        public const string Property = "ScopeText";

        public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
        {
            string text = string.Concat(new[] { Dataset, Job }
                .Where(logEvent.Properties.ContainsKey)
                .Select(name => $" {name}={ValueOf(logEvent.Properties[name])}"));
            logEvent.AddPropertyIfAbsent(new LogEventProperty(Property, new ScalarValue(text)));
        }

        /// <summary>Not by the format of literals, which only strings understand.</summary>
        private static object? ValueOf(LogEventPropertyValue value) => value is ScalarValue scalar ? scalar.Value : value;
    }
}
