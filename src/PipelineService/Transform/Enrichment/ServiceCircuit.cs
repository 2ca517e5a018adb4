using PipelineService.Core.Rules;
using PipelineService.Datasets.Enrich;
using Polly;
using Polly.Retry;

namespace PipelineService.Transform.Enrichment;

/// <summary>
/// When a service is asked again, and when not for a while. A call is tried again with jitter, or when the service says if that is soon.
/// Two calls in a row whose tries are all spent open the circuit: nobody calls then, for longer each time; after that one call shows
/// whether it closes. What the service has answered wrongly is no outage: it is not tried again and opens nothing.
/// </summary>
/// <remarks>
/// The breaker of Polly goes by the ratio of failures within a window. After seconds of fifty good calls each it would let hundreds of calls
/// run into the outage, all their tries included, while jobs hold what they have.
/// </remarks>
internal sealed class ServiceCircuit
{
    private const int FailuresMax = 2;

    /// <summary>Longer ones are no pause between two tries: the call fails, and nobody calls until then.</summary>
    private static readonly TimeSpan RetryAfterUsual = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan RetryAfterMax = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan BreakMin = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BreakMax = TimeSpan.FromSeconds(30);

    /// <summary>How long a job waits whose questions are answered wrongly: nobody knows when that is mended.</summary>
    private static readonly TimeSpan WrongPause = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly ResiliencePipeline<CallOutcome> _tries;
    private readonly Lock _lock = new();
    private CallOutcome? _last;
    private TimeSpan _pause;
    private long _since;
    private int _failures;
    private bool _isTold;

    /// <param name="options">The service.</param>
    /// <param name="retried">Told of each call that is tried again.</param>
    public ServiceCircuit(ServiceOptions options, TimeProvider time, Action retried)
    {
        _time = time;
        ResiliencePipelineBuilder<CallOutcome> tries = new() { TimeProvider = time };
        if (options.Retries > 0)
        {
            tries.AddRetry(new RetryStrategyOptions<CallOutcome>
            {
                ShouldHandle = static call => ValueTask.FromResult(
                    call.Outcome.Result is { MayPass: true } outcome && !(outcome.RetryAfter > RetryAfterUsual)),
                MaxRetryAttempts = options.Retries,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(250),
                MaxDelay = RetryAfterUsual,
                UseJitter = true,
                DelayGenerator = static call => ValueTask.FromResult(
                    call.Outcome.Result?.RetryAfter is { Ticks: > 0 } said ? said : (TimeSpan?)null),
                OnRetry = _ =>
                {
                    retried();
                    return default;
                },
            });
        }

        _tries = tries.Build();
    }

    /// <summary>0 closed, 1 open, 2 half-open.</summary>
    public int State
    {
        get
        {
            lock (_lock)
            {
                return !IsBroken ? 0 : Left > TimeSpan.Zero ? 1 : 2;
            }
        }
    }

    /// <summary>Why the last call had no answers; none when it had, or was never made.</summary>
    public RecordErrorCode Fault
    {
        get
        {
            lock (_lock)
            {
                return _last?.Fault ?? RecordErrorCode.None;
            }
        }
    }

    /// <summary>How long whoever needs an answer had better wait, after a call that had none.</summary>
    public TimeSpan Pause
    {
        get
        {
            lock (_lock)
            {
                return _last is null or { Fault: RecordErrorCode.None } ? TimeSpan.Zero : Left;
            }
        }
    }

    private bool IsBroken => _isTold || _failures >= FailuresMax;

    private TimeSpan Left => _pause - _time.GetElapsedTime(_since);

    /// <summary>Makes a call unless the circuit is open, tries it again where that may help, and remembers how it went.</summary>
    public async Task<CallOutcome> RunAsync(Func<CancellationToken, ValueTask<CallOutcome>> call, CancellationToken cancellationToken)
    {
        if (State == 1)
        {
            return CallOutcome.Failed(Fault, mayPass: true);
        }

        CallOutcome outcome = await _tries.ExecuteAsync(call, cancellationToken);
        Remember(outcome);
        return outcome;
    }

    /// <summary>Each time that the circuit opens again makes the next pause longer, up to half a minute, or as long as the service says.</summary>
    private void Remember(CallOutcome outcome)
    {
        lock (_lock)
        {
            if (outcome.MayPass && IsBroken && Left > TimeSpan.Zero)
            {
                return; // it was under way when the circuit opened, and says nothing new
            }

            _last = outcome;
            _since = _time.GetTimestamp();
            _isTold = outcome is { MayPass: true, RetryAfter: { } wait } && wait > RetryAfterUsual;
            _failures = outcome.MayPass ? _failures + 1 : 0;
            if (!outcome.MayPass)
            {
                _pause = WrongPause;
                return;
            }

            double grown = Math.Min(BreakMax.TotalSeconds, BreakMin.TotalSeconds * Math.Pow(2, Math.Clamp(_failures - FailuresMax, 0, 10)));
            var own = TimeSpan.FromSeconds(grown * (0.75 + (Random.Shared.NextDouble() / 4)));
            TimeSpan said = _isTold ? outcome.RetryAfter!.Value : TimeSpan.Zero;
            _pause = said <= own ? own : said < RetryAfterMax ? said : RetryAfterMax;
        }
    }
}
