using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using PipelineService.Datasets.Enrich;
using PipelineService.Hosting.Startup;

namespace PipelineService.Tests.Datasets.Enrich;

/// <summary>Section <c>Enrich</c>.</summary>
public sealed class EnrichOptionsTests
{
    [Fact]
    public void Defaults_are_the_documented_ones()
    {
        EnrichOptions options = Bind(("Services:geo:Url", "http://geo:8080/look"), ("Services:geo:Secret", "GEO"), ("Secrets:GEO", "Bearer x"));
        ServiceOptions geo = options.Services["geo"];

        Assert.Equal(16, options.ChunksMax);
        Assert.Equal(
            (ServiceMode.Batch, "Authorization", 500, 4, 50, 3), (geo.Mode, geo.SecretHeader, geo.BatchMax, geo.Concurrency, geo.PerSecond, geo.Retries));
        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromHours(1)), (geo.Timeout, geo.CacheFor));
        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromDays(1)), (geo.CacheMissingFor, geo.StaleFor));
        Assert.Equal((32L << 20, 8 << 20), (geo.CacheBytes, geo.AnswerBytesMax));
    }

    [Fact]
    public void Every_fault_of_every_service_is_reported_at_once_and_no_secret_is_shown()
    {
        OptionsValidationException refusal = Assert.Throws<OptionsValidationException>(() => Bind(
            ("ChunksMax", "2"), ("ChunkMax", "3"), ("Secrets:LINES", "Zx81\nQq77"),
            ("Services:Geo:Url", "http://geo"),
            ("Services:away:Url", "ftp://geo"), ("Services:away:Mode", "put"), ("Services:away:PerSecond", "0"), ("Services:away:Timeout", "5"),
            ("Services:none:BatchMax", "0"), ("Services:none:Secret", "NONE"), ("Services:none:BatchMx", "1")));

        Assert.Equal(
            [
                "Enrich:ChunkMax: there is no such setting. Did you mean \"ChunksMax\"? Enrich has ChunksMax, Services, Secrets.",
                "Enrich:ChunksMax = 2: There must be at least one for each service.",
                "Enrich:Secrets:LINES = (not shown): Must be one line: it is sent as a header.",
                "Enrich:Services:Geo = Geo: The name must match ^[a-z][a-z0-9_]{0,62}$: small letters, digits and underscores.",
                "Enrich:Services:away:Mode = put: must be one of Batch, Get.",
                "Enrich:Services:away:PerSecond = 0: must be between 1 and 10000.",
                "Enrich:Services:away:Timeout = 5: must be a time, written",
                "Enrich:Services:away:Url = ftp://geo/: Must be an address that begins with http:// or https://",
                "Enrich:Services:none:BatchMax = 0: must be between 1 and 10000.",
                "Enrich:Services:none:BatchMx: there is no such setting. Did you mean \"BatchMax\"?",
                "Enrich:Services:none:Secret = NONE: There is no such secret: set Enrich:Secrets:NONE.",
                "Enrich:Services:none:Url = : Is missing: the address of the service",
            ],
            refusal.Failures.Order(StringComparer.Ordinal),
            (expected, actual) => actual.StartsWith(expected, StringComparison.Ordinal));
        Assert.DoesNotContain("Zx81", refusal.Message, StringComparison.Ordinal);
    }

    private static EnrichOptions Bind(params (string Key, string Value)[] settings)
    {
        ServiceCollection services = new();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(
            settings.Select(setting => KeyValuePair.Create($"Enrich:{setting.Key}", (string?)setting.Value))).Build());
        services.AddStageValidators();
        services.AddStageOptions<EnrichOptions>(EnrichOptions.Section);
        return services.BuildServiceProvider().GetRequiredService<IOptions<EnrichOptions>>().Value;
    }
}
