namespace PipelineService.Jobs;

/// <summary>
/// Whose turn a job takes: its tenant's, or that of its dataset where that is nobody's. No tenant's name has a colon, so that none is
/// taken for a dataset.
/// </summary>
internal static class JobParty
{
    public const string DatasetPrefix = "dataset:";

    /// <summary>The same of a row of <c>pipeline.jobs</c>, as the index <c>jobs_waiting_by_party</c> has it.</summary>
    public const string Sql = $"(coalesce(tenant, '{DatasetPrefix}' || dataset) COLLATE \"C\")";

    public static string Of(string? tenant, string dataset) => tenant ?? DatasetPrefix + dataset;
}
