using Microsoft.Extensions.Options;
using Polly.CircuitBreaker;

namespace PipelineService.Hosting.Postgres;

/// <summary>
/// What the circuit breaker around the database thinks. One for the whole process: what one stage learns about an outage,
/// all of them know.
/// </summary>
public sealed partial class DatabaseCircuit(IOptions<HostingOptions> options, ILogger<DatabaseCircuit> logger)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource _change = NewSignal();

    /// <summary>Closed: in use. Open: nobody tries. Half-open: one attempt is under way.</summary>
    public CircuitState State { get; private set; }

    /// <summary>How often it has opened since the start.</summary>
    public int Outages { get; private set; }

    /// <summary>The fault that has opened it last.</summary>
    public Exception? OpenedBy { get; private set; }

    /// <summary>False from the moment the circuit opens until an attempt has succeeded.</summary>
    public bool IsClosed => State == CircuitState.Closed;

    /// <summary>Completes at the next change of <see cref="State"/>.</summary>
    public Task WaitForChangeAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return _change.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Completes as soon as the circuit is in one of the states that the predicate accepts.</summary>
    public async Task WaitUntilAsync(Func<CircuitState, bool> accept, CancellationToken cancellationToken)
    {
        while (true)
        {
            // The signal before the state: a change between the two is then not missed.
            Task change = WaitForChangeAsync(cancellationToken);
            if (accept(State))
            {
                return;
            }

            await change;
        }
    }

    /// <param name="fault">What has opened it; null in other states.</param>
    internal void Enter(CircuitState state, Exception? fault)
    {
        if (state == CircuitState.Open)
        {
            OpenedBy = fault;
            Outages++;
            Log.Opened(logger, options.Value.BreakerDuration, fault?.Message);
        }
        else if (state == CircuitState.Closed)
        {
            Log.Closed(logger);
        }

        TaskCompletionSource change;
        lock (_lock)
        {
            State = state;
            change = _change;
            _change = NewSignal();
        }

        change.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning,
            "The database cannot be reached; requests are refused and jobs wait, next try in {Pause}: {Fault}")]
        public static partial void Opened(ILogger logger, TimeSpan pause, string? fault);

        [LoggerMessage(LogLevel.Information, "The database is back")]
        public static partial void Closed(ILogger logger);
    }
}
