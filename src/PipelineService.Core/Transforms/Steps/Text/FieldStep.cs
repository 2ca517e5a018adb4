using System.Collections.Immutable;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>
/// A step that looks at the text of each of its fields for itself. Values that are missing, also by their text, are passed over.
/// </summary>
/// <param name="fields">The fields that it works on.</param>
/// <param name="scope">Which values it takes for text.</param>
internal abstract class FieldStep(ImmutableArray<StepField> fields, TextScope scope) : RecordStep
{
    private readonly StepField[] _fields = [.. fields];

    /// <inheritdoc/>
    public sealed override ImmutableArray<int> Changes { get; } = [.. fields.Select(field => field.Index)];

    /// <inheritdoc/>
    public sealed override StepResult Apply(OpenRecord record)
    {
        foreach (StepField field in _fields)
        {
            RecordErrorCode code =
                (byte)record.KindOf(field.Index) > (byte)scope || !record.TryGetText(field.Index, out ReadOnlySpan<byte> text)
                    ? RecordErrorCode.None
                    : Take(record, field, text);
            if (code != RecordErrorCode.None)
            {
                return StepResult.Rejected((short)field.Index, code);
            }
        }

        return StepResult.Kept;
    }

    /// <summary>A text that may be one of those that stand for no value.</summary>
    protected virtual RecordErrorCode Take(OpenRecord record, StepField field, ReadOnlySpan<byte> text) =>
        field.IsMissing(text) ? RecordErrorCode.None : Change(record, field.Index, text);

    /// <summary>Works on a text; what is no UTF-8 is left as it is, for the encoder to refuse.</summary>
    /// <returns>Why the record is rejected, or none.</returns>
    protected abstract RecordErrorCode Change(OpenRecord record, int field, ReadOnlySpan<byte> text);
}

/// <summary>Which values a step takes for text. Each is the last <see cref="ValueKind"/> that it takes.</summary>
internal enum TextScope : byte
{
    /// <summary>Fields of delimited text and strings of JSON.</summary>
    Texts = ValueKind.Text,

    /// <summary>And JSON's numbers and booleans, as they are written.</summary>
    Scalars = ValueKind.False,

    /// <summary>And its objects and arrays, as they are written.</summary>
    Everything = ValueKind.Array,
}
