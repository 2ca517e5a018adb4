using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>Makes one space of each run of white space.</summary>
internal sealed class CollapseWhitespaceStep(ImmutableArray<StepField> fields) : FieldStep(fields, TextScope.Texts)
{
    /// <inheritdoc/>
    protected override RecordErrorCode Change(OpenRecord record, int field, ReadOnlySpan<byte> text)
    {
        int first = FirstToChange(text);
        if (first == text.Length)
        {
            return RecordErrorCode.None;
        }

        if (!record.TryMakeRoom(text.Length, out Span<byte> room))
        {
            return RecordErrorCode.ResultTooLong;
        }

        text[..first].CopyTo(room);
        int written = first;
        bool isInRun = false;
        for (int at = first; at < text.Length;)
        {
            bool isWhite = IsWhite(text[at..], out int used);
            if (!isWhite)
            {
                text.Slice(at, used).CopyTo(room[written..]);
                written += used;
            }
            else if (!isInRun)
            {
                room[written++] = (byte)' ';
            }

            isInRun = isWhite;
            at += used;
        }

        record.Keep(field, written);
        return RecordErrorCode.None;
    }

    /// <summary>Where the first white space is that is no single space; the end when there is none.</summary>
    private static int FirstToChange(ReadOnlySpan<byte> text)
    {
        int run = -1;
        for (int at = 0; at < text.Length;)
        {
            if (!IsWhite(text[at..], out int used))
            {
                run = -1;
            }
            else if (run >= 0 || text[at] != ' ')
            {
                return run >= 0 ? run : at;
            }
            else
            {
                run = at;
            }

            at += used;
        }

        return text.Length;
    }

    /// <summary>What is no UTF-8 is no white space, either.</summary>
    private static bool IsWhite(ReadOnlySpan<byte> text, out int used)
    {
        used = 1;
        return text[0] < 0x80
            ? text[0] is (byte)' ' or (>= (byte)'\t' and <= (byte)'\r')
            : Rune.DecodeFromUtf8(text, out Rune rune, out used) == OperationStatus.Done && Rune.IsWhiteSpace(rune);
    }
}
