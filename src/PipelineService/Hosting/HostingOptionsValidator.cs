using FluentValidation;

namespace PipelineService.Hosting;

/// <summary>The ranges of <see cref="HostingOptions"/>, and how they depend on each other.</summary>
internal sealed class HostingOptionsValidator : AbstractValidator<HostingOptions>
{
    public HostingOptionsValidator()
    {
        RuleFor(options => options.PostgresBinaries).Must(Directory.Exists).WithMessage("is not a folder.")
            .When(options => options.PostgresBinaries is not null);
        RuleFor(options => options.DataDirectory).NotEmpty();
        RuleFor(options => options.PoolSizeMax).InclusiveBetween(4, 1000);
        RuleFor(options => options.DatabaseTimeout)
            .InclusiveBetween(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));
        RuleFor(options => options.StatementTimeout).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        RuleFor(options => options.RetryDelayBase)
            .InclusiveBetween(TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        RuleFor(options => options.RetryDelayMax)
            .GreaterThanOrEqualTo(options => options.RetryDelayBase)
            .LessThanOrEqualTo(TimeSpan.FromMinutes(10));
        RuleFor(options => options.BreakerFailures).InclusiveBetween(2, 1000);
        RuleFor(options => options.BreakerWindow).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        RuleFor(options => options.BreakerDuration)
            .InclusiveBetween(TimeSpan.FromMilliseconds(500), TimeSpan.FromMinutes(10));
        RuleFor(options => options.ShutdownTimeout).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        RuleFor(options => options.DrainDelay).InclusiveBetween(TimeSpan.Zero, TimeSpan.FromMinutes(10));
        RuleFor(options => options.ClientConnectionsMax).InclusiveBetween(1, 1_000_000);
        RuleFor(options => options.RequestHeadTimeout).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        RuleFor(options => options.KeepAliveTimeout).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        RuleFor(options => options.ReaderStallTimeout).InclusiveBetween(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        RuleFor(options => options.OtlpEndpoint)
            .Must(endpoint => endpoint!.IsAbsoluteUri && endpoint.Scheme is "http" or "https")
            .WithMessage("must be an http or https address, such as http://localhost:4317.")
            .When(options => options.OtlpEndpoint is not null);
        RuleFor(options => options.MetricsDatasetsMax).InclusiveBetween(1, 5000);
        RuleFor(options => options.MetricsSourcesMax).InclusiveBetween(1, 5000);
        RuleFor(options => options.LogFormat).IsInEnum();
    }
}
