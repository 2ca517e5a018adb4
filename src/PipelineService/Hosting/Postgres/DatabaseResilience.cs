using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using PipelineService.Hosting.Telemetry;
using Polly;
using Polly.CircuitBreaker;
using Polly.DependencyInjection;
using Polly.Registry;
using Polly.Retry;
using Polly.Telemetry;

namespace PipelineService.Hosting.Postgres;

/// <summary>
/// The pipelines that try again what <see cref="SqlFaults"/> says may pass. From the outside in: retry, circuit breaker, and
/// for requests a timeout of each attempt. The breaker is one instance in both pipelines and counts outages only.
/// </summary>
internal static partial class DatabaseResilience
{
    public const string Breaker = "database-breaker";

    /// <summary>Few quick retries; an open circuit ends them at once.</summary>
    public const string Requests = "database-requests";

    /// <summary>Retries without end; an open circuit is waited for, not hammered.</summary>
    public const string Patient = "database-patient";

    private const int RequestRetries = 3;

    public static IServiceCollection AddDatabaseResilience(this IServiceCollection services)
    {
        services.AddSingleton<DatabaseCircuit>();
        services.AddResiliencePipeline<string>(Breaker, (pipeline, context) => pipeline.AddCircuitBreaker(
            BreakerOf(OptionsOf(context), context.ServiceProvider.GetRequiredService<DatabaseCircuit>())));
        services.AddResiliencePipeline<string>(Requests, (pipeline, context) => pipeline
            .AddRetry(RetryOf(context, fault => SqlFaults.MayPass(fault) && !SqlFaults.IsRefusedLogin(fault), RequestRetries))
            .AddPipeline(BreakerOf(context))
            .AddTimeout(OptionsOf(context).DatabaseTimeout));
        services.AddResiliencePipeline<string>(Patient, (pipeline, context) => pipeline
            .AddRetry(PatientRetryOf(context))
            .AddPipeline(BreakerOf(context)));

        // Its events are metrics. The log tells of the database in our words: not of each attempt, and not for as long as an outage.
        return services.Configure<TelemetryOptions>(telemetry => telemetry.LoggerFactory = NullLoggerFactory.Instance);
    }

    private static HostingOptions OptionsOf(AddResiliencePipelineContext<string> context) =>
        context.ServiceProvider.GetRequiredService<IOptions<HostingOptions>>().Value;

    private static ResiliencePipeline BreakerOf(AddResiliencePipelineContext<string> context) =>
        context.ServiceProvider.GetRequiredService<ResiliencePipelineProvider<string>>().GetPipeline(Breaker);

    private static CircuitBreakerStrategyOptions BreakerOf(HostingOptions options, DatabaseCircuit circuit)
    {
        return new CircuitBreakerStrategyOptions
        {
            ShouldHandle = attempt =>
                ValueTask.FromResult(attempt.Outcome.Exception is { } fault && SqlFaults.Of(fault) == SqlFault.Outage),
            FailureRatio = 0.5,
            MinimumThroughput = options.BreakerFailures,
            SamplingDuration = options.BreakerWindow,
            BreakDuration = options.BreakerDuration,
            OnOpened = change => Enter(CircuitState.Open, change.Outcome.Exception),
            OnHalfOpened = _ => Enter(CircuitState.HalfOpen, null),
            OnClosed = _ => Enter(CircuitState.Closed, null),
        };

        ValueTask Enter(CircuitState state, Exception? fault)
        {
            circuit.Enter(state, fault);
            return default;
        }
    }

    private static RetryStrategyOptions PatientRetryOf(AddResiliencePipelineContext<string> context)
    {
        HostingOptions options = OptionsOf(context);
        RetryStrategyOptions retry = RetryOf(
            context, fault => fault is BrokenCircuitException || SqlFaults.MayPass(fault), int.MaxValue);
        retry.DelayGenerator = attempt => ValueTask.FromResult(
            attempt.Outcome.Exception is BrokenCircuitException broken
                ? UntilHalfOpen(broken.RetryAfter ?? options.BreakerDuration, options.RetryDelayBase)
                : (TimeSpan?)null);
        return retry;
    }

    private static RetryStrategyOptions RetryOf(
        AddResiliencePipelineContext<string> context, Func<Exception, bool> handles, int attempts)
    {
        HostingOptions options = OptionsOf(context);
        PipelineMetrics metrics = context.ServiceProvider.GetRequiredService<PipelineMetrics>();
        ILogger logger = context.ServiceProvider.GetRequiredService<ILogger<Database>>();
        return new()
        {
            ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Exception is { } fault && handles(fault)),
            MaxRetryAttempts = attempts,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = options.RetryDelayBase,
            MaxDelay = options.RetryDelayMax,
            OnRetry = attempt =>
            {
                metrics.DatabaseRetried();
                Log.Retrying(logger, attempt.Outcome.Exception?.Message);
                return default;
            },
        };
    }

    /// <summary>Everybody waits for the same moment: spread over a little more than it, or they would arrive as a herd.</summary>
    [SuppressMessage("Security", "CA5394", Justification = "Jitter, not a secret.")]
    private static TimeSpan UntilHalfOpen(TimeSpan remaining, TimeSpan spread) =>
        remaining + (spread * (1 + Random.Shared.NextDouble()));

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Debug, "Trying the database again after: {Fault}")]
        public static partial void Retrying(ILogger logger, string? fault);
    }
}
