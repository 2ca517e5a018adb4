using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>Takes white space, or the characters given, away from both ends. The rest stays where it is: nothing is copied.</summary>
/// <param name="characters">Null: white space of Unicode.</param>
internal sealed class TrimStep(ImmutableArray<StepField> fields, string? characters) : FieldStep(fields, TextScope.Texts)
{
    private readonly Rune[]? _characters = characters is null ? null : [.. characters.EnumerateRunes()];

    /// <inheritdoc/>
    protected override RecordErrorCode Change(OpenRecord record, int field, ReadOnlySpan<byte> text)
    {
        int start = 0;
        int end = text.Length;
        while (start < end && Rune.DecodeFromUtf8(text[start..end], out Rune rune, out int used) == OperationStatus.Done && IsCut(rune))
        {
            start += used;
        }

        while (start < end && Rune.DecodeLastFromUtf8(text[start..end], out Rune rune, out int used) == OperationStatus.Done && IsCut(rune))
        {
            end -= used;
        }

        if (end - start < text.Length)
        {
            record.SetPart(field, record.ValueOf(field), start, end - start);
        }

        return RecordErrorCode.None;
    }

    private bool IsCut(Rune rune) => _characters is null ? Rune.IsWhiteSpace(rune) : _characters.AsSpan().Contains(rune);
}
