namespace PipelineService.Hosting.Startup;

/// <summary>
/// The service cannot start, for a reason that the operator can mend. Its message is written for them, and is all they see:
/// no stack trace.
/// </summary>
public class StartupException(string message, Exception? cause = null) : Exception(message, cause);
