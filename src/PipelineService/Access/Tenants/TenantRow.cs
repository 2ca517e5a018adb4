using PipelineService.Access.Limits;
using PipelineService.Core.Jobs;

namespace PipelineService.Access.Tenants;

/// <summary>A row of <c>pipeline.tenants</c>: what was said of a tenant, or of a dataset of nobody.</summary>
internal sealed record TenantRow
{
    public required string Name { get; init; }

    /// <summary>How much more of what all share than others with the weight 1.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Write sessions at once, of each instance; null: as many as there are.</summary>
    public int? SessionsMax { get; init; }

    /// <summary>Bytes that may wait in the queue before further uploads are refused; null: no bound but the spool's.</summary>
    public long? QueuedBytesMax { get; init; }

    /// <summary><see cref="CallLimits"/> as JSON text; null for none.</summary>
    public string? Limits { get; init; }

    public DateTime? UpdatedAt { get; init; }

    public Share ToShare() => new(Weight, SessionsMax);
}
