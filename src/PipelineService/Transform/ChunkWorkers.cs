using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using PipelineService.Core.Jobs;
using PipelineService.Core.Lookups;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Write;

namespace PipelineService.Transform;

/// <summary>
/// Stage 4: hosted workers that take chunks from the channel and carry each through transform and write. A chunk never
/// changes hands twice.
/// </summary>
public sealed partial class ChunkWorkers(
    ChunkChannel channel,
    ChunkWriter writer,
    PipelineMetrics metrics,
    IOptions<TransformOptions> options,
    TimeProvider time,
    ILogger<ChunkWorkers> logger) : BackgroundService
{
    /// <summary>
    /// Workspaces that no worker uses, the warmest first. Workers take turns at the channel; had each its own, all of them
    /// would grow to a chunk's size although few are busy at once.
    /// </summary>
    private readonly ConcurrentStack<TransformWorkspace> _idle = new();

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        metrics.ObserveChannel(() => channel.Depth, options.Value.ChannelCapacity);
        return Task.WhenAll(
            Enumerable.Range(0, options.Value.Workers).Select(_ => Task.Run(WorkAsync, CancellationToken.None)));
    }

    /// <summary>
    /// Lets the workers finish: the loads have been stopped before, so what they still take is given up quickly.
    /// </summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        channel.Complete();
        await base.StopAsync(cancellationToken);
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever a chunk meets ends its load, not the worker.")]
    private async Task WorkAsync()
    {
        while (await channel.ReadAsync() is { } chunk)
        {
            JobLoad load = chunk.Load;
            using IDisposable? scope = logger.BeginJobScope(load.Plan.Dataset, load.Plan.JobId);
            using IDisposable? quiet = StatementSpans.Suppress(!load.Plan.Rows.Hidden.IsEmpty);
            try
            {
                TransformWorkspace workspace = _idle.TryPop(out TransformWorkspace? idle) ? idle : new TransformWorkspace();
                if (!load.Stopped.IsCancellationRequested)
                {
                    await CarryAsync(chunk, workspace);
                }

                _idle.Push(workspace); // not after an error: it may be as large as what there was no memory for
            }
            catch (Exception error)
            {
                Exception e = RefusalText.Veil(error, load.Plan.Rows);

                // Any error ends the attempt, not the worker, a lack of memory too; the job decides what it means.
                Log.ChunkFailed(logger, e, load.Plan.JobId, chunk.Extent.StartOffset, chunk.Extent.EndOffset);
                load.Fail(e);
            }
            finally
            {
                chunk.Dispose();
            }
        }
    }

    private async Task CarryAsync(Chunk chunk, TransformWorkspace workspace)
    {
        JobLoad load = chunk.Load;
        using Activity? span = PipelineTracing.StartChunk(load.Plan.Trace, chunk.Extent.StartOffset, chunk.Extent.EndOffset);
        long start = time.GetTimestamp();
        ChunkAnswers? answers = chunk.Extent.IsOversizedRecord || !load.Transform!.Asks ? null : await AskAsync(chunk, workspace, span);
        int read;
        using (PipelineTracing.StartTransform(span))
        {
            read = Transform(chunk, workspace, answers);
        }

        RecordCounts counts = await writer.WriteAsync(
            new TransformedChunk(load, chunk.Turn, chunk.Extent, chunk.Bytes, workspace, read, chunk.Answers), load.Stopped);
        span?.Tell(counts.Read, counts.Rejected);
        metrics.ChunkWritten(load.Plan.Dataset, counts.Read, time.GetElapsedTime(start));
    }

    private static async Task<ChunkAnswers?> AskAsync(Chunk chunk, TransformWorkspace workspace, Activity? span)
    {
        using Activity? asking = span is null ? null : PipelineTracing.StartEnrichment(span.Context);
        return await chunk.Load.Transform!.AnswerAsync(
            chunk.Bytes, chunk.Extent.Position, workspace, chunk.Load.Stopped, chunk.Answers);
    }

    private static int Transform(Chunk chunk, TransformWorkspace workspace, ChunkAnswers? answers)
    {
        FaultPoints.Reach(FaultPoint.ChunkTransforming, chunk.Bytes.Span);
        if (chunk.Extent.IsOversizedRecord)
        {
            int start = chunk.Extent.RecordStart;
            workspace.Clear();
            workspace.Rejects.Add(
                new RecordError(RecordError.WholeRecord, RecordErrorCode.RecordTooLong, 0, 0),
                chunk.Extent.Position.FirstRecord,
                chunk.Extent.Position.FirstLine + (chunk.Load.Transform!.IsText ? chunk.Bytes.Span[..start].Count((byte)'\n') : 0),
                start,
                chunk.Bytes.Length - start);
            return 1;
        }

        int read = chunk.Load.Transform!.Run(chunk.Bytes.Span, chunk.Extent.Position, workspace, answers);
        if (read != chunk.Extent.Records || read != workspace.Rows.Count + workspace.Rejects.Count + workspace.Filtered)
        {
            throw new InvalidOperationException(
                $"The chunk was cut with {chunk.Extent.Records} records, but {read} were read: " +
                $"{workspace.Rows.Count} rows, {workspace.Rejects.Count} rejects and {workspace.Filtered} left out.");
        }

        return read;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Chunk {Start}–{End} of job {JobId} was not written.")]
        public static partial void ChunkFailed(ILogger logger, Exception exception, Guid jobId, long start, long end);
    }
}
