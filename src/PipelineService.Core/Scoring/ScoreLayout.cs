using System.Collections.Immutable;
using PipelineService.Core.Values;

namespace PipelineService.Core.Scoring;

/// <summary>Where a value of an input comes from.</summary>
/// <param name="Field">0-based index of the field among the columns of the dataset; −1: always the default.</param>
/// <param name="Kind">What the field's values are.</param>
/// <param name="HasDefault">Whether something stands for a value that a record does not have.</param>
/// <param name="Number">That, of anything but text; of booleans 1 or 0.</param>
/// <param name="Text">That, of text.</param>
public readonly record struct ScoreColumn(int Field, TypedKind Kind, bool HasDefault, double Number, TextSlice Text)
{
    /// <summary>No field.</summary>
    public const int Constant = -1;
}

/// <summary>An input of a model, with where its values come from.</summary>
/// <param name="Tensor">The input.</param>
/// <param name="Columns">As many as a row has values.</param>
public sealed record ScoreInput(ModelTensor Tensor, ImmutableArray<ScoreColumn> Columns);

/// <summary>A value that a model gives, and the field that takes it.</summary>
/// <param name="Output">0-based index among the outputs that are used.</param>
/// <param name="Place">0-based place in a row of it.</param>
/// <param name="Field">0-based index of the field.</param>
/// <param name="Kind">What the field's values are.</param>
public readonly record struct ScoreResult(int Output, int Place, int Field, TypedKind Kind);

/// <summary>How an op uses a version of a model: all of its names found.</summary>
/// <param name="Inputs">All inputs of the model.</param>
/// <param name="Outputs">Those outputs that are used.</param>
/// <param name="Results">What becomes of them.</param>
public sealed record ScoreLayout(
    ImmutableArray<ScoreInput> Inputs, ImmutableArray<ModelTensor> Outputs, ImmutableArray<ScoreResult> Results);
