using PipelineService.Core.Datasets;

namespace PipelineService.Core.Profiles.Quality;

/// <summary>What a rule says of a job.</summary>
public enum RuleState
{
    /// <summary>It holds.</summary>
    Pass,

    /// <summary>It is broken.</summary>
    Breach,

    /// <summary>There are too few jobs before it to know what is usual.</summary>
    Learning,

    /// <summary>The job has nothing to hold it against: no values, or too many different ones.</summary>
    NoValue,
}

/// <summary>What the rules of a dataset say of a job.</summary>
/// <param name="State">Breach when one is broken; else learning when one has too few jobs before it.</param>
/// <param name="Rules">One for each rule, in their order.</param>
public sealed record QualityVerdict(RuleState State, IReadOnlyList<RuleVerdict> Rules);

/// <summary>What one rule says of a job.</summary>
/// <param name="Metric">The figure.</param>
/// <param name="Field">The column that it is of; null where it is of the job.</param>
public sealed record RuleVerdict(QualityMetric Metric, string? Field, RuleState State)
{
    /// <summary>The figure of the job.</summary>
    public double? Value { get; init; }

    /// <summary>What is usual: half of the jobs before have more.</summary>
    public double? Median { get; init; }

    /// <summary>How far the jobs before mostly are from that: the median of the distances.</summary>
    public double? Deviation { get; init; }

    /// <summary>How many jobs before it have the figure.</summary>
    public int? Jobs { get; init; }

    /// <summary>The least that is borne.</summary>
    public double? Lower { get; init; }

    /// <summary>The most that is borne.</summary>
    public double? Upper { get; init; }

    /// <summary>Values that no job before had: the first ten by their bytes.</summary>
    public IReadOnlyList<string>? NewValues { get; init; }
}
