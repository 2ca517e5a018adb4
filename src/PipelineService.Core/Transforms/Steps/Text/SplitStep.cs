using System.Collections.Immutable;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>Gives the parts of one field's text to several fields. They are not copied.</summary>
internal sealed class SplitStep(StepField field, ImmutableArray<int> into, string separator) : RecordStep
{
    private readonly byte[] _separator = System.Text.Encoding.UTF8.GetBytes(separator);
    private readonly int[] _into = [.. into];

    /// <inheritdoc/>
    public override ImmutableArray<int> Gives => into;

    /// <inheritdoc/>
    public override StepResult Apply(OpenRecord record)
    {
        bool isText = record.TryGetText(field.Index, out ReadOnlySpan<byte> text);
        if (!isText && record.KindOf(field.Index) > ValueKind.Null)
        {
            return StepResult.Rejected((short)field.Index, RecordErrorCode.InvalidUtf8);
        }

        RecordValue whole = record.ValueOf(field.Index);
        int start = isText && !field.IsMissing(text) ? 0 : -1;
        for (int i = 0; i < _into.Length; i++)
        {
            if (start < 0)
            {
                record.Remove(_into[i]);
                continue;
            }

            int found = i == _into.Length - 1 ? -1 : text[start..].IndexOf(_separator);
            int end = found < 0 ? text.Length : start + found;
            record.SetPart(_into[i], whole, start, end - start);
            start = found < 0 ? -1 : end + _separator.Length;
        }

        return StepResult.Kept;
    }
}
