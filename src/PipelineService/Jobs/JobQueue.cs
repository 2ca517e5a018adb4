using System.Data.Common;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Write;

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
/// The jobs that wait to be run. A claim takes the oldest job of the party whose turn it is (<see cref="SessionBudget"/> says whose), and
/// reads a bounded number of rows, whatever waits: it looks at the heads of some parties, and when all jobs there are for tables that can
/// take none now, at the oldest job of each other dataset. One claim at a time.
/// </summary>
public sealed class JobQueue(
    Database database, Instance instance, SessionBudget budget, IOptions<JobsOptions> options, TimeProvider time)
{
    /// <summary>
    /// Datasets of which a claim looks at the oldest job. Where jobs of more than these wait behind closed tables, the next claim
    /// looks at others.
    /// </summary>
    internal const int DatasetsMax = 100;

    /// <summary>Parties that a look finds, in the order of their names. Where there are more, the next look goes on behind them.</summary>
    internal const int PartiesMax = 100;

    /// <summary>Parties whose heads a claim looks at in one statement.</summary>
    internal const int HeadsMax = 8;

    /// <summary>Statements of one claim at most: as many as it takes to look at the heads of the parties of two looks.</summary>
    private const int RoundsMax = 2 * ((PartiesMax / HeadsMax) + 1);

    private readonly JobsOptions _options = options.Value;
    private readonly HeadsOfParties _heads = new();

    /// <summary>When it was looked last who waits: others may have brought jobs, and an upload may take long to arrive.</summary>
    private long? _looked;

    /// <summary>The party behind which the next look begins.</summary>
    private string _afterParty = "";

    /// <summary>The party of which the last claim has taken what there was.</summary>
    private string? _emptied;

    /// <summary>The dataset that was looked at last, when not all of them fitted into a look.</summary>
    private (string Dataset, int Version) _after = ("", 0);

    /// <summary>The next job that nobody runs, now ours; or null.</summary>
    public Task<JobRow?> ClaimNextAsync(ClaimFilter filter, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        async (connection, token) =>
        {
            FaultPoints.Reach(FaultPoint.JobClaiming);
            Settle();
            JobRow? job = await ClaimInTurnAsync(connection, filter, token);
            job ??= filter.Closed.Count > 0 ? await ClaimOfOpenDatasetsAsync(connection, filter, token) : null;
            if (job is not null)
            {
                FaultPoints.Reach(FaultPoint.JobClaimed);
            }

            return job;
        },
        cancellationToken);

    /// <summary>
    /// What was claimed last has its sessions: if it was all that its party had, nobody's turn is kept for that any longer. Not before, or
    /// the session that it was claimed for would be somebody else's by then.
    /// </summary>
    public void Settle()
    {
        if (_emptied is { } party)
        {
            _emptied = null;
            budget.NoLongerAwait(party);
        }
    }

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

    /// <param name="datasets">Those to pass over; of <see cref="JobQueueSql.ClaimFirstOf"/> those to look at.</param>
    internal object ValuesOf(
        ClaimFilter filter, IEnumerable<(string Dataset, int Number)> datasets, string[] parties, DateTime now)
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
            parties,
            froms = parties.Select(_heads.Of).ToArray(),
            look = JobQueueSql.LookMax + filter.Left.Count,
            smallOnly = budget.TakesSmallOnly,
            smallBytes = (long)SessionBudget.SmallBytes,
        };
    }

    private async Task<JobRow?> ClaimInTurnAsync(NpgsqlConnection connection, ClaimFilter filter, CancellationToken cancellationToken)
    {
        bool isDue = _looked is not { } looked || time.GetElapsedTime(looked) >= _options.PollInterval;
        if (isDue)
        {
            _looked = time.GetTimestamp();
            _heads.Forget();
        }

        bool hasLooked = isDue || !budget.HasAwaited;
        if (hasLooked)
        {
            await LookAsync(connection, filter.Spool, cancellationToken);
        }

        for (int round = 0; round < RoundsMax; round++)
        {
            string[] parties = budget.Next(HeadsMax);
            if (parties.Length == 0 && !isDue)
            {
                return null; // what has lost its owner is looked for now and then
            }

            DateTime now = time.GetDatabaseNow().UtcDateTime;
            (JobRow? job, bool isLast) = await ClaimAsync(
                connection, JobQueueSql.ClaimFirst, ValuesOf(filter, filter.Closed, parties, now), cancellationToken);
            if (job is not null)
            {
                _emptied = isLast ? job.Party : null;

                // It was the oldest of its party, not one that was met behind others or had been started before.
                if (filter is { Closed.Count: 0, Left.Count: 0 } && job is { Attempt: 1 } && job.StartedAt == now)
                {
                    _heads.Begin(job.Party, job.Id);
                }

                return job;
            }

            if (_heads.Forget(parties))
            {
                continue; // there may be older ones after all
            }

            Array.ForEach(parties, budget.NoLongerAwait);
            if (budget.Next(1).Length > 0)
            {
                continue;
            }

            if (hasLooked && _afterParty.Length == 0)
            {
                return null;
            }

            hasLooked = true;
            await LookAsync(connection, filter.Spool, cancellationToken);
            if (budget.Next(1).Length == 0)
            {
                return null;
            }
        }

        return null;
    }

    private async Task LookAsync(NpgsqlConnection connection, Guid spool, CancellationToken cancellationToken)
    {
        string[] found = await FindAsync(_afterParty);
        if (found.Length == 0 && _afterParty.Length > 0)
        {
            found = await FindAsync("");
        }

        _afterParty = found.Length < PartiesMax ? "" : found[^1];
        Array.ForEach(found, budget.Await);

        async Task<string[]> FindAsync(string after) => [.. await connection.QueryAsync<string>(JobSql.Command(
            JobQueueSql.FindParties, new { spool, party = after, look = PartiesMax }, cancellationToken))];
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
            : (await ClaimAsync(
                connection, JobQueueSql.ClaimFirstOf, ValuesOf(filter, open, [], time.GetDatabaseNow().UtcDateTime),
                cancellationToken)).Job;
    }

    /// <summary>By one plan for all claims: made for the values of each, it takes longer than the claim itself.</summary>
    private static async Task<(JobRow? Job, bool IsLast)> ClaimAsync(
        NpgsqlConnection connection, string sql, object values, CancellationToken cancellationToken)
    {
        await using DbDataReader reader = await connection.ExecuteReaderAsync(
            JobSql.Command($"{JobQueueSql.PlanOnce}; {sql}", values, cancellationToken));
        await reader.NextResultAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? (reader.GetRowParser<JobRow>()(reader), reader.GetBoolean(reader.GetOrdinal("is_last")))
            : (null, false);
    }
}
