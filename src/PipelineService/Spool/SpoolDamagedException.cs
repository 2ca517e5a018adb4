namespace PipelineService.Spool;

/// <summary>What the spool holds of an upload is not what was received.</summary>
public sealed class SpoolDamagedException(string message, Exception? cause = null) : Exception(message, cause);
