using System.Globalization;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Json;

namespace PipelineService.Hosting.Telemetry;

/// <summary>The log: Serilog on standard output, as text or JSON lines. The stages write to <c>ILogger</c> and do not know it.</summary>
internal static class LoggingExtensions
{
    private const string TextTemplate =
        "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj}{" + LogScopes.AsText.Property + "}{NewLine}{Exception}";

    public static void AddPipelineLogging(this WebApplicationBuilder builder, LogFormat format)
    {
        LoggerConfiguration logger = new LoggerConfiguration().Filter.ByExcluding(IsStartFault);
        if (!LogLevels.Faults(builder.Configuration).Any()) // else the start ends with them, and with all others
        {
            logger.ReadFrom.Configuration(builder.Configuration);
        }

        logger = format == LogFormat.Json
            ? logger.WriteTo.Console(new JsonFormatter(renderMessage: true))
            : logger.Enrich.With<LogScopes.AsText>()
                .WriteTo.Console(outputTemplate: TextTemplate, formatProvider: CultureInfo.InvariantCulture);
        builder.Logging.ClearProviders().AddSerilog(logger.CreateLogger(), dispose: true);
    }

    /// <summary>A failed start is told once, by <see cref="StartupFaults"/> or as a crash; the host would add a stack trace.</summary>
    private static bool IsStartFault(LogEvent entry) =>
        entry.Properties.TryGetValue(Constants.SourceContextPropertyName, out LogEventPropertyValue? source)
        && source is ScalarValue { Value: "Microsoft.Extensions.Hosting.Internal.Host" }
        && entry.MessageTemplate.Text == "Hosting failed to start";
}
