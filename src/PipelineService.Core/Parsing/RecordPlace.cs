namespace PipelineService.Core.Parsing;

/// <summary>Where a record stands in the bytes that the reader was given.</summary>
/// <param name="Start">Where it starts.</param>
/// <param name="Length">Its bytes, without the line end that closes it.</param>
/// <param name="Line">0-based number, within those bytes, of the physical line on which it starts.</param>
public readonly record struct RecordPlace(int Start, int Length, int Line);
