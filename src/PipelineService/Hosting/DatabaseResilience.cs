using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using Npgsql;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace PipelineService.Hosting;

/// <summary>
/// When a fault of the database is worth another try, and the pipelines that make it. From the outside in: retry, circuit
/// breaker, and for requests a timeout of each attempt. The breaker is one instance in both pipelines.
/// </summary>
public static class DatabaseResilience
{
    private const int RequestRetries = 3;

    /// <summary>The same statement may succeed when it is sent again: the driver's opinion, and what it leaves out.</summary>
    public static bool IsTransient(Exception fault) => fault switch
    {
        // Not in the driver's list: the server is being stopped (57P01, 57P02), a session was ended for idling (57P05), or
        // after a failover the pool still holds connections to what is now a replica (25006).
        PostgresException { SqlState: "57P01" or "57P02" or "57P05" or "25006" } => true,
        NpgsqlException driver => driver.IsTransient,
        TimeoutRejectedException or TimeoutException or SocketException or IOException => true,
        _ => IsDriverRace(fault),
    };

    /// <summary>
    /// A connection that broke while it was used or cancelled, told by the driver in a way of its own
    /// (npgsql/npgsql#6415, #6568): the event by which its threads wait for each other is gone.
    /// </summary>
    public static bool IsDriverRace(Exception fault) =>
        fault is ObjectDisposedException { ObjectName: "System.Threading.ManualResetEventSlim" };

    /// <summary>
    /// Transient, and the server's fault: what the breaker counts. A deadlock or lack of connections in our own pool is worth a
    /// retry, but says nothing about the health of the server.
    /// </summary>
    public static bool IsOutage(Exception fault) => IsTransient(fault) && fault switch
    {
        PostgresException { SqlState: ['4', '0', ..] or "55P03" or "55006" } => false,
        NpgsqlException { InnerException: TimeoutException } driver =>
            !driver.Message.Contains("pool has been exhausted", StringComparison.Ordinal),
        _ => true,
    };

    internal static ResiliencePipeline Breaker(
        HostingOptions options, TimeProvider time, Action<CircuitState, Exception?> entered)
    {
        return new ResiliencePipelineBuilder { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                ShouldHandle = attempt => ValueTask.FromResult(attempt.Outcome.Exception is { } fault && IsOutage(fault)),
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
            .AddRetry(Retry(options, retrying, IsTransient, RequestRetries))
            .AddPipeline(breaker)
            .AddTimeout(options.DatabaseTimeout)
            .Build();

    /// <summary>Retries without end; an open circuit is waited for, not hammered.</summary>
    internal static ResiliencePipeline Patient(
        HostingOptions options, TimeProvider time, ResiliencePipeline breaker, Action<Exception?> retrying)
    {
        RetryStrategyOptions retry = Retry(
            options, retrying, fault => fault is BrokenCircuitException || IsTransient(fault), int.MaxValue);
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
