using System.Runtime.InteropServices;
using Microsoft.Extensions.Options;

namespace PipelineService.Hosting;

/// <summary>
/// How the process is told to stop. Ctrl+C stops at once. SIGTERM comes from whoever sends others here, too: readiness says no
/// first, requests are served on for <see cref="HostingOptions.DrainDelay"/>, and only then are connections refused, which a
/// balancer that has not noticed yet would pass on to its clients. A second signal ends the wait.
/// </summary>
internal sealed partial class ServiceLifetime(
    IHostApplicationLifetime lifetime,
    IOptions<HostingOptions> options,
    IHostEnvironment environment,
    TimeProvider time,
    ILogger<ServiceLifetime> logger) : IHostLifetime, IDisposable
{
    private readonly List<IDisposable> _registrations = [];
    private readonly CancellationTokenSource _draining = new();
    private int _signals;
    private PosixSignal _first = PosixSignal.SIGINT;

    /// <summary>Whether a stop was asked for.</summary>
    public bool IsStopping => _draining.IsCancellationRequested || lifetime.ApplicationStopping.IsCancellationRequested;

    /// <summary>
    /// The exit code of what was broken off, a start or the demo, as shells and supervisors know it: 130 after Ctrl+C, 143 after
    /// SIGTERM. A service that was up ends well by both.
    /// </summary>
    public int ExitCodeOfBrokenOff => 128 + _first switch
    {
        PosixSignal.SIGTERM => 15,
        PosixSignal.SIGQUIT => 3,
        _ => 2,
    };

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _registrations.Add(lifetime.ApplicationStarted.Register(() => Log.Started(logger, environment.EnvironmentName)));
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGTERM])
        {
            _registrations.Add(PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true; // the process ends when all that is in hand has been put down
                Stop(context.Signal);
            }));
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _draining.Dispose();
    }

    /// <summary>Begins to stop, or ends the wait of the signal before.</summary>
    internal void Stop(PosixSignal signal)
    {
        bool isFirst = Interlocked.Increment(ref _signals) == 1;
        _first = isFirst ? signal : _first;
        TimeSpan delay = options.Value.DrainDelay;
        if (!isFirst || signal == PosixSignal.SIGINT || delay == TimeSpan.Zero
            || !lifetime.ApplicationStarted.IsCancellationRequested)
        {
            Log.Stopping(logger, signal);
            lifetime.StopApplication();
            return;
        }

        Log.Draining(logger, signal, delay);
        _draining.Cancel();
        _ = StopLaterAsync(delay);
    }

    private async Task StopLaterAsync(TimeSpan delay)
    {
        await Task.Delay(delay, time, lifetime.ApplicationStopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lifetime.StopApplication();
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "Started in {Environment}; Ctrl+C or SIGTERM stops it.")]
        public static partial void Started(ILogger logger, string environment);

        [LoggerMessage(LogLevel.Information, "{Signal}: stopping.")]
        public static partial void Stopping(ILogger logger, PosixSignal signal);

        [LoggerMessage(LogLevel.Information,
            "{Signal}: readiness says no from now on; connections are refused in {Delay} (Hosting:DrainDelay). "
            + "A second signal stops at once.")]
        public static partial void Draining(ILogger logger, PosixSignal signal, TimeSpan delay);
    }
}
