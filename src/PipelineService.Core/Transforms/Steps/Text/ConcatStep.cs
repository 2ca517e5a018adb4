using System.Collections.Immutable;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>Puts texts together. Where none of the fields has a value there is none.</summary>
internal sealed class ConcatStep(ImmutableArray<StepField> fields, int into, string separator) : RecordStep
{
    private readonly StepField[] _fields = [.. fields];
    private readonly byte[] _separator = System.Text.Encoding.UTF8.GetBytes(separator);

    /// <inheritdoc/>
    public override ImmutableArray<int> Gives { get; } = [into];

    /// <inheritdoc/>
    public override StepResult Apply(OpenRecord record)
    {
        int count = 0;
        long bytes = 0;
        foreach (StepField field in _fields)
        {
            if (HasText(record, field, out ReadOnlySpan<byte> text))
            {
                count++;
                bytes += text.Length + _separator.Length;
            }
            else if (IsUnreadable(record, field.Index))
            {
                return StepResult.Rejected((short)field.Index, RecordErrorCode.InvalidUtf8);
            }
        }

        if (count == 0)
        {
            record.Remove(into);
            return StepResult.Kept;
        }

        if (!record.TryMakeRoom(bytes, out Span<byte> room))
        {
            return StepResult.Rejected((short)into, RecordErrorCode.ResultTooLong);
        }

        int written = 0;
        foreach (StepField field in _fields)
        {
            if (HasText(record, field, out ReadOnlySpan<byte> text))
            {
                text.CopyTo(room[written..]);
                _separator.CopyTo(room[(written + text.Length)..]);
                written += text.Length + _separator.Length;
            }
        }

        record.Keep(into, written - _separator.Length);
        return StepResult.Kept;
    }

    /// <summary>Whether there is a value, and it says what no UTF-8 can say.</summary>
    private static bool IsUnreadable(OpenRecord record, int field) =>
        record.KindOf(field) > ValueKind.Null && !record.TryGetText(field, out _);

    /// <summary>The second time it is asked, escapes are undone already: nothing else is written to the room.</summary>
    private static bool HasText(OpenRecord record, StepField field, out ReadOnlySpan<byte> text) =>
        record.TryGetText(field.Index, out text) && !field.IsMissing(text);
}
