namespace PipelineService.Events;

/// <summary>An event of the log.</summary>
/// <param name="Position">Its place: from 1 on, without gaps, in the order in which facts came to be visible.</param>
/// <param name="Version">Of the dataset.</param>
/// <param name="Source">The source of the job's upload; null for none, and for what is of no job.</param>
/// <param name="JobId">Null for what is of no job.</param>
/// <param name="Data">A JSON object: what it tells beside the rest; null for nothing.</param>
internal sealed record EventRow(
    long Position, Guid Id, string Type, string Dataset, int? Version, string? Tenant, string? Source, Guid? JobId, DateTime At, string? Data)
{
    /// <summary><c>job/0199…</c>, <c>dataset/trips</c>.</summary>
    public string Subject => JobId is { } job ? $"job/{job}" : $"dataset/{Dataset}";
}
