using System.Collections.Immutable;
using System.Text.Unicode;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>Cuts longer texts at their end, and counts the records for which it does. What stays is not copied.</summary>
/// <param name="fields">The fields that it works on.</param>
/// <param name="op">0-based index of the op, under which it counts.</param>
/// <param name="length">Code points that stay.</param>
internal sealed class TruncateStep(ImmutableArray<StepField> fields, int op, int length) : FieldStep(fields, TextScope.Scalars)
{
    /// <inheritdoc/>
    protected override RecordErrorCode Change(OpenRecord record, int field, ReadOnlySpan<byte> text)
    {
        if (text.Length > length && CodePoints.EndOfFirst(text, length) is int end && end < text.Length && Utf8.IsValid(text))
        {
            record.SetPart(field, record.ValueOf(field), 0, end);
            record.CountFor(op);
        }

        return RecordErrorCode.None;
    }
}

/// <summary>Fills shorter texts up.</summary>
internal sealed class PadStep(ImmutableArray<StepField> fields, PadOp op) : FieldStep(fields, TextScope.Scalars)
{
    private readonly int _length = op.Length;
    private readonly bool _isStart = op.Side == PadSide.Start;
    private readonly int _characterBytes = op.Character.Utf8SequenceLength;
    private readonly byte[] _filling =
        System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(op.Character.ToString(), op.Length)));

    /// <inheritdoc/>
    protected override RecordErrorCode Change(OpenRecord record, int field, ReadOnlySpan<byte> text)
    {
        int lacking = _length - CodePoints.Count(text);
        if (lacking <= 0 || !Utf8.IsValid(text))
        {
            return RecordErrorCode.None;
        }

        ReadOnlySpan<byte> filling = _filling.AsSpan(0, lacking * _characterBytes);
        if (!record.TryMakeRoom(text.Length + filling.Length, out Span<byte> room))
        {
            return RecordErrorCode.ResultTooLong;
        }

        filling.CopyTo(room[(_isStart ? 0 : text.Length)..]);
        text.CopyTo(room[(_isStart ? filling.Length : 0)..]);
        record.Keep(field, text.Length + filling.Length);
        return RecordErrorCode.None;
    }
}
