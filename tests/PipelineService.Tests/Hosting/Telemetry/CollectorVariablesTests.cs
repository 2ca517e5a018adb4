using Microsoft.Extensions.Configuration;
using OpenTelemetry.Exporter;
using PipelineService.Hosting;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Tests.Hosting.Telemetry;

public sealed class CollectorVariablesTests
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    [Fact]
    public void Without_an_address_nothing_is_sent_and_nothing_is_a_fault()
    {
        CollectorVariables variables = Of(("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"), ("OTEL_TRACES_EXPORTER", "otlp"));

        Assert.Empty(Sent(variables));
        Assert.Empty(FaultsOf(variables));
    }

    [Theory]
    [InlineData(new[] { "TRACES", "METRICS", "LOGS" }, Endpoint, "http://collector:4317")]
    [InlineData(new[] { "TRACES" }, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces:4318/v1/traces")]
    [InlineData(new[] { "METRICS", "LOGS" }, Endpoint, "http://collector:4317", "OTEL_TRACES_EXPORTER", "none")]
    [InlineData(new string[0], Endpoint, "http://collector:4317", "OTEL_SDK_DISABLED", "true")]
    public void Sends_what_has_an_address_and_is_not_switched_off(string[] sent, params string[] variables) =>
        Assert.Equal(sent, Sent(Of([.. variables.Chunk(2).Select(pair => (pair[0], pair[1]))])));

    [Theory]
    [InlineData(Endpoint, "localhost:4317", "OTEL_EXPORTER_OTLP_ENDPOINT = localhost:4317: must be an http or https address")]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "ftp://x", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT = ftp://x: must be an http or https address")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", "OTEL_EXPORTER_OTLP_PROTOCOL = http/json: must be grpc or http/protobuf.")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "10s", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT = 10s: must be a whole number")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS", "secret", "OTEL_EXPORTER_OTLP_HEADERS: must be written name=value")]
    public void What_cannot_be_understood_is_a_fault_of_the_start_and_nothing_is_sent(string variable, string value, string fault)
    {
        CollectorVariables variables = variable == Endpoint ? Of((variable, value)) : Of((Endpoint, "http://collector:4317"), (variable, value));

        Assert.StartsWith(fault, Assert.Single(FaultsOf(variables)), StringComparison.Ordinal);
        Assert.Empty(Sent(variables));
    }

    [Fact]
    public void A_signals_own_variables_go_before_those_for_all()
    {
        OtlpExporterOptions options = new() { Headers = "general=1", Protocol = OtlpExportProtocol.Grpc };

        Of(
            (Endpoint, "http://collector:4317"),
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://logs:4318/in"),
            ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "1234")).Apply(CollectorVariables.Logs, options);

        Assert.Equal(
            (new Uri("http://logs:4318/in"), OtlpExportProtocol.HttpProtobuf, 1234, "general=1"),
            (options.Endpoint, options.Protocol, options.TimeoutMilliseconds, options.Headers));
    }

    private static string[] Sent(CollectorVariables variables) =>
        [.. new[] { CollectorVariables.Traces, CollectorVariables.Metrics, CollectorVariables.Logs }.Where(variables.Takes)];

    private static IEnumerable<string> FaultsOf(CollectorVariables variables) =>
        variables.Validate(name: null, new HostingOptions()).Failures ?? [];

    private static CollectorVariables Of(params (string Name, string Value)[] variables) => new(new ConfigurationBuilder()
        .AddInMemoryCollection(variables.Select(variable => KeyValuePair.Create(variable.Name, (string?)variable.Value)))
        .Build());
}
