using Dapper;
using PipelineService.Core.Datasets.Transforms;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Datasets;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Spool;
using PipelineService.Transform.Enrichment;

namespace PipelineService.Jobs.Gaps;

/// <summary>
/// Fills what rows lack because a service gave no answer, as far as somebody has asked for it: some at a time, job after job. Whatever dies
/// in between, the gap and the row change in one transaction; two instances that fill the same find that in the gap.
/// </summary>
public sealed partial class GapFiller(
    Database database, DatasetCatalog datasets, ServiceClients services, GapRows rows, EnrichmentMetrics metrics, TimeProvider time,
    ILogger<GapFiller> logger) : BackgroundService
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    /// <summary>Rows that are looked for at once: without an index on the lineage that reads the table.</summary>
    private const int ReadMax = 20_000;

    /// <summary>Rows that are changed in one transaction.</summary>
    private const int WriteMax = 1_000;

    /// <summary>How often a row may have moved before it is looked for again, which is not to go on without end.</summary>
    private const int StillMax = 10;

    private readonly GrowthSignal _requested = new();

    /// <summary>Somebody has asked for gaps to be filled.</summary>
    public void Wake() => _requested.Set();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Task requested = _requested.Next;
        try
        {
            while (true)
            {
                await Task.WhenAny(requested, Task.Delay(Interval, time, stoppingToken));
                stoppingToken.ThrowIfCancellationRequested();
                requested = _requested.Next; // before looking: what is asked for meanwhile is seen now or the next time
                await FillOrTellAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The service stops.
        }
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031", Justification = "Whatever it is, the next time tries again.")]
    private async Task FillOrTellAsync(CancellationToken cancellationToken)
    {
        Guid after = Guid.Empty;
        try
        {
            while (await FindAsync<Guid?>(GapSql.NextJob, new { after }, cancellationToken) is { } job)
            {
                after = job;
                try
                {
                    await FillAsync(job, cancellationToken);
                }
                catch (Exception e) when (e is not (OperationCanceledException or DatabaseUnavailableException))
                {
                    Log.NotFilled(logger, job, e.Message); // the others need not wait for it
                }
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            Log.NotFilled(logger, after, e.Message);
        }
    }

    /// <summary>Fills what is asked for of a job, until there is nothing left or the service gives no answer.</summary>
    /// <returns>How many gaps are filled.</returns>
    internal async Task<long> FillAsync(Guid job, CancellationToken cancellationToken)
    {
        long all = 0;
        int still = 0;
        while (still < StillMax && await FindAsync<short?>(GapSql.NextOp, new { job }, cancellationToken) is { } op)
        {
            (long filled, long settled, bool isAway) = await FillSomeAsync(job, op, cancellationToken);
            all += filled;
            still = settled > 0 ? 0 : still + 1;
            if (isAway)
            {
                break; // the next time, whatever has been filled of it by then
            }
        }

        return all;
    }

    private async Task<(long Filled, long Settled, bool IsAway)> FillSomeAsync(Guid job, short op, CancellationToken cancellationToken)
    {
        (string name, int number) = await FindAsync<(string, int)>(
            "SELECT dataset, dataset_version FROM pipeline.jobs WHERE id = @job", new { job }, cancellationToken);
        using IDisposable? scope = logger.BeginJobScope(name, job);
        DatasetVersion version = await datasets.GetVersionAsync(name, number, cancellationToken);
        GapFill fill = GapFill.Of(version.Plan, op) ?? throw new InvalidOperationException($"Op {op} of {name} asks no service.");
        long[] records = await database.RunPatientlyAsync(
            async (connection, token) => (await connection.QueryAsync<long>(new CommandDefinition(
                GapSql.NextRecords, new { job, op, limit = ReadMax }, cancellationToken: token))).ToArray(),
            cancellationToken);
        Dictionary<long, GapedRow> found = await rows.ReadAsync(job, version.Definition.Load.Table, fill, records, cancellationToken);
        (long allFilled, long allSettled) = (0, 0);
        foreach (long[] part in records.Chunk(WriteMax))
        {
            Dictionary<byte[], ServiceAnswer> answers = await AskAsync(
                fill, [.. part.Select(record => found.GetValueOrDefault(record)?.Input).OfType<byte[]>()], cancellationToken);
            List<(long, GapedRow?, ServiceAnswer)> dealt = [];
            bool isAway = false;
            foreach (long record in part)
            {
                GapedRow? row = found.GetValueOrDefault(record);
                ServiceAnswer answer = row is null ? default
                    : row.Input is { } input ? answers[input]
                    : ServiceAnswer.Missing;
                bool mayPass = answer.Code is RecordErrorCode.EnrichmentUnreachable or RecordErrorCode.EnrichmentTimeout
                    or RecordErrorCode.EnrichmentStatus;
                isAway |= mayPass;
                if (!mayPass)
                {
                    dealt.Add((record, row, answer));
                }
            }

            (long filled, long settled) = dealt.Count == 0
                ? (0, 0)
                : await rows.WriteAsync(job, op, version.Definition.Load.Table, fill, dealt, cancellationToken);
            metrics.Gaps(fill.Use.Service, filled, "filled");
            (allFilled, allSettled) = (allFilled + filled, allSettled + settled);
            if (isAway)
            {
                return (allFilled, allSettled, true);
            }
        }

        return (allFilled, allSettled, false);
    }

    private async Task<Dictionary<byte[], ServiceAnswer>> AskAsync(GapFill fill, byte[][] inputs, CancellationToken cancellationToken)
    {
        byte[][] asked = [.. inputs.Distinct(ByteKeys.Comparer)];
        ServiceUse use = fill.Use with { Unavailable = OnUnavailable.Reject }; // what has no answer is left as it is
        IReadOnlyList<ServiceAnswer> answers = asked.Length == 0 ? [] : await services.AskAsync(use, asked, cancellationToken);
        return asked.Zip(answers).ToDictionary(pair => pair.First, pair => pair.Second, ByteKeys.Comparer);
    }

    private Task<T?> FindAsync<T>(string sql, object values, CancellationToken cancellationToken) => database.RunPatientlyAsync(
        (connection, token) => connection.QueryFirstOrDefaultAsync<T>(new CommandDefinition(sql, values, cancellationToken: token)),
        cancellationToken);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Gaps of job {JobId} could not be filled; it is tried again: {Reason}")]
        public static partial void NotFilled(ILogger logger, Guid jobId, string reason);
    }
}
