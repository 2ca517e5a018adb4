using OpenTelemetry;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// OpenTelemetry: metrics always, because <c>/metrics</c> shows them; traces and logs when there is a collector to send them to.
/// </summary>
internal static class TelemetryExtensions
{
    private static readonly string[] Meters =
    [
        PipelineMetrics.MeterName, "Npgsql", "System.Runtime",
        "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel",
    ];

    public static void AddPipelineTelemetry(this WebApplicationBuilder builder, Uri? endpoint)
    {
        endpoint ??= Uri.TryCreate(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"], UriKind.Absolute, out Uri? standard)
            ? standard
            : null;
        if (endpoint is not null)
        {
            // The framework leaves the attributes of its request spans to packages that are not here, unless told otherwise.
            AppContext.SetSwitch("Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData", false);
            builder.Services.AddSingleton<ILoggerProvider, OtlpLogs>();
        }

        builder.Services.AddSingleton<PipelineMetrics>();
        builder.Services.AddSingleton<PrometheusExporter>();
        builder.Services.AddSingleton(provider => CreateSdk(provider.GetRequiredService<PrometheusExporter>(), endpoint));
        builder.Services.AddHostedService<TelemetryLifetime>();
    }

    private static OpenTelemetrySdk CreateSdk(PrometheusExporter exporter, Uri? endpoint) => OpenTelemetrySdk.Create(sdk =>
    {
        sdk.ConfigureResource(resource => resource.AddService(
            "PipelineService", serviceVersion: typeof(TelemetryExtensions).Assembly.GetName().Version?.ToString()));
        sdk.WithMetrics(metrics =>
        {
            metrics.AddMeter(Meters).AddReader(new BaseExportingMetricReader(exporter));
            if (endpoint is not null)
            {
                metrics.AddOtlpExporter(options => options.Endpoint = endpoint);
            }
        });
        if (endpoint is not null)
        {
            sdk.WithTracing(traces => traces
                .AddSource("Microsoft.AspNetCore", "Npgsql", PipelineTracing.Source.Name)
                .AddOtlpExporter(options => options.Endpoint = endpoint));
            sdk.WithLogging(logs => logs.AddOtlpExporter(options => options.Endpoint = endpoint));
        }
    });

    /// <summary>
    /// Builds the SDK when the host starts, so that nothing is missed, and disposes of it, which flushes, when all is said: the
    /// container does that after the last hosted service has stopped.
    /// </summary>
    private sealed class TelemetryLifetime(OpenTelemetrySdk sdk) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) =>
            Task.Run(() => sdk.MeterProvider.ForceFlush(), cancellationToken);
    }

    /// <summary>Log lines on their way to the collector; the SDK is resolved late, because it may itself log.</summary>
    private sealed class OtlpLogs(IServiceProvider services) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) =>
            services.GetRequiredService<OpenTelemetrySdk>().GetLoggerFactory().CreateLogger(categoryName);

        public void Dispose()
        {
        }
    }
}
