using System.Collections.Immutable;

namespace PipelineService.Core.Datasets;

/// <summary>What the rows of an upload must be like, measured by those of the uploads before.</summary>
/// <param name="Jobs">How many earlier jobs make up what is usual.</param>
/// <param name="BySource">Whether only those of the same source count.</param>
/// <param name="ByWeekday">Whether only those that came on the same day of the week count, in UTC.</param>
/// <param name="Rules">At least one.</param>
/// <param name="OnBreach">What becomes of an upload that breaks one.</param>
public sealed record QualityPolicy(
    int Jobs, bool BySource, bool ByWeekday, ImmutableArray<QualityRule> Rules, BreachAction OnBreach)
{
    public const int JobsDefault = 8;
    public const int JobsMax = 100;
    public const int RulesMax = 100;

    /// <summary>Whether all different values of a field are kept, because a rule asks which are new.</summary>
    public bool Remembers(string field) => Rules.Any(rule => rule.Metric == QualityMetric.NewValues && rule.Field == field);

    /// <inheritdoc/>
    public bool Equals(QualityPolicy? other) =>
        other is not null && (Jobs, BySource, ByWeekday, OnBreach) == (other.Jobs, other.BySource, other.ByWeekday, other.OnBreach)
        && Rules.SequenceEqual(other.Rules);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Jobs, BySource, ByWeekday, OnBreach, Rules.Length);
}

/// <summary>One bound or several on one figure.</summary>
/// <param name="Field">The column that it is of; null where it is of the job.</param>
/// <param name="FallMax">How far it may be below what is usual: a part of that, or of a ratio the difference.</param>
/// <param name="RiseMax">How far it may be above.</param>
/// <param name="Min">The least that it may be, whatever is usual.</param>
/// <param name="Max">The most that it may be.</param>
public sealed record QualityRule(
    QualityMetric Metric, string? Field, double? FallMax = null, double? RiseMax = null, double? Min = null, double? Max = null);

/// <summary>Figures that rules can be about.</summary>
public enum QualityMetric
{
    /// <summary>Rows that are loaded.</summary>
    Rows,

    /// <summary>Rejected records, as a part of those that were read.</summary>
    RejectRatio,

    /// <summary>Rows without a value, as a part of all.</summary>
    NullRatio,

    /// <summary>Different values.</summary>
    Distinct,
    Mean,
    Min,
    Max,
    Sum,

    /// <summary>Characters of a text.</summary>
    MeanLength,

    /// <summary>Different values that none of the jobs before had.</summary>
    NewValues,
}

/// <summary>What becomes of an upload that breaks a rule.</summary>
public enum BreachAction
{
    /// <summary>It is loaded, and told.</summary>
    Warn,

    /// <summary>Nothing is loaded until somebody approves it.</summary>
    Hold,

    /// <summary>Nothing is loaded.</summary>
    Fail,
}
