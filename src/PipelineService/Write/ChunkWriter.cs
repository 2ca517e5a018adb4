using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Datasets.Taps;
using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Write.Rejects;
using PipelineService.Write.Taps;

namespace PipelineService.Write;

/// <summary>
/// Stage 5: one chunk's rows, its dead letters and its checkpoint go into PostgreSQL, and are there together or not at all.
/// </summary>
public sealed class ChunkWriter(Database database, DeadLetterWriter deadLetters, RecordTaps taps, EnrichmentMetrics metrics)
{
    /// <summary>Writes a transformed chunk and adds it to the load's counts.</summary>
    /// <returns>What became of its records.</returns>
    /// <exception cref="JobFaultException">The table is not as it was declared, or takes no row.</exception>
    /// <exception cref="RejectLimitException">The database refused more than the limits allow.</exception>
    /// <exception cref="NpgsqlException">The sink failed; nothing of an uncommitted session is kept.</exception>
    public async Task<RecordCounts> WriteAsync(TransformedChunk chunk, CancellationToken cancellationToken)
    {
        (JobLoad load, TransformWorkspace workspace, int read) = (chunk.Load, chunk.Workspace, chunk.Read);

        // 1. In order when there is one session (the first of two records with the same key wins), and in a free session.
        await chunk.Turn.Comes.WaitAsync(cancellationToken);
        WriteSession session = await load.Sessions.TakeAsync(cancellationToken);
        try
        {
            using CancellationShield shield = new(cancellationToken);
            await session.BeginAsync(database, shield.Token);

            // 2. The rows, or all but those that the database refuses.
            RowOutcome rows = await LoadAsync(session, chunk, shield.Token);
            int rejected = workspace.Rejects.Count + rows.Refused.Count;
            RecordCounts counts = new(
                read, workspace.Rows.Count - rows.Missed, rejected, workspace.Filtered + rows.Filtered);
            bool isOverLimit = load.IsOverLimit(read, rejected);

            // 3. The dead letters: with the rows if those commit now, else beside them, because they outlive a rollback.
            bool commitsNow = load.CommitsEachChunk && !isOverLimit;
            RejectTally? tally = rejected > 0 ? ChunkRejects.Count(chunk, rows.Refused) : null;
            if (tally is not null)
            {
                FaultPoints.Reach(FaultPoint.DeadLettersWriting);
                await deadLetters.WriteAsync(
                    commitsNow ? session.Connection : null, chunk, rows.Refused, tally, shield.Token);
                FaultPoints.Reach(FaultPoint.DeadLettersWritten);
            }

            IReadOnlyList<OpCount> ops = load.Plan.Rows.CountOps(workspace.Ops);
            Tell(session.Tally, counts, ops, workspace, rows);
            if (isOverLimit)
            {
                throw new RejectLimitException(load.Counts.Read + read, load.Counts.Rejected + rejected);
            }

            // 4. What its rows are like, the checkpoint, and the commit or the next savepoint.
            session.Count(workspace.Rows, rows.Refused);
            WrittenChunk written = Written(chunk, counts, ops, rows);
            if (written.Gaps.Count > 0)
            {
                FaultPoints.Reach(FaultPoint.GapsWriting);
            }

            FaultPoints.Reach(FaultPoint.CheckpointWriting);
            await (commitsNow
                ? session.CommitAsync([.. written.Statements(load.Plan), .. session.KeepProfile()], shield.Token)
                : session.KeepAsync(written, shield.Token));
            FaultPoints.Reach(FaultPoint.CheckpointWritten);
            load.Add(counts, chunk.Extent.Bytes, ops, tally);
            CountGaps(load, written);
            if (taps.Of(load.Plan.Dataset) is { } tap)
            {
                new ChunkSample(chunk, rows).TellTo(tap);
            }

            return counts;
        }
        catch (Exception e) when (SqlFaults.MayPass(e))
        {
            await database.ReportFaultAsync(e);
            throw;
        }
        finally
        {
            load.Sessions.Return(session);
        }
    }

    private void CountGaps(JobLoad load, WrittenChunk written)
    {
        foreach (IGrouping<int, RecordGap> op in written.Gaps.GroupBy(gap => gap.Op))
        {
            metrics.Gaps(load.Plan.Rows.Ops[op.Key].Service!, op.Count(), "left");
        }
    }

    private static async Task<RowOutcome> LoadAsync(
        WriteSession session, TransformedChunk chunk, CancellationToken cancellationToken)
    {
        (JobLoad load, RowBuffer rows) = (chunk.Load, chunk.Workspace.Rows);
        int[] repeats = load.Keys?.Add(rows) ?? [];
        RowOutcome outcome = await session.Loader.LoadAsync(rows, repeats, cancellationToken);
        if (outcome.Waiting.Count > 0 && load.Plan.Target.Commit == CommitPolicy.Job)
        {
            await session.Waiting.AddAsync(chunk.Extent.StartOffset, rows, outcome.Waiting, cancellationToken);
        }

        return outcome;
    }

    private static void Tell(
        RecordTally tally, RecordCounts counts, IReadOnlyList<OpCount> ops, TransformWorkspace workspace, RowOutcome rows)
    {
        tally.Add(counts);
        tally.Add(ops);
        tally.AddReasons(workspace.Rejects);
        foreach (RejectedRow row in rows.Refused)
        {
            tally.AddReason(row.Code);
        }
    }

    private static WrittenChunk Written(
        TransformedChunk chunk, RecordCounts counts, IReadOnlyList<OpCount> ops, RowOutcome rows) => new()
        {
            Extent = chunk.Extent,
            Counts = counts,
            Ops = ops,
            Refused = [.. rows.Refused.Select(row => row.Index)],
            Waiting = [.. rows.Waiting.Select(row => row.Index)],
            Answers = chunk.Answers,
            Gaps = ChunkGaps.Of(chunk.Workspace, rows),
        };
}
