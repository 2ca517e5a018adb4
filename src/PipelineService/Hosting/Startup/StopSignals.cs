using System.Runtime.InteropServices;

namespace PipelineService.Hosting.Startup;

/// <summary>
/// Remembers by which signal the process was asked to end. A service that runs ends well by it; what was broken off, a start or
/// the demo, ends with the exit code that shells and supervisors know for the signal.
/// </summary>
public sealed class StopSignals : IDisposable
{
    /// <summary>What a shell adds to the number of a signal.</summary>
    private const int Base = 128;

    private const int Interrupt = 2;
    private const int Terminate = 15;

    private readonly PosixSignalRegistration _onInterrupt;
    private readonly PosixSignalRegistration _onTerminate;
    private volatile int _signal = Interrupt;

    /// <summary>Begins to watch; whether a signal ends the process is for others to say.</summary>
    public StopSignals()
    {
        _onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => _signal = Interrupt);
        _onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => _signal = Terminate);
    }

    /// <summary>The exit code for what was broken off: 130 after Ctrl+C, 143 after SIGTERM.</summary>
    public int ExitCode => Base + _signal;

    public void Dispose()
    {
        _onInterrupt.Dispose();
        _onTerminate.Dispose();
    }
}

/// <summary>
/// A program that the start needs was ended by a signal: Ctrl+C reaches all programs of a terminal at once, and that one may say so
/// before our own handler has run.
/// </summary>
public sealed class StartupInterruptedException : OperationCanceledException
{
    public StartupInterruptedException()
    {
    }

    public StartupInterruptedException(string message)
        : base(message)
    {
    }

    public StartupInterruptedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
