using System.Text.Json;
using Dapper;
using PipelineService.Core.Profiles;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Jobs.Quality;

/// <summary>Reads what the rows of jobs are like.</summary>
public sealed class ProfileStore(Database database)
{
    /// <returns>Null where nobody has counted that.</returns>
    public async Task<ProfileView?> FindAsync(JobRow job, CancellationToken cancellationToken)
    {
        string? json = await database.RunAsync(
            (connection, token) => connection.QuerySingleOrDefaultAsync<string?>(JobSql.Command(
                QualitySql.FindProfile, new { id = job.Id }, token)),
            cancellationToken);
        return json is null ? null : ProfileView.Of(job, JsonSerializer.Deserialize<StoredProfile>(json, PipelineJson.Options)!);
    }
}

/// <summary>What the rows of a job are like: of those that it has loaded, or would have, where a rule held them up.</summary>
/// <param name="Rows">Rows that were counted and measured.</param>
/// <param name="Coverage">
/// The part of the job's rows that these are. Less than 1 only where another version of the service had loaded part of the job before it
/// was replaced: it keeps what it knew in another form.
/// </param>
/// <param name="Sampled">
/// Rows of which the frequent values, patterns and quantiles are told: one of eight, by the numbers of their records, as if by lot.
/// </param>
/// <param name="Columns">One for each column that was sent, in their order.</param>
public sealed record ProfileView(
    Guid Job, string Dataset, int DatasetVersion, long Rows, double Coverage, long Sampled, IReadOnlyList<ColumnSummary> Columns)
{
    internal static ProfileView Of(JobRow job, StoredProfile stored) => new(
        job.Id,
        job.Dataset,
        job.DatasetVersion,
        stored.Summary.Rows,
        stored.Loaded == 0 ? 1 : Math.Min(1, (double)stored.Summary.Rows / stored.Loaded),
        stored.Summary.Sampled,
        stored.Summary.Columns);
}
