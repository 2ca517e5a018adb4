namespace PipelineService.Core.Parsing;

/// <summary>What a <see cref="RecordScanner"/> found.</summary>
/// <param name="Length">Bytes of whole records from the start; the next record starts there.</param>
/// <param name="Records">Records in those bytes (malformed ones count; blank lines do not).</param>
/// <param name="Lines">Physical lines in those bytes.</param>
/// <param name="RecordTooLong">The bytes after <paramref name="Length"/> start with a line longer than the limit.</param>
public readonly record struct ScanResult(int Length, int Records, int Lines, bool RecordTooLong);
