using System.Collections.Immutable;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>Puts a text in the place of each occurrence of another, from the left; what comes in is not looked through again.</summary>
internal sealed class ReplaceTextStep(ImmutableArray<StepField> fields, string text, string with) : FieldStep(fields, TextScope.Scalars)
{
    private readonly byte[] _old = System.Text.Encoding.UTF8.GetBytes(text);
    private readonly byte[] _new = System.Text.Encoding.UTF8.GetBytes(with);

    /// <inheritdoc/>
    protected override RecordErrorCode Change(OpenRecord record, int field, ReadOnlySpan<byte> text)
    {
        int found = text.IndexOf(_old);
        if (found < 0)
        {
            return RecordErrorCode.None;
        }

        long growth = Math.Max(0, _new.Length - _old.Length) * (long)text[found..].Count(_old);
        if (!record.TryMakeRoom(text.Length + growth, out Span<byte> room))
        {
            return RecordErrorCode.ResultTooLong;
        }

        int written = 0;
        for (; found >= 0; found = text.IndexOf(_old))
        {
            text[..found].CopyTo(room[written..]);
            _new.CopyTo(room[(written + found)..]);
            written += found + _new.Length;
            text = text[(found + _old.Length)..];
        }

        text.CopyTo(room[written..]);
        record.Keep(field, written + text.Length);
        return RecordErrorCode.None;
    }
}
