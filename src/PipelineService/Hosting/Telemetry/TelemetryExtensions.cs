using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using Npgsql;
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
    private const string ServiceName = "PipelineService";

    /// <summary>Series of an instrument whose labels are ours or a library's: routes, pools, states.</summary>
    private const int FewSeriesMax = 200;

    public static void AddPipelineTelemetry(this WebApplicationBuilder builder, HostingOptions early)
    {
        if (early.OtlpEndpoint is { IsAbsoluteUri: true } endpoint)
        {
            builder.Configuration.AddInMemoryCollection( // the setting goes before the variable
                [KeyValuePair.Create(CollectorVariables.Endpoint, (string?)endpoint.OriginalString)]);
        }

        CollectorVariables collector = new(builder.Configuration);
        builder.Services.AddSingleton<IValidateOptions<HostingOptions>>(collector);
        builder.AddPipelineLogging(early.LogFormat, toCollector: collector.Takes(CollectorVariables.Logs));
        builder.Services.AddSingleton(services => new PipelineMetrics(services.GetRequiredService<IMeterFactory>(), early));
        builder.Services.AddSingleton<ModelMetrics>();
        OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(Describe)
            .WithMetrics(metrics => Collect(metrics, collector));
        builder.Services.ConfigureOpenTelemetryMeterProvider((services, metrics) => Choose(services, metrics, early));
        if (collector.Takes(CollectorVariables.Traces))
        {
            telemetry.WithTracing(traces => Trace(traces, collector));
        }

        if (collector.Takes(CollectorVariables.Logs))
        {
            telemetry.WithLogging(
                logs =>
                    logs.AddOtlpExporter(CollectorVariables.Logs, configureExporter: Apply(collector, CollectorVariables.Logs)),
                options => options.IncludeFormattedMessage = true);
        }

        if (collector.IsNamed)
        {
            builder.Services.AddHostedService<CollectorWatch>();
        }
    }

    /// <summary>
    /// The variables come last: <c>OTEL_SERVICE_NAME</c> and <c>OTEL_RESOURCE_ATTRIBUTES</c> go before what we say.
    /// </summary>
    private static void Describe(ResourceBuilder resource) => resource
        .AddService(ServiceName, serviceVersion: typeof(TelemetryExtensions).Assembly.GetName().Version?.ToString())
        .AddEnvironmentVariableDetector();

    private static void Collect(MeterProviderBuilder metrics, CollectorVariables collector)
    {
        metrics
            .AddMeter(PipelineMetrics.MeterName, "Polly")
            .AddAspNetCoreInstrumentation()
            .AddHttpClientInstrumentation()
            .AddRuntimeInstrumentation()
            .AddNpgsqlInstrumentation()
            .AddPrometheusExporter(prometheus => prometheus.ScopeInfoEnabled = false); // the names say whose they are
        if (collector.Takes(CollectorVariables.Traces))
        {
            // An example of each value that belongs to a trace, by its id; OpenMetrics shows them. Without traces they would cost memory only.
            metrics.SetExemplarFilter(ExemplarFilterType.TraceBased);
        }

        if (collector.Takes(CollectorVariables.Metrics))
        {
            metrics.AddOtlpExporter(CollectorVariables.Metrics, Apply(collector, CollectorVariables.Metrics));
        }
    }

    /// <summary>
    /// Several hosts may live in one process, as tests have them, and their meters have the same names: each host collects its
    /// own. One view for all that is to be said, because of two that match an instrument each makes a stream.
    /// </summary>
    private static void Choose(IServiceProvider services, MeterProviderBuilder metrics, HostingOptions bounds)
    {
        IMeterFactory own = services.GetRequiredService<IMeterFactory>();
        metrics.AddView(instrument =>
            instrument.Meter.Scope is { } scope && scope != own ? MetricStreamConfiguration.Drop
            : HasFewSeries(instrument) ? new MetricStreamConfiguration { CardinalityLimit = FewSeriesMax }
            : instrument.Meter.Name == PipelineMetrics.MeterName
                ? new MetricStreamConfiguration { CardinalityLimit = MetricLabels.SeriesMaxOf(instrument.Name, bounds) }
            : null);
    }

    /// <summary>
    /// Whether nobody outside chooses its labels. For each instrument room is made at the start for all the series that it may
    /// have: for 2,000 where nothing is said, a fifth of a megabyte.
    /// </summary>
    private static bool HasFewSeries(Instrument instrument) => instrument.IsObservable
        || instrument.Meter.Name is not (PipelineMetrics.MeterName or "Microsoft.AspNetCore.Hosting" or "System.Net.Http");

    private static void Trace(TracerProviderBuilder traces, CollectorVariables collector) => traces
        .AddSource(PipelineTracing.Source.Name)
        .AddAspNetCoreInstrumentation(requests => requests.Filter = static context => !Polls.Are(context))
        .AddHttpClientInstrumentation()
        .AddNpgsql()
        .AddOtlpExporter(CollectorVariables.Traces, Apply(collector, CollectorVariables.Traces));

    private static Action<OpenTelemetry.Exporter.OtlpExporterOptions> Apply(CollectorVariables collector, string signal) =>
        options => collector.Apply(signal, options);
}
