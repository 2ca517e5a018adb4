using System.Diagnostics.CodeAnalysis;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace PipelineService.Hosting;

/// <summary>
/// The pipelines that try again what <see cref="SqlFaults"/> says may pass. From the outside in: retry, circuit breaker, and
/// for requests a timeout of each attempt. The breaker is one instance in both pipelines and counts outages only.
/// </summary>
public static class DatabaseResilience
{
    private const int RequestRetries = 3;

    internal static ResiliencePipeline Breaker(
        HostingOptions options, TimeProvider time, Action<CircuitState, Exception?> entered)
    {
        return new ResiliencePipelineBuilder { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Exception is { } fault && SqlFaults.Of(fault) == SqlFault.Outage),
                FailureRatio = 0.5,
                MinimumThroughput = options.BreakerFailures,
                SamplingDuration = options.BreakerWindow,
                BreakDuration = options.BreakerDuration,
                OnOpened = change => Enter(CircuitState.Open, change.Outcome.Exception),
                OnHalfOpened = _ => Enter(CircuitState.HalfOpen, null),
                OnClosed = _ => Enter(CircuitState.Closed, null),
            })
            .Build();

        ValueTask Enter(CircuitState state, Exception? fault)
        {
            entered(state, fault);
            return default;
        }
    }

    /// <summary>Few quick retries; an open circuit ends them at once.</summary>
    internal static ResiliencePipeline ForRequests(
        HostingOptions options, TimeProvider time, ResiliencePipeline breaker, Action<Exception?> retrying) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(Retry(
                options, retrying, fault => SqlFaults.MayPass(fault) && !SqlFaults.IsRefusedLogin(fault), RequestRetries))
            .AddPipeline(breaker)
            .AddTimeout(options.DatabaseTimeout)
            .Build();

    /// <summary>Retries without end; an open circuit is waited for, not hammered.</summary>
    internal static ResiliencePipeline Patient(
        HostingOptions options, TimeProvider time, ResiliencePipeline breaker, Action<Exception?> retrying)
    {
        RetryStrategyOptions retry = Retry(
            options, retrying, fault => fault is BrokenCircuitException || SqlFaults.MayPass(fault), int.MaxValue);
        retry.DelayGenerator = attempt => ValueTask.FromResult(
            attempt.Outcome.Exception is BrokenCircuitException broken
                ? UntilHalfOpen(broken.RetryAfter ?? options.BreakerDuration, options.RetryDelayBase)
                : (TimeSpan?)null);
        return new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(retry).AddPipeline(breaker).Build();
    }

    private static RetryStrategyOptions Retry(
        HostingOptions options, Action<Exception?> retrying, Func<Exception, bool> handles, int attempts) => new()
        {
            ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Exception is { } fault && handles(fault)),
            MaxRetryAttempts = attempts,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = options.RetryDelayBase,
            MaxDelay = options.RetryDelayMax,
            OnRetry = attempt =>
            {
                retrying(attempt.Outcome.Exception);
                return default;
            },
        };

    /// <summary>Everybody waits for the same moment: spread over a little more than it, or they would arrive as a herd.</summary>
    [SuppressMessage("Security", "CA5394", Justification = "Jitter, not a secret.")]
    private static TimeSpan UntilHalfOpen(TimeSpan remaining, TimeSpan spread) =>
        remaining + (spread * (1 + Random.Shared.NextDouble()));
}
