using System.Collections.Immutable;
using System.Text;
using System.Text.Unicode;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>
/// Makes letters small or large, code point by code point, by the invariant mapping. What it makes may be longer: Ⱥ has two bytes and
/// its small letter three.
/// </summary>
internal sealed class CaseStep(ImmutableArray<StepField> fields, bool isUpper) : FieldStep(fields, TextScope.Texts)
{
    /// <summary>No mapping makes more than three bytes of two, nor more than one of one.</summary>
    private const int GrowthMax = 2;

    private readonly byte _first = isUpper ? (byte)'a' : (byte)'A';
    private readonly byte _last = isUpper ? (byte)'z' : (byte)'Z';

    /// <inheritdoc/>
    protected override RecordErrorCode Change(OpenRecord record, int field, ReadOnlySpan<byte> text)
    {
        bool isAscii = System.Text.Ascii.IsValid(text);
        if (isAscii ? !text.ContainsAnyInRange(_first, _last) : !Utf8.IsValid(text))
        {
            return RecordErrorCode.None;
        }

        if (!record.TryMakeRoom(isAscii ? text.Length : (long)text.Length * GrowthMax, out Span<byte> room))
        {
            return RecordErrorCode.ResultTooLong;
        }

        int length = isAscii ? MapAscii(text, room) : Map(text, room);
        record.Keep(field, length);
        return RecordErrorCode.None;
    }

    private int MapAscii(ReadOnlySpan<byte> text, Span<byte> room)
    {
        _ = isUpper ? Ascii.ToUpper(text, room, out int length) : Ascii.ToLower(text, room, out length);
        return length;
    }

    private int Map(ReadOnlySpan<byte> text, Span<byte> room)
    {
        int length = 0;
        while (!text.IsEmpty)
        {
            _ = Rune.DecodeFromUtf8(text, out Rune rune, out int used);
            rune = isUpper ? Rune.ToUpperInvariant(rune) : Rune.ToLowerInvariant(rune);
            length += rune.EncodeToUtf8(room[length..]);
            text = text[used..];
        }

        return length;
    }
}
