namespace PipelineService.Client;

/// <summary>A rejected record as the service showed it.</summary>
/// <param name="Record">1-based number of the record.</param>
/// <param name="Line">1-based number of the line that it starts on.</param>
/// <param name="Errors">Why it was rejected; at least one.</param>
public sealed record ObservedDeadLetter(long Record, long Line, IReadOnlyList<ObservedRecordError> Errors);

/// <summary>One reason.</summary>
/// <param name="Field">Null when the record as a whole is at fault.</param>
public sealed record ObservedRecordError(string? Field, string Code, string? Message, string? Value);
