using System.Collections.Immutable;
using System.Globalization;

namespace PipelineService.Core.Datasets.Transforms;

/// <summary>Lets a model give values for a record, and gives them to fields.</summary>
public sealed record ScoreOp : ExternalOp
{
    /// <summary>More of them in one definition would need more memory for their models than a job may have.</summary>
    public const int ScoresMax = 8;

    public override string Word => "score";

    /// <summary>The model: its name alone, or with a version behind it (<c>fraud@3</c>).</summary>
    public string Model { get; init; } = "";

    /// <summary>
    /// The inputs or features of the model that are given something, in the order of <see cref="TransformOp.Fields"/>.
    /// </summary>
    public ImmutableArray<ScoreOpInput> Inputs { get; init; } = [];

    /// <summary>What stands for missing values, by the name of an input, a feature or a field: a double, a bool or a string.</summary>
    public ImmutableArray<(string Name, object Value)> Defaults { get; init; } = [];

    /// <summary>The outputs whose values are given, one for each of <see cref="TransformOp.Sets"/>.</summary>
    public ImmutableArray<string> Outputs { get; init; } = [];

    /// <summary>What becomes of a record for which the model gives nothing.</summary>
    public OnError OnError { get; init; }

    /// <summary>Whether the values that are given are personal data.</summary>
    public bool Pii { get; init; }

    /// <inheritdoc/>
    public override FieldType SetTypeOf(SetField set) => FieldType.Number;

    /// <summary>The name and the version that a reference is made of; null for one without a version.</summary>
    public static (string Name, int? Version) Split(string model)
    {
        int at = model.IndexOf('@', StringComparison.Ordinal);
        return at >= 0 && int.TryParse(
            model.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int version)
                ? (model[..at], version)
                : (model, null);
    }
}

/// <summary>An input or a feature of a model, and how many of the op's fields it is given.</summary>
/// <param name="Name">The input or feature.</param>
/// <param name="IsList">Whether the fields are a list.</param>
/// <param name="Count">How many there are.</param>
public readonly record struct ScoreOpInput(string Name, bool IsList, int Count);
