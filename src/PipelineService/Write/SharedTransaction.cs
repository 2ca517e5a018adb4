using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Core.Encoding;
using PipelineService.Datasets.Tables;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;

namespace PipelineService.Write;

/// <summary>What became of a transaction that several jobs share.</summary>
public enum SharedOutcome
{
    /// <summary>It was not committed, and nothing of it is there: each job is to be loaded by itself.</summary>
    Apart,

    /// <summary>It is committed, with the ends of all its jobs.</summary>
    Committed,

    /// <summary>The answer to its COMMIT was lost: whether it is committed stands in the rows of its jobs.</summary>
    Unknown,
}

/// <summary>
/// The rows of several small jobs of one dataset, and the ends of these jobs, in one transaction. It takes all rows just as they
/// are or none: what is refused, dropped or held up is left to each job's own run, which finds out whose row it is.
/// </summary>
public sealed partial class SharedTransaction(
    Database database, IOptions<WriteOptions> options, ILogger<SharedTransaction> logger)
{
    /// <param name="plan">Of one of the jobs: what is the same for all.</param>
    /// <param name="rows">The rows of all jobs.</param>
    /// <param name="owners">Whose they are, in their order, and how many of each.</param>
    /// <param name="end">The statements that check that the jobs are still ours, and end them, by where their rows begin.</param>
    /// <param name="read">Reads what these statements return.</param>
    public async Task<SharedOutcome> RunAsync(
        JobLoadPlan plan, RowBuffer rows, IEnumerable<(Guid Job, int Rows)> owners, Func<TablePlace?, IReadOnlyList<NpgsqlBatchCommand>> end, Func<NpgsqlDataReader, Task> read,
        CancellationToken cancellationToken)
    {
        using IDisposable? quiet = StatementSpans.Suppress(!plan.Rows.Hidden.IsEmpty);
        using JobLoad load = new(plan, sessions: 1, options.Value, logger, cancellationToken)
        {
            ReadAgain = static (_, _, _, _, _) => throw new InvalidOperationException("All rows go together or not at all."),
        };
        using CancellationShield shield = new(cancellationToken);
        WriteSession session = await load.Sessions.TakeAsync(cancellationToken);
        bool isCommitting = false;
        try
        {
            await session.BeginAsync(database, shield.Token);
            int[] all = [.. Enumerable.Range(0, rows.Count)];
            if (await plan.Target.SendAsync(session, rows, all, shield.Token) != rows.Count)
            {
                return SharedOutcome.Apart;
            }

            int first = 0;
            foreach ((Guid job, int count) in owners)
            {
                session.Views.Add(job, rows, first, count, []);
                first += count;
            }

            await session.Views.WriteAsync(shield.Token);
            FaultPoints.Reach(FaultPoint.CheckpointWriting);
            isCommitting = true;
            await CommitAsync(session, [.. end(load.Beginning.Place), .. session.Views.Doubts], read, shield.Token);
            return SharedOutcome.Committed;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            string reason = RefusalText.Veil(e, plan.Rows).Message;
            Log.NotShared(logger, plan.Dataset, reason);
            await database.ReportFaultAsync(e);
            return isCommitting ? SharedOutcome.Unknown : SharedOutcome.Apart;
        }
        finally
        {
            await load.Sessions.CloseAsync();
        }
    }

    private static async Task CommitAsync(
        WriteSession session, IReadOnlyList<NpgsqlBatchCommand> end, Func<NpgsqlDataReader, Task> read,
        CancellationToken cancellationToken)
    {
        using System.Diagnostics.Activity? span = PipelineTracing.StartCommit();
        FaultPoints.Reach(FaultPoint.Committing);
        await using NpgsqlBatch batch = new(session.Connection);
        foreach (NpgsqlBatchCommand statement in end)
        {
            batch.BatchCommands.Add(statement);
        }

        batch.BatchCommands.Add(new("COMMIT"));
        await using (NpgsqlDataReader reader = await batch.ExecuteReaderAsync(cancellationToken))
        {
            await read(reader);
            while (await reader.NextResultAsync(cancellationToken))
            {
                // To the end: an error of COMMIT comes there.
            }
        }

        FaultPoints.Reach(FaultPoint.Committed);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Small uploads of {Dataset} are loaded each by itself: {Reason}")]
        public static partial void NotShared(ILogger logger, string dataset, string reason);
    }
}
