using System.Collections.Immutable;
using System.Text.Unicode;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>
/// Puts a character in the place of each one, except for some at the ends. A text that is not longer than what would stay keeps
/// nothing: it would stay as it is.
/// </summary>
internal sealed class MaskStep(ImmutableArray<StepField> fields, MaskOp op) : FieldStep(fields, TextScope.Everything)
{
    private readonly int _keepFirst = op.KeepFirst;
    private readonly int _keepLast = op.KeepLast;
    private readonly byte[] _character = System.Text.Encoding.UTF8.GetBytes(op.Character.ToString());

    /// <inheritdoc/>
    protected override RecordErrorCode Change(OpenRecord record, int field, ReadOnlySpan<byte> text)
    {
        if (!Utf8.IsValid(text))
        {
            return RecordErrorCode.None;
        }

        int count = CodePoints.Count(text);
        bool keeps = count > (long)_keepFirst + _keepLast;
        int masked = keeps ? count - _keepFirst - _keepLast : count;
        ReadOnlySpan<byte> first = keeps ? text[..CodePoints.EndOfFirst(text, _keepFirst)] : [];
        ReadOnlySpan<byte> last = keeps ? text[CodePoints.EndOfFirst(text, count - _keepLast)..] : [];
        if (!record.TryMakeRoom(first.Length + ((long)masked * _character.Length) + last.Length, out Span<byte> room))
        {
            return RecordErrorCode.ResultTooLong;
        }

        first.CopyTo(room);
        int written = first.Length;
        for (; masked > 0; masked--)
        {
            _character.CopyTo(room[written..]);
            written += _character.Length;
        }

        last.CopyTo(room[written..]);
        record.Keep(field, written + last.Length);
        return RecordErrorCode.None;
    }
}

/// <summary>Puts one text in the place of every value, or takes it away.</summary>
internal sealed class RedactStep(ImmutableArray<StepField> fields, string? with) : FieldStep(fields, TextScope.Everything)
{
    private readonly byte[]? _text = with is null ? null : System.Text.Encoding.UTF8.GetBytes(with);

    /// <inheritdoc/>
    protected override RecordErrorCode Change(OpenRecord record, int field, ReadOnlySpan<byte> text)
    {
        if (_text is null)
        {
            record.Remove(field);
        }
        else
        {
            record.SetText(field, _text);
        }

        return RecordErrorCode.None;
    }
}
