using System.Collections.Immutable;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Values;

namespace PipelineService.Core.Scoring;

/// <summary>A field whose value a model is given.</summary>
/// <param name="Name">The field's name.</param>
/// <param name="Field">0-based index among the columns of the dataset.</param>
/// <param name="Kind">What its values are; null where no op can use them.</param>
public readonly record struct ScoreField(string Name, int Field, TypedKind? Kind);

/// <summary>What an op gives to an input of a model, or to one of its features.</summary>
/// <param name="Name">The input or the feature.</param>
/// <param name="IsList">Whether the fields are a list, in the order of the input's values.</param>
/// <param name="Fields">The fields.</param>
public sealed record ScoreArgument(string Name, bool IsList, ImmutableArray<ScoreField> Fields);

/// <summary>What stands for a value that a record does not have, or that no field has.</summary>
/// <param name="Name">The input or feature, or the field that may have none.</param>
/// <param name="Value">A double, a bool or a string.</param>
public readonly record struct ScoreDefault(string Name, object Value);

/// <summary>What of a model is given to a field.</summary>
/// <param name="Output">The output, behind it the 0-based place of the value in brackets where there are several.</param>
/// <param name="Name">The field's name.</param>
/// <param name="Field">0-based index among the columns of the dataset.</param>
/// <param name="Kind">What the field's values are; null where that follows from the model.</param>
public readonly record struct ScoreTarget(string Output, string Name, int Field, TypedKind? Kind);

/// <summary>How an op uses a model, as the definition says it.</summary>
/// <param name="Op">0-based index of the op.</param>
/// <param name="Model">The model, with or without a version.</param>
public sealed record ScoreUse(
    int Op, string Model, ImmutableArray<ScoreArgument> Arguments, ImmutableArray<ScoreDefault> Defaults, ImmutableArray<ScoreTarget> Targets)
{
    /// <summary>What an op asks its model for.</summary>
    /// <param name="index">0-based index of the op.</param>
    /// <param name="op">The op.</param>
    /// <param name="fieldOf">The index and the kind of each of its fields.</param>
    /// <param name="setOf">The same of each field that it sets.</param>
    public static ScoreUse Of(
        int index, ScoreOp op, Func<int, (int Index, TypedKind? Kind)> fieldOf, Func<int, (int Index, TypedKind? Kind)> setOf)
    {
        int next = 0;
        return new ScoreUse(
            index,
            op.Model,
            [
                .. op.Inputs.Select(input => new ScoreArgument(
                    input.Name, input.IsList, [.. Enumerable.Range(0, input.Count).Select(_ => FieldAt(next++))])),
            ],
            [.. op.Defaults.Select(otherwise => new ScoreDefault(otherwise.Name, otherwise.Value))],
            [.. op.Outputs.Select((output, i) => TargetOf(output, i))]);

        ScoreField FieldAt(int place)
        {
            (int field, TypedKind? kind) = fieldOf(place);
            return new ScoreField(op.Fields[place], field, kind);
        }

        ScoreTarget TargetOf(string output, int place)
        {
            (int field, TypedKind? kind) = setOf(place);
            return new ScoreTarget(output, op.Sets[place].Name, field, kind);
        }
    }
}
