using System.Collections.Immutable;
using System.Globalization;
using PipelineService.Core.Datasets;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Rules;
using PipelineService.Core.Scoring;
using PipelineService.Core.Transforms.Expressions.Typing;
using PipelineService.Core.Values;
using PipelineService.Hosting;

namespace PipelineService.Datasets.Definitions.Transforms;

/// <summary>The fields of an op that scores, held against the model: what it takes and gives, and of which types.</summary>
internal static class ScoreFields
{
    /// <summary>Gives the fields that nobody has declared before the types of what the model gives.</summary>
    public static TransformOp WithTypes(TransformOp op, OpReader reader, FieldScope scope) =>
        op is ScoreOp score && reader.Models?.Find(score.Model) is { } model
            ? score with
            {
                Sets =
                [
                    .. score.Sets.Select((set, i) => set.Type is null && scope.IndexOf(set.Name) < 0 && i < score.Outputs.Length
                        ? set with { Type = TypeOf(model.Signature, score.Outputs[i]) }
                        : set),
                ],
            }
            : op;

    /// <summary>Tells what does not fit, each thing where it stands.</summary>
    public static void Check(ScoreOp op, OpReader reader, FieldScope scope, DefinitionFaults faults)
    {
        CheckNames(op, reader, scope, faults);
        if (reader.Models?.Find(op.Model) is not { } model || faults.Hides(reader.Json.PointerTo("inputs")))
        {
            return;
        }

        var use = ScoreUse.Of(0, op, field => Kinds(scope, op.Fields[field]), set => KindOfSet(scope, op, op.Sets[set]));
        _ = ScoreFit.Of(model.Signature, use, Suggestion.For, out ImmutableArray<ScoreFault> found);
        foreach (ScoreFault fault in found)
        {
            faults.Add(PointerOf(fault, reader), fault.Sentence);
        }
    }

    /// <summary>Models take memory, and a job holds all of its own.</summary>
    public static void CheckCount(ImmutableArray<TransformOp> ops, ObjectReader resource)
    {
        if (!ops.IsDefault && ops.Count(op => op is ScoreOp) > ScoreOp.ScoresMax)
        {
            resource.Fault("transforms", string.Create(CultureInfo.InvariantCulture, $"At most {ScoreOp.ScoresMax} of the ops may score."));
        }
    }

    private static void CheckNames(ScoreOp op, OpReader reader, FieldScope scope, DefinitionFaults faults)
    {
        for (int i = 0; i < op.Fields.Length; i++)
        {
            if (scope.IsPattern(op.Fields[i]))
            {
                faults.Add(reader.FieldPointers[i], "Must be the name of one field: a pattern may stand for several.");
            }
            else if (scope.IndexOf(op.Fields[i]) is int field and >= 0 && FieldKinds.Of(scope.Fields[field]) is null)
            {
                faults.Add(
                    reader.FieldPointers[i],
                    $"\"{Excerpt.Of(op.Fields[i])}\" {FieldKinds.RefusalOf(scope.Fields[field])}.");
            }
        }

        for (int i = 0; i < op.Sets.Length; i++)
        {
            if (scope.IndexOf(op.Sets[i].Name) is int field and >= 0 && FieldKinds.Of(scope.Fields[field]) is null)
            {
                faults.Add(
                    reader.SetPointers[i].Name,
                    $"\"{Excerpt.Of(op.Sets[i].Name)}\" {FieldKinds.RefusalOf(scope.Fields[field])}.");
            }
        }
    }

    private static FieldType? TypeOf(ModelSignature model, string output) =>
        ScoreFit.Find(model, output, static (_, _) => "", out _) is not { } found ? null : found.Output.Kind switch
        {
            TensorKind.Int64 or TensorKind.Int32 => FieldType.Integer,
            TensorKind.Boolean => FieldType.Boolean,
            TensorKind.Text => FieldType.String,
            _ => FieldType.Number,
        };

    private static (int Index, TypedKind? Kind) Kinds(FieldScope scope, string name)
    {
        int index = scope.IndexOf(name);
        return (index, index < 0 ? null : FieldKinds.Of(scope.Fields[index]));
    }

    private static (int Index, TypedKind? Kind) KindOfSet(FieldScope scope, ScoreOp op, SetField set)
    {
        int index = scope.IndexOf(set.Name);
        return (index, FieldKinds.Of(index < 0 ? set.ToField(op.SetTypeOf(set)) : scope.Fields[index]));
    }

    private static string PointerOf(ScoreFault fault, OpReader reader)
    {
        string pointer = reader.Json.PointerTo(fault.Part switch
        {
            ScorePart.Default => "defaults",
            ScorePart.Target => "set",
            _ => "inputs",
        });
        pointer = fault.Name is { } name ? JsonPointer.Append(pointer, name) : pointer;
        return fault.Place is { } place ? JsonPointer.Append(pointer, place) : pointer;
    }
}
