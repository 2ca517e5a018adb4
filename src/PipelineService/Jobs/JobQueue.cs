using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;

namespace PipelineService.Jobs;

/// <summary>Which jobs may be claimed.</summary>
/// <param name="Living">Instances that have not died, the claiming one included.</param>
/// <param name="Suspects">Whether a job may be taken that has ended its process so often that this attempt is its last.</param>
/// <param name="Closed">Versions of datasets that load into tables for which no job can begin now.</param>
/// <param name="Left">Jobs to be left to others.</param>
public sealed record ClaimFilter(
    Guid Spool, Guid[] Living, bool Suspects, IReadOnlyCollection<(string Dataset, int Number)> Closed,
    IReadOnlyCollection<Guid> Left);

/// <summary>
/// The jobs that wait to be run. A claim reads a bounded number of rows, whatever waits: it looks at the head of the queue, and
/// when all jobs there are for tables that can take none now, at the oldest job of each other dataset. One claim at a time.
/// </summary>
public sealed class JobQueue(Database database, Instance instance, IOptions<JobsOptions> options, TimeProvider time)
{
    /// <summary>
    /// Datasets of which a claim looks at the oldest job. Where jobs of more than these wait behind closed tables, the next claim
    /// looks at others.
    /// </summary>
    internal const int DatasetsMax = 100;

    private readonly JobsOptions _options = options.Value;

    /// <summary>
    /// The oldest job that may still be there. Entries of jobs that were claimed stay in the index until no transaction is
    /// older, and a load may be open for hours: without this, each claim would pass over all of them.
    /// </summary>
    private Guid _from;

    /// <summary>When it was looked last whether there are older ones after all: an upload may take long to arrive.</summary>
    private long _looked;

    /// <summary>The dataset that was looked at last, when not all of them fitted into a look.</summary>
    private (string Dataset, int Version) _after = ("", 0);

    /// <summary>The next job that nobody runs, now ours; or null.</summary>
    public Task<JobRow?> ClaimNextAsync(ClaimFilter filter, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        async (connection, token) =>
        {
            FaultPoints.Reach(FaultPoint.JobClaiming);
            JobRow? job = await ClaimFirstAsync(connection, filter, token);
            job ??= filter.Closed.Count > 0 ? await ClaimOfOpenDatasetsAsync(connection, filter, token) : null;
            if (job is not null)
            {
                FaultPoints.Reach(FaultPoint.JobClaimed);
            }

            return job;
        },
        cancellationToken);

    /// <summary>Whether a job waits for its last attempt.</summary>
    public Task<bool> HasSuspectAsync(Guid spool, Guid[] living, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            (connection, token) => connection.QuerySingleAsync<bool>(JobSql.Command(
                JobQueueSql.HasSuspect, new { spool, living, attemptsMax = _options.AttemptsMax }, token)),
            cancellationToken);

    /// <summary>How many jobs have waited for so long without being run, of those that would be next.</summary>
    /// <param name="max">Where there are more, no more than that are counted.</param>
    public Task<long> CountWaitingAsync(Guid spool, TimeSpan age, int max, CancellationToken cancellationToken) =>
        database.RunAsync(
        (connection, token) => connection.QuerySingleAsync<long>(JobSql.Command(
            JobQueueSql.CountWaiting, new { spool, age, look = max }, token)),
        cancellationToken);

    internal object ValuesOf(ClaimFilter filter, IEnumerable<(string Dataset, int Number)> datasets, Guid from, DateTime now)
    {
        (string Dataset, int Number)[] versions = [.. datasets];
        return new
        {
            owner = instance.Id,
            spool = filter.Spool,
            now,
            living = filter.Living,
            left = filter.Left.ToArray(),
            suspects = filter.Suspects,
            datasets = versions.Select(version => version.Dataset).ToArray(),
            versions = versions.Select(version => version.Number).ToArray(),
            attemptsMax = _options.AttemptsMax,
            from,
            look = JobQueueSql.LookMax + filter.Left.Count,
        };
    }

    private async Task<JobRow?> ClaimFirstAsync(
        NpgsqlConnection connection, ClaimFilter filter, CancellationToken cancellationToken)
    {
        if (time.GetElapsedTime(_looked) >= _options.PollInterval)
        {
            (_from, _looked) = (Guid.Empty, time.GetTimestamp());
        }

        DateTime now = time.GetDatabaseNow().UtcDateTime;
        JobRow? job = await ClaimAsync(
            connection, JobQueueSql.ClaimFirst, ValuesOf(filter, filter.Closed, _from, now), cancellationToken);
        if (job is null && _from != Guid.Empty)
        {
            (_from, _looked) = (Guid.Empty, time.GetTimestamp());
            job = await ClaimAsync(
                connection, JobQueueSql.ClaimFirst, ValuesOf(filter, filter.Closed, _from, now), cancellationToken);
        }

        // It was the oldest of the queue, not one that was met behind others or had been started before.
        if (filter is { Closed.Count: 0, Left.Count: 0 } && job is { Attempt: 1 } && job.StartedAt == now)
        {
            _from = job.Id;
        }

        return job;
    }

    private async Task<JobRow?> ClaimOfOpenDatasetsAsync(
        NpgsqlConnection connection, ClaimFilter filter, CancellationToken cancellationToken)
    {
        (string Dataset, int Version)[] waiting = [.. await connection.QueryAsync<(string, int)>(JobSql.Command(
            JobQueueSql.FindDatasets,
            new { spool = filter.Spool, dataset = _after.Dataset, version = _after.Version, look = DatasetsMax },
            cancellationToken))];
        _after = waiting.Length < DatasetsMax ? ("", 0) : waiting[^1];
        (string, int)[] open = [.. waiting.Except(filter.Closed)];
        return open.Length == 0
            ? null
            : await ClaimAsync(
                connection, JobQueueSql.ClaimFirstOf, ValuesOf(filter, open, Guid.Empty, time.GetDatabaseNow().UtcDateTime),
                cancellationToken);
    }

    private static Task<JobRow?> ClaimAsync(
        NpgsqlConnection connection, string sql, object values, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<JobRow>(JobSql.Command(sql, values, cancellationToken));
}
