using System.Globalization;
using Dapper;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Runs;
using PipelineService.Jobs.Tenants;
using PipelineService.Spool;

namespace PipelineService.Jobs;

/// <summary>
/// Counts jobs for the metrics. Those that are received or run here are known at any time. The queue is looked at now and then:
/// in the database, and in an outage in the spool, because it is then that somebody wants to know.
/// </summary>
public sealed partial class JobCensus(
    Database database, ISpool spool, LiveJobs liveJobs, WaitingBytes waiting, PipelineMetrics metrics, TimeProvider time,
    ILogger<JobCensus> logger)
    : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Jobs of a queue that are counted. A look costs some milliseconds for ten thousand of them.</summary>
    private const int CountMax = 100_000;

    /// <summary>Beyond that it is as good as never.</summary>
    private static readonly TimeSpan BacklogMax = TimeSpan.FromDays(365);

    private Queue _queue = new(0, null, Largest([]));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        metrics.ObserveJobs(() => [.. liveJobs.Census(), (JobState.Queued, _queue.Jobs)], () => AgeOf(_queue), () => _queue.Parties,
            () => BacklogOf(_queue));
        using PeriodicTimer timer = new(Interval, time);
        do
        {
            await LookAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            waiting.BeginLook();
            (PartyInQueue[] parties, double? pace) = await database.RunAsync(LookAsync, cancellationToken);
            waiting.EndLook(parties);
            _queue = new Queue(parties.Sum(party => party.Jobs), parties.Min(party => (DateTime?)party.Oldest), Largest(parties))
            {
                Bytes = parties.Sum(party => party.Bytes),
                BytesPerSecond = pace,
            };
        }
        catch (DatabaseUnavailableException)
        {
            _queue = await InSpoolAsync(cancellationToken) ?? _queue;
        }
        catch (NpgsqlException e)
        {
            Log.NotCounted(logger, e.Message); // what was seen last stands
        }
    }

    private async Task<(PartyInQueue[] Parties, double? Pace)> LookAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        PartyInQueue[] parties = [.. await connection.QueryAsync<PartyInQueue>(new CommandDefinition(
            JobQueueSql.Count, new { spool = spool.Id, look = CountMax }, cancellationToken: cancellationToken))];
        double? pace = parties.Length == 0
            ? null
            : await connection.ExecuteScalarAsync<double?>(new CommandDefinition(JobQueueSql.Pace, cancellationToken: cancellationToken));
        return (parties, pace);
    }

    /// <summary>What is there and nobody here has in hand; null when the spool cannot be looked at.</summary>
    private async Task<Queue?> InSpoolAsync(CancellationToken cancellationToken)
    {
        try
        {
            Guid[] ids = await spool.ListAsync(cancellationToken).Where(id => liveJobs.Find(id) is null)
                .ToArrayAsync(cancellationToken);
            return new Queue(ids.Length, ids.Length == 0 ? null : TimeOf(ids[0]), Largest([])); // whose they are stands in their files
        }
        catch (Exception e) when (SpoolUnavailableException.IsFault(e))
        {
            return null;
        }
    }

    /// <summary>Those with the most jobs, and all others together, which are told when there are none, too: a series that is there from the start can be graphed.</summary>
    private static (string Party, long Jobs)[] Largest(PartyInQueue[] parties)
    {
        PartyInQueue[] ordered = [.. parties.OrderByDescending(party => party.Jobs).ThenBy(party => party.Party, StringComparer.Ordinal)];
        long others = ordered.Skip(PipelineMetrics.PartiesMax).Sum(party => party.Jobs);
        return
        [
            .. ordered.Take(PipelineMetrics.PartiesMax).Select(party => (party.Party, party.Jobs)),
            ("other", others),
        ];
    }

    private TimeSpan AgeOf(Queue queue) =>
        queue.Oldest is { } oldest && time.GetUtcNow() - oldest is { Ticks: > 0 } age ? age : TimeSpan.Zero;

    /// <summary>Where nothing is known of a pace, as in an outage: at least as long as the oldest has waited already.</summary>
    private TimeSpan BacklogOf(Queue queue) =>
        queue is { Bytes: { } bytes, BytesPerSecond: > 0 and { } pace } ? TimeSpan.FromSeconds(Math.Min(bytes / pace, BacklogMax.TotalSeconds))
        : AgeOf(queue);

    /// <summary>The time at which a job began is the first 48 bits of its id (UUIDv7), in milliseconds.</summary>
    private static DateTime TimeOf(Guid id) => DateTimeOffset.FromUnixTimeMilliseconds(
        long.Parse(id.ToString("N").AsSpan(0, 12), NumberStyles.HexNumber, CultureInfo.InvariantCulture)).UtcDateTime;

    /// <param name="Oldest">Since when the oldest of them waits.</param>
    /// <param name="Parties">Those with the most of them.</param>
    private sealed record Queue(long Jobs, DateTime? Oldest, IReadOnlyList<(string Party, long Jobs)> Parties)
    {
        /// <summary>Null: not known.</summary>
        public long? Bytes { get; init; }

        /// <summary>Null: not known.</summary>
        public double? BytesPerSecond { get; init; }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "The jobs in the queue could not be counted: {Reason}")]
        public static partial void NotCounted(ILogger logger, string reason);
    }
}
