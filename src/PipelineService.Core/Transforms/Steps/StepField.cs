using System.Collections.Immutable;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Encoding.Text;

namespace PipelineService.Core.Transforms.Steps;

/// <summary>A field as a step works on it: where it is, and which of its texts are no value.</summary>
/// <param name="Index">0-based index among the columns of the dataset.</param>
/// <param name="Definition">What is declared of it.</param>
/// <param name="Missing">The texts that stand for no value; null: none does.</param>
internal readonly record struct StepField(int Index, FieldDefinition Definition, TextSet? Missing)
{
    /// <summary>The fields that an op works on, in its order.</summary>
    public static ImmutableArray<StepField> Of(DatasetDefinition definition, FieldScope scope, TransformOp op)
    {
        TextSet? ofSchema = SetOf(definition.Schema.MissingValues); // one for all fields that have none of their own
        return
        [
            .. scope.FieldsOf(op).Select(index => new StepField(
                index, scope.Fields[index], scope.Fields[index].MissingValues is { } own ? SetOf(own) : ofSchema)),
        ];
    }

    public bool IsMissing(ReadOnlySpan<byte> text) => Missing is not null && Missing.Contains(text);

    private static TextSet? SetOf(ImmutableArray<LabelledText> texts) =>
        texts.IsEmpty ? null : new TextSet([.. texts.Select(text => text.Value)]);
}
