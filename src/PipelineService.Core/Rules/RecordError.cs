using System.Runtime.InteropServices;

namespace PipelineService.Core.Rules;

/// <summary>One reason why a record was rejected: a struct, so that a million bad records make no garbage.</summary>
/// <param name="Column">0-based index of the column in the plan, or −1 when the record as a whole is at fault.</param>
/// <param name="Code">Why.</param>
/// <param name="ValueStart">Where the offending text starts in the chunk's bytes.</param>
/// <param name="ValueLength">Its length in bytes as written; 0 when there is no text to show.</param>
/// <param name="Spelling">How it is written.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RecordError(
    short Column, RecordErrorCode Code, int ValueStart, int ValueLength, ValueSpelling Spelling = ValueSpelling.Plain)
{
    public const short WholeRecord = -1;

    private readonly short _op;

    /// <summary>Of a record with too few or too many fields: how many; else nothing.</summary>
    public FieldCounts Fields { get; init; }

    /// <summary>0-based index of the op of the dataset's transforms that rejects the record; null when none does.</summary>
    public int? Op
    {
        get => _op == 0 ? null : _op - 1;
        init => _op = (short)(value + 1 ?? 0);
    }

    /// <summary>Why the op's expression has no result, or none.</summary>
    public ExpressionError Expression { get; init; }

    /// <summary>What the op was answered, as <see cref="RejectBuffer.AnswerOf"/> finds it; 0 for nothing that is told.</summary>
    public int Answer { get; init; }
}

/// <summary>How many fields a record has, and how many it should have.</summary>
public readonly record struct FieldCounts(int Found, int Expected);

/// <summary>A rejected record and where its errors stand in the <see cref="RejectBuffer"/>.</summary>
/// <param name="Record">1-based number of the record in the upload.</param>
/// <param name="Line">1-based number of the physical line on which it starts.</param>
/// <param name="RawStart">Where the record starts in the chunk's bytes.</param>
/// <param name="RawLength">Its length in bytes, without the line end.</param>
/// <param name="ErrorsStart">Index of its first error.</param>
/// <param name="ErrorsCount">How many errors are told, at least 1.</param>
/// <param name="ErrorsUntold">How many more it has.</param>
public readonly record struct Reject(
    long Record, long Line, int RawStart, int RawLength, int ErrorsStart, int ErrorsCount, int ErrorsUntold);
