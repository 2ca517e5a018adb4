using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>One record of delimited text.</summary>
/// <param name="Start">Where it starts in the bytes that the reader was given.</param>
/// <param name="Length">Its bytes without the line end that closes it.</param>
/// <param name="FirstLine">0-based number, within those bytes, of the physical line on which it starts.</param>
/// <param name="Lines">Physical lines it spans, at least 1.</param>
/// <param name="FieldCount">How many fields it has, also those that found no room in the caller's array; 0 with a
/// fault.</param>
/// <param name="Fault"><see cref="RecordErrorCode.UnterminatedQuote"/> for any fault of quoting,
/// <see cref="RecordErrorCode.RecordTooLong"/>, or none. A record with a fault is one physical line.</param>
public readonly record struct CsvRecord(
    int Start, int Length, int FirstLine, int Lines, int FieldCount, RecordErrorCode Fault);
