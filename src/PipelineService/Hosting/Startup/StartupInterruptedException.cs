namespace PipelineService.Hosting.Startup;

/// <summary>
/// A program that the start needs was ended by a signal: Ctrl+C reaches all programs of a terminal at once, and that one may
/// say so before our own handler has run.
/// </summary>
public sealed class StartupInterruptedException(string message) : OperationCanceledException(message);
