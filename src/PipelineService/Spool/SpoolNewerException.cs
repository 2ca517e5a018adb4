namespace PipelineService.Spool;

/// <summary>
/// An upload is written in a form that this version does not know: neither damaged nor for us. It is left as it is.
/// </summary>
public sealed class SpoolNewerException(string message) : Exception(message);
