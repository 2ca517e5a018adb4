using Microsoft.Extensions.Options;
using OpenTelemetry.Exporter;

namespace PipelineService.Hosting.Telemetry;

/// <summary>
/// The collector that traces, metrics and logs are sent to, as OpenTelemetry's variables name it: for all of them
/// (<c>OTEL_EXPORTER_OTLP_ENDPOINT</c>) or for one (<c>OTEL_EXPORTER_OTLP_TRACES_ENDPOINT</c>). A signal without an address is
/// not sent, nor is one whose exporter is "none" (<c>OTEL_LOGS_EXPORTER</c>). What else the SDK reads it reads by itself.
/// </summary>
/// <remarks>https://opentelemetry.io/docs/specs/otel/protocol/exporter/</remarks>
internal sealed class CollectorVariables(IConfiguration configuration) : IValidateOptions<HostingOptions>
{
    public const string Endpoint = General + EndpointName;
    public const string Traces = "TRACES";
    public const string Metrics = "METRICS";
    public const string Logs = "LOGS";

    private const string General = "OTEL_EXPORTER_OTLP_";
    private const string EndpointName = "ENDPOINT";
    private const string Grpc = "grpc";
    private const string HttpProtobuf = "http/protobuf";
    private const string Gzip = "gzip";
    private const string None = "none";

    private static readonly string[] Signals = [Traces, Metrics, Logs];

    /// <summary>Whether there is one, for whatever.</summary>
    public bool IsNamed => Signals.Any(signal => Value(signal, EndpointName) is not null);

    /// <summary>
    /// Whether a signal is sent. One with a variable that cannot be understood is not: the start ends with that.
    /// </summary>
    public bool Takes(string signal) =>
        !Is(configuration[$"OTEL_{signal}_EXPORTER"], None)
        && !Is(configuration["OTEL_SDK_DISABLED"], "true")
        && Value(signal, EndpointName) is not null
        && !Faults().Any();

    /// <summary>What a signal's own variables say, over those for all.</summary>
    public void Apply(string signal, OtlpExporterOptions options)
    {
        if (Own(signal, EndpointName) is { } endpoint)
        {
            options.Endpoint = new Uri(endpoint); // as it is; to the general one the signal's path is added
        }

        if (Own(signal, "PROTOCOL") is { } protocol)
        {
            options.Protocol = protocol == Grpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        }

        if (Own(signal, "TIMEOUT") is { } timeout)
        {
            options.TimeoutMilliseconds = int.Parse(timeout, System.Globalization.CultureInfo.InvariantCulture);
        }

        if (Own(signal, "COMPRESSION") is { } compression)
        {
            options.Compression = compression == Gzip ? OtlpExportCompression.GZip : OtlpExportCompression.None;
        }

        options.Headers = Own(signal, "HEADERS") ?? options.Headers;
    }

    public ValidateOptionsResult Validate(string? name, HostingOptions options)
    {
        string[] faults = [.. Faults()];
        return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }

    /// <summary>What the SDK would pass over in silence, and send to another place than was meant.</summary>
    private IEnumerable<string> Faults() =>
        IsNamed ? Signals.Select(signal => $"{General}{signal}_").Prepend(General).SelectMany(FaultsOf) : [];

    private IEnumerable<string> FaultsOf(string prefix)
    {
        if (configuration[prefix + EndpointName] is { Length: > 0 } endpoint
            && !(Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https"))
        {
            yield return $"{prefix}{EndpointName} = {endpoint}: must be an http or https address, such as http://localhost:4317.";
        }

        if (configuration[prefix + "PROTOCOL"] is { Length: > 0 } protocol && protocol is not (Grpc or HttpProtobuf))
        {
            yield return $"{prefix}PROTOCOL = {protocol}: must be {Grpc} or {HttpProtobuf}.";
        }

        if (configuration[prefix + "COMPRESSION"] is { Length: > 0 } compression && compression is not (Gzip or None))
        {
            yield return $"{prefix}COMPRESSION = {compression}: must be {Gzip} or {None}.";
        }

        if (configuration[prefix + "TIMEOUT"] is { Length: > 0 } timeout && !(int.TryParse(timeout, out int milliseconds) && milliseconds > 0))
        {
            yield return $"{prefix}TIMEOUT = {timeout}: must be a whole number of milliseconds.";
        }

        // Not shown: they carry keys.
        if (configuration[prefix + "HEADERS"] is { Length: > 0 } headers && headers.Split(',').Any(pair => pair.IndexOf('=') < 1))
        {
            yield return $"{prefix}HEADERS: must be written name=value,name=value.";
        }
    }

    private string? Value(string signal, string name) =>
        Own(signal, name) ?? (configuration[General + name] is { Length: > 0 } value ? value : null);

    private string? Own(string signal, string name) =>
        configuration[$"{General}{signal}_{name}"] is { Length: > 0 } value ? value : null;

    private static bool Is(string? value, string word) => string.Equals(value?.Trim(), word, StringComparison.OrdinalIgnoreCase);
}
