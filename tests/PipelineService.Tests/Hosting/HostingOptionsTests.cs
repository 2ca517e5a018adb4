using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using PipelineService.Hosting;
using PipelineService.Hosting.Startup;

namespace PipelineService.Tests.Hosting;

public sealed class HostingOptionsTests
{
    [Fact]
    public void Defaults_are_the_documented_ones()
    {
        var defaults = new HostingOptions();

        Assert.False(defaults.PrivateServer);
        Assert.Null(defaults.PostgresBinaries);
        Assert.Equal(".pipeline", defaults.DataDirectory);
        Assert.Equal(20, defaults.PoolSizeMax);
        Assert.Equal(TimeSpan.FromSeconds(5), defaults.DatabaseTimeout);
        Assert.Equal(TimeSpan.FromMinutes(1), defaults.StatementTimeout);
        Assert.Equal(TimeSpan.FromMilliseconds(100), defaults.RetryDelayBase);
        Assert.Equal(TimeSpan.FromSeconds(10), defaults.RetryDelayMax);
        Assert.Equal(5, defaults.BreakerFailures);
        Assert.Equal(TimeSpan.FromSeconds(30), defaults.BreakerWindow);
        Assert.Equal(TimeSpan.FromSeconds(5), defaults.BreakerDuration);
        Assert.Equal(TimeSpan.FromSeconds(20), defaults.ShutdownTimeout);
        Assert.Equal(TimeSpan.FromSeconds(5), defaults.DrainDelay);
        Assert.Equal(2000, defaults.ClientConnectionsMax);
        Assert.Equal(TimeSpan.FromSeconds(10), defaults.RequestHeadTimeout);
        Assert.Equal(TimeSpan.FromSeconds(130), defaults.KeepAliveTimeout);
        Assert.Equal(TimeSpan.FromSeconds(30), defaults.ReaderStallTimeout);
        Assert.Null(defaults.OtlpEndpoint);
        Assert.Equal(LogFormat.Text, defaults.LogFormat);
        Assert.Empty(new HostingOptionsValidator().Validate(defaults).Errors);
    }

    [Fact]
    public void Every_fault_is_reported_at_once()
    {
        OptionsValidationException refusal = Assert.Throws<OptionsValidationException>(() => Bind(
            ("PoolSizeMax", "0"),
            ("PoolSizMax", "20"),
            ("LogFormat", "xml"),
            ("DatabaseTimeout", "soon"),
            ("RetryDelayBase", "00:00:20"),
            ("OtlpEndpoint", "collector")));

        Assert.Collection(
            refusal.Failures.Order(StringComparer.Ordinal),
            fault => Assert.StartsWith("Hosting:DatabaseTimeout = soon: must be a time, written", fault, StringComparison.Ordinal),
            fault => Assert.StartsWith("Hosting:LogFormat = xml: must be one of Text, Json.", fault, StringComparison.Ordinal),
            fault => Assert.StartsWith("Hosting:OtlpEndpoint = collector: must be an http", fault, StringComparison.Ordinal),
            fault => Assert.StartsWith(
                "Hosting:PoolSizMax: there is no such setting. Did you mean \"PoolSizeMax\"? Hosting has", fault, StringComparison.Ordinal),
            fault => Assert.StartsWith("Hosting:PoolSizeMax = 0: must be between 4 and 1000.", fault, StringComparison.Ordinal),
            fault => Assert.StartsWith("Hosting:RetryDelayMax = 00:00:10: must be at least 00:00:20.", fault, StringComparison.Ordinal));
    }

    [Fact]
    public void A_number_is_no_time()
    {
        OptionsValidationException refusal = Assert.Throws<OptionsValidationException>(() => Bind(("ShutdownTimeout", "20")));

        Assert.Equal(
            "Hosting:ShutdownTimeout = 20: must be a time, written [days.]hh:mm:ss[.fff], such as 00:00:20. "
            + "A number alone would be days: that is 20.00:00:00.",
            Assert.Single(refusal.Failures));
    }

    [Fact]
    public void Keys_are_taken_in_any_case()
    {
        Assert.Equal(7, Bind(("poolsizemax", "7")).PoolSizeMax);
    }

    private static HostingOptions Bind(params (string Key, string Value)[] settings)
    {
        IConfigurationRoot configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(settings.Select(setting =>
                KeyValuePair.Create($"{HostingOptions.Section}:{setting.Key}", (string?)setting.Value)))
            .Build();
        using ServiceProvider services = new ServiceCollection()
            .AddSingleton<IConfiguration>(configuration)
            .AddStageValidators()
            .AddStageOptions<HostingOptions>(HostingOptions.Section).Services
            .BuildServiceProvider();
        return services.GetRequiredService<IOptions<HostingOptions>>().Value;
    }
}
