using System.Diagnostics;
using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;
using PipelineService.Datasets.Tables;
using PipelineService.Write.Targets;

namespace PipelineService.Write;

/// <summary>What a load needs to know; the same for all its chunks.</summary>
public sealed record JobLoadPlan
{
    public required Guid JobId { get; init; }

    /// <summary>The fencing number of this attempt.</summary>
    public required long Epoch { get; init; }

    public required string Dataset { get; init; }

    /// <summary>Whose turn its chunks take.</summary>
    public required string Party { get; init; }

    /// <summary>The span of the run that loads it.</summary>
    public ActivityContext Trace { get; init; }

    public required RowPlan Rows { get; init; }

    /// <summary>Where its rows go.</summary>
    public required RowTarget Target { get; init; }

    /// <summary>The table before the load; null where there was no need to look, or there is none.</summary>
    public TableShape? Table { get; init; }

    public required int RawBytesMax { get; init; }

    /// <summary>What earlier attempts have committed.</summary>
    public RecordCounts Covered { get; init; }

    public long CoveredBytes { get; init; }

    public IReadOnlyList<RejectCount> CoveredRejects { get; init; } = [];

    public IReadOnlyList<OpCount> CoveredOps { get; init; } = [];

    /// <summary>What their sessions have left of what their rows are like.</summary>
    public IReadOnlyList<byte[]> CoveredProfiles { get; init; } = [];

    /// <summary>
    /// True when a session of an earlier attempt has committed although the job promises all or nothing: then what is
    /// left must follow, whatever the limits say.
    /// </summary>
    public bool IsRollingForward { get; init; }
}
