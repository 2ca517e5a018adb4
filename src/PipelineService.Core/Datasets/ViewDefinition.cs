using System.Collections.Immutable;

namespace PipelineService.Core.Datasets;

/// <summary>
/// Figures of groups of rows, kept in the transactions that bring these and take them away: a <c>GROUP BY</c> over the dataset's table that
/// is there already when somebody asks.
/// </summary>
/// <param name="Name">Of the view, in its dataset.</param>
/// <param name="Keys">What rows of a group have in common, at least one.</param>
/// <param name="Measures">What is told of a group, at least one, by name.</param>
public sealed record ViewDefinition(string Name, ImmutableArray<ViewKey> Keys, ImmutableArray<ViewMeasure> Measures)
{
    public const int ViewsMax = 8;
    public const int KeysMax = 8;
    public const int MeasuresMax = 16;

    /// <summary>What has to be kept of each field for its measures, in the order in which they name it.</summary>
    public ImmutableArray<ViewPart> Parts =>
    [
        .. Measures.Where(measure => measure.Field is not null).GroupBy(measure => measure.Field!, StringComparer.Ordinal).Select(used =>
            new ViewPart(
                used.Key,
                Counts: used.Any(measure => measure.Figure is ViewFigure.Count or ViewFigure.Average),
                Sums: used.Any(measure => measure.Figure is ViewFigure.Sum or ViewFigure.Average),
                HasLeast: used.Any(measure => measure.Figure == ViewFigure.Min),
                HasGreatest: used.Any(measure => measure.Figure == ViewFigure.Max))),
    ];

    /// <inheritdoc/>
    public bool Equals(ViewDefinition? other) =>
        other is not null && Name == other.Name && Keys.SequenceEqual(other.Keys) && Measures.SequenceEqual(other.Measures);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Keys.Length, Measures.Length);
}

/// <summary>A column by which rows are told apart.</summary>
/// <param name="Every">
/// Of times: how long the steps are in which they are taken together, counted in UTC from a Monday; null: as they are.
/// </param>
public sealed record ViewKey(string Field, TimeSpan? Every);

/// <summary>What is told of a group.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Field">The column that it is of; null: of the rows themselves.</param>
public sealed record ViewMeasure(string Name, ViewFigure Figure, string? Field);

/// <summary>What can be told of a group.</summary>
public enum ViewFigure
{
    /// <summary>Of rows, or of those that have a value in a column.</summary>
    Count,
    Sum,
    Min,
    Max,
    Average,
}

/// <summary>What is kept of a column, so that its measures can be put together from any parts of a group.</summary>
public sealed record ViewPart(string Field, bool Counts, bool Sums, bool HasLeast, bool HasGreatest);
