namespace PipelineService.Core.Parsing;

/// <summary>What a <see cref="RecordScanner"/> found.</summary>
/// <param name="Length">Bytes of whole records from the start; the next record starts there.</param>
/// <param name="Records">Records in those bytes (malformed ones count; blank lines do not).</param>
/// <param name="Lines">Physical lines in those bytes.</param>
/// <param name="RecordTooLong">The bytes after <paramref name="Length"/> start with a line longer than the limit.</param>
public readonly record struct ScanResult(int Length, int Records, int Lines, bool RecordTooLong)
{
    /// <summary>
    /// The bytes after <see cref="Length"/> are not written so that records could be told apart; their place is within the bytes that
    /// were scanned. Only told when no record comes before.
    /// </summary>
    public FramingFault? Fault { get; init; }

    /// <summary>
    /// No record follows: what does, up to the end of the upload, only closes the document. Only told when no record comes before.
    /// </summary>
    public bool IsAtTail { get; init; }
}
