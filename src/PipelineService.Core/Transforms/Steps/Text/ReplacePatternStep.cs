using System.Buffers;
using System.Collections.Immutable;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>
/// Puts a text in the place of each match of a pattern. The engine reads UTF-16, so a text is written out in it first: what this step
/// costs beside the matching itself.
/// </summary>
internal sealed class ReplacePatternStep(ImmutableArray<StepField> fields, string pattern, string with)
    : FieldStep(fields, TextScope.Scalars)
{
    private const int StackChars = 256;

    /// <summary>The longest UTF-8 form of a UTF-16 unit: two units of a pair make four bytes.</summary>
    private const int UnitBytesMax = 3;

    private readonly PatternPool _patterns = new(pattern);
    private readonly byte[] _new = System.Text.Encoding.UTF8.GetBytes(with);

    /// <inheritdoc/>
    protected override RecordErrorCode Change(OpenRecord record, int field, ReadOnlySpan<byte> text)
    {
        if (!Utf8.IsValid(text))
        {
            return RecordErrorCode.None;
        }

        // UTF-16 never has more units than UTF-8 has bytes.
        char[]? rented = text.Length > StackChars ? ArrayPool<char>.Shared.Rent(text.Length) : null;
        Span<char> chars = rented ?? stackalloc char[StackChars];
        chars = chars[..System.Text.Encoding.UTF8.GetChars(text, chars)];
        Regex regex = _patterns.Rent();
        RecordErrorCode code = Replace(record, field, regex, chars);
        _patterns.Return(regex);
        if (rented is not null)
        {
            ArrayPool<char>.Shared.Return(rented);
        }

        return code;
    }

    private RecordErrorCode Replace(OpenRecord record, int field, Regex regex, ReadOnlySpan<char> chars)
    {
        int matches = regex.Count(chars);
        if (matches == 0)
        {
            return RecordErrorCode.None;
        }

        if (!record.TryMakeRoom(((long)chars.Length * UnitBytesMax) + ((long)matches * _new.Length), out Span<byte> room))
        {
            return RecordErrorCode.ResultTooLong;
        }

        int written = 0;
        int kept = 0;
        foreach (ValueMatch match in regex.EnumerateMatches(chars))
        {
            written += System.Text.Encoding.UTF8.GetBytes(chars[kept..match.Index], room[written..]);
            _new.CopyTo(room[written..]);
            written += _new.Length;
            kept = match.Index + match.Length;
        }

        written += System.Text.Encoding.UTF8.GetBytes(chars[kept..], room[written..]);
        record.Keep(field, written);
        return RecordErrorCode.None;
    }
}
