using System.Globalization;
using PipelineService.Hosting.Startup;
using Serilog;
using Serilog.Core;
using Serilog.Events;
using Serilog.Formatting.Compact;

namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// The log: Serilog on standard output, as text or JSON lines. The stages write to <c>ILogger</c> and do not know it.
/// </summary>
internal static class LoggingExtensions
{
    private const string TextTemplate =
        "{Timestamp:yyyy-MM-ddTHH:mm:ss.fffzzz} {Level:u3} {Message:lj}{" + LogScopes.AsText.Property + "}{NewLine}{Exception}";

    /// <param name="toCollector">
    /// Whether lines go to the providers that others register, too: there is a collector for them.
    /// </param>
    public static void AddPipelineLogging(this WebApplicationBuilder builder, LogFormat format, bool toCollector)
    {
        builder.Logging.ClearProviders();
        builder.Services.AddSerilog(
            (services, logger) => Write(logger.ReadFrom.Services(services), builder.Configuration, format),
            preserveStaticLogger: true, // several services may live in one process, as tests have them
            writeToProviders: toCollector);
    }

    private static void Write(LoggerConfiguration logger, IConfiguration configuration, LogFormat format)
    {
        logger.Filter.ByExcluding(IsStartFault);
        logger.Enrich.With<LogScopes.JobOfLine>();
        if (!LogLevels.Faults(configuration).Any()) // else the start ends with them, and with all others
        {
            logger.ReadFrom.Configuration(configuration);
        }

        if (format == LogFormat.Json)
        {
            logger.WriteTo.Console(new RenderedCompactJsonFormatter());
        }
        else
        {
            logger.Enrich.With<LogScopes.AsText>()
                .WriteTo.Console(outputTemplate: TextTemplate, formatProvider: CultureInfo.InvariantCulture);
        }
    }

    /// <summary>
    /// A failed start is told once, by <see cref="StartupFaults"/> or as a crash; the host would add a stack trace.
    /// </summary>
    private static bool IsStartFault(LogEvent entry) =>
        entry.Properties.TryGetValue(Constants.SourceContextPropertyName, out LogEventPropertyValue? source)
        && source is ScalarValue { Value: "Microsoft.Extensions.Hosting.Internal.Host" }
        && entry.MessageTemplate.Text == "Hosting failed to start";
}
