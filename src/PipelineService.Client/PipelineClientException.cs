namespace PipelineService.Client;

/// <summary>The service answered with something other than success; the message holds its answer.</summary>
public sealed class PipelineClientException(string message) : Exception(message);
