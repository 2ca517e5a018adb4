namespace PipelineService.Core.Rules;

/// <summary>One reason why a record was rejected: a struct, so that a million bad records make no garbage.</summary>
/// <param name="Column">0-based index of the column in the plan, or −1 when the record as a whole is at fault.</param>
/// <param name="Code">Why.</param>
/// <param name="ValueStart">Where the offending text starts in the chunk's bytes; as written, escapes included.</param>
/// <param name="ValueLength">Its length in bytes; 0 when there is no text to show.</param>
public readonly record struct RecordError(short Column, RecordErrorCode Code, int ValueStart, int ValueLength)
{
    public const short WholeRecord = -1;
}

/// <summary>A rejected record and where its errors stand in the <see cref="RejectBuffer"/>.</summary>
/// <param name="Record">1-based number of the record in the upload.</param>
/// <param name="Line">1-based number of the physical line on which it starts.</param>
/// <param name="RawStart">Where the record starts in the chunk's bytes.</param>
/// <param name="RawLength">Its length in bytes, without the line end.</param>
/// <param name="ErrorsStart">Index of its first error.</param>
/// <param name="ErrorsCount">How many errors it has, at least 1.</param>
public readonly record struct Reject(
    long Record, long Line, int RawStart, int RawLength, int ErrorsStart, int ErrorsCount);
