using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Core.Jobs;
using PipelineService.Core.Transforms;
using PipelineService.Hosting;
using PipelineService.Spool;

namespace PipelineService.Write;

/// <summary>
/// Stage 5: one chunk's rows, its dead letters and its checkpoint go into PostgreSQL, and are there together or not at all.
/// </summary>
public sealed partial class ChunkWriter(
    Database database, DeadLetterWriter deadLetters, IOptions<WriteOptions> options, ILogger<ChunkWriter> logger)
{
    private readonly WriteOptions _options = options.Value;

    /// <summary>Writes a transformed chunk and adds it to the load's counts.</summary>
    /// <returns>What became of its records.</returns>
    /// <exception cref="RejectLimitException">The database refused more than the limits allow.</exception>
    /// <exception cref="NpgsqlException">The sink failed; nothing of an uncommitted session is kept.</exception>
    public async Task<RecordCounts> WriteAsync(Chunk chunk, int read, TransformWorkspace workspace, CancellationToken cancellationToken)
    {
        JobLoad load = chunk.Load;

        // 1. In order when there is one session (the first of two records with the same key wins), and in a free session.
        await chunk.Turn.WaitAsync(cancellationToken);
        WriteSession session = await load.Sessions.TakeAsync(cancellationToken);
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timeout.CancelAfter(_options.ChunkTimeout + _options.LockTimeout);
            using CancellationShield shield = new(timeout.Token);
            await session.BeginAsync(database, _options, shield.Token);

            // 2. The rows, or all but those that the database refuses.
            IReadOnlyList<RefusedRow> refused = workspace.Rows.Count == 0
                ? []
                : await CopyAsync(session, load, workspace, shield.Token);
            int rejected = workspace.Rejects.Count + refused.Count;
            RecordCounts counts = new(read, workspace.Rows.Count - refused.Count, rejected, Filtered: 0);
            bool isOverLimit = load.IsOverLimit(read, rejected);

            // 3. The dead letters: with the rows if those commit now, else beside them, because they outlive a rollback.
            bool commitsNow = load.CommitsEachChunk && !isOverLimit;
            if (rejected > 0)
            {
                FaultPoints.Reach(FaultPoint.DeadLettersWriting);
                await deadLetters.WriteAsync(commitsNow ? session.Connection : null, chunk, workspace, refused, shield.Token);
                FaultPoints.Reach(FaultPoint.DeadLettersWritten);
            }

            if (isOverLimit)
            {
                throw new RejectLimitException(load.Counts.Read + read, load.Counts.Rejected + rejected);
            }

            // 4. The checkpoint, and the commit or the next savepoint.
            NpgsqlBatchCommand checkpoint = Checkpoint(chunk, counts);
            FaultPoints.Reach(FaultPoint.CheckpointWriting);
            await (commitsNow
                ? session.CommitAsync([checkpoint], shield.Token)
                : session.KeepAsync([checkpoint], shield.Token));
            FaultPoints.Reach(FaultPoint.CheckpointWritten);
            load.Add(counts, chunk.EndOffset - chunk.StartOffset);
            return counts;
        }
        catch (Exception e) when (SqlFaults.MayPass(e))
        {
            await database.ReportFaultAsync(e);
            throw;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The database did not finish a chunk within {_options.ChunkTimeout}.");
        }
        finally
        {
            load.Sessions.Return(session);
        }
    }

    /// <summary>
    /// The rows in one COPY, as long as that mostly succeeds. A job that has met a refusal leaves out the rows that may repeat
    /// one of its own keys, and one that meets refusals which nothing foretold has all its rows screened first.
    /// </summary>
    private async Task<IReadOnlyList<RefusedRow>> CopyAsync(
        WriteSession session, JobLoad load, TransformWorkspace workspace, CancellationToken cancellationToken)
    {
        int[] suspects = load.Keys?.Add(workspace.Rows) ?? [];
        bool hasFailed = false;
        while (load.Refusals.AreForetold)
        {
            int[] leftOut = load.Refusals.Any ? suspects : [];
            try
            {
                await ChunkCopy.SendExceptAsync(session.Connection, load.Plan.CopySql, workspace.Rows, leftOut, cancellationToken);
                return leftOut.Length == 0 ? [] : await StageAsync(session, load, workspace, leftOut, cancellationToken);
            }
            catch (PostgresException e) when (SqlFaults.Of(e) == SqlFault.Row)
            {
                await session.RollbackChunkAsync(cancellationToken);
                bool wasForetold = !hasFailed && !load.Refusals.Any && suspects.Length > 0;
                load.Refusals.Met(wasForetold);
                hasFailed = true;
                if (!wasForetold)
                {
                    break;
                }
            }
        }

        IReadOnlyList<RefusedRow> refused = await StageAsync(session, load, workspace, some: null, cancellationToken);
        load.Refusals.Screened(refused.Count > 0);
        return refused;
    }

    private async Task<IReadOnlyList<RefusedRow>> StageAsync(
        WriteSession session, JobLoad load, TransformWorkspace workspace, int[]? some, CancellationToken cancellationToken)
    {
        IReadOnlyList<RefusedRow> refused = await session.Stage.LoadAsync(workspace.Rows, some, cancellationToken);
        if (session.Stage.OneByOneReason is { } reason && load.Refusals.TellOneByOne())
        {
            Log.OneByOne(logger, load.Plan.JobId, reason.MessageText, reason.SqlState);
        }

        return refused;
    }

    private static NpgsqlBatchCommand Checkpoint(Chunk chunk, RecordCounts counts) => new(WriteSql.InsertCheckpoint)
    {
        Parameters =
        {
            new() { Value = chunk.Load.Plan.JobId },
            new() { Value = chunk.StartOffset },
            new() { Value = chunk.EndOffset },
            new() { Value = chunk.Position.FirstRecord },
            new() { Value = chunk.Position.FirstLine },
            new() { Value = chunk.Lines },
            new() { Value = counts.Read },
            new() { Value = counts.Loaded },
            new() { Value = counts.Rejected },
            new() { Value = counts.Filtered },
            new() { Value = chunk.Load.Plan.Epoch },
        },
    };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information,
            Message = "Rows of job {JobId} are inserted one by one, which is slow, because no query over the table's constraints tells "
                + "which of them are refused: {Reason} (SQLSTATE {SqlState}). Told once a job.")]
        public static partial void OneByOne(ILogger logger, Guid jobId, string reason, string sqlState);
    }
}
