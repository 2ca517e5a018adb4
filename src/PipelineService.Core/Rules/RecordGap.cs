namespace PipelineService.Core.Rules;

/// <summary>A record whose row lacks what an op should have given it, because nobody answered.</summary>
/// <param name="Record">1-based number of the record in the upload.</param>
/// <param name="Op">0-based index of the op.</param>
/// <param name="Reason">Why there was no answer.</param>
public readonly record struct RecordGap(long Record, int Op, RecordErrorCode Reason);
