using System.Collections.Immutable;
using System.Text.Unicode;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding.Calendar;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Steps.Text;

/// <summary>Puts the ISO form of dates and times in the place of the form in which they were sent.</summary>
/// <param name="fields">The fields that it works on.</param>
/// <param name="op">0-based index of the op, under which it counts what it takes away.</param>
/// <param name="parse">What it does.</param>
internal sealed class ParseDateStep(ImmutableArray<StepField> fields, int op, ParseDateOp parse) : FieldStep(fields, TextScope.Scalars)
{
    private readonly bool _rejects = parse.OnError == OnError.Reject;
    private readonly TextForm[][] _formsOfField = FormsOf(fields, parse.Formats);

    /// <inheritdoc/>
    protected override RecordErrorCode Change(OpenRecord record, int field, ReadOnlySpan<byte> text)
    {
        Span<byte> iso = stackalloc byte[TextForm.BytesMax];
        foreach (TextForm form in _formsOfField[field])
        {
            int length = form.Write(text, iso);
            if (length > 0)
            {
                record.SetText(field, iso[..length]);
                return RecordErrorCode.None;
            }
        }

        if (_rejects || !Utf8.IsValid(text))
        {
            return Utf8.IsValid(text) ? RecordErrorCode.Format : RecordErrorCode.None;
        }

        record.Remove(field);
        record.CountFor(op);
        return RecordErrorCode.None;
    }

    /// <summary>By the index of the field: one that it does not work on has none.</summary>
    private static TextForm[][] FormsOf(ImmutableArray<StepField> fields, ImmutableArray<string> formats)
    {
        var forms = new TextForm[fields.Max(field => field.Index) + 1][];
        foreach (StepField field in fields)
        {
            forms[field.Index] = [.. formats.Select(format => TextForm.Compile(field.Definition.Type, format))];
        }

        return forms;
    }
}
