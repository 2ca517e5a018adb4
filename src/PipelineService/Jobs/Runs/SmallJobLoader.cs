using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Core.Parsing;
using PipelineService.Core.Rules;
using PipelineService.Core.Transforms;
using PipelineService.Datasets;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Spool;
using PipelineService.Spool.Decoding;
using PipelineService.Spool.Formats;
using PipelineService.Write;
using PipelineService.Write.Targets;

namespace PipelineService.Jobs.Runs;

/// <summary>Loads small jobs of one dataset together: each is transformed by itself, then their rows go in one transaction.</summary>
public sealed partial class SmallJobLoader(
    DatasetCatalog datasets,
    SharedTransaction transaction,
    SessionTurns turns,
    StoppedSessions sessions,
    RowTargets targets,
    JobEnd end,
    PipelineMetrics metrics,
    IOptions<SpoolOptions> spoolOptions,
    TimeProvider time,
    ILogger<SmallJobLoader> logger)
{
    /// <summary>How long jobs of a table are run by themselves after it has refused a shared transaction.</summary>
    private static readonly TimeSpan ApartTime = TimeSpan.FromSeconds(10);

    private readonly ConcurrentStack<TransformWorkspace> _idle = new();
    private readonly ConcurrentStack<RowBuffer> _idleRows = new();

    /// <summary>Tables that have refused a shared transaction, and when; as many as have done so of late.</summary>
    private readonly ConcurrentDictionary<string, long> _refused = new(StringComparer.Ordinal);

    /// <summary>Whether jobs of a table are better run each by itself now.</summary>
    public bool IsApart(string table) =>
        _refused.TryGetValue(table, out long since) && time.GetElapsedTime(since) < ApartTime;

    /// <summary>Loads the jobs that can be loaded together. Never throws: what fails is left to each job's own run.</summary>
    /// <returns>What became of each, in their order.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, each job's own run meets it again and judges it.")]
    internal async Task<IReadOnlyList<SharedOutcome>> LoadAsync(IReadOnlyList<SmallJob> jobs)
    {
        var outcomes = new SharedOutcome[jobs.Count];
        using SessionReservation? reservation = await turns.ReserveOneAsync(jobs[0].Live.Wish(0));
        if (reservation is null)
        {
            return outcomes;
        }

        Activity.Current = jobs[0].Span; // a trace that several jobs share is told with the first of them
        try
        {
            RowPlan plan = (await datasets.GetVersionAsync(
                jobs[0].Live.Current.Dataset, jobs[0].Live.Current.DatasetVersion, CancellationToken.None)).Plan;
            RowTarget target = targets.Of(plan.Definition);
            for (int next = 0; next < jobs.Count && target.TakesJobsTogether;)
            {
                RowBuffer rows = _idleRows.TryPop(out RowBuffer? idle) ? idle : new RowBuffer();
                List<TransformedJob> together = [];
                for (; next < jobs.Count && rows.Length < spoolOptions.Value.ChunkBytes; next++)
                {
                    if (await TransformAsync(jobs[next], next, plan, rows) is { } transformed)
                    {
                        together.Add(transformed);
                    }
                }

                await LoadAsync(together, plan, target, rows, outcomes);
                rows.Clear();
                _idleRows.Push(rows); // not after an error: a transaction may hold on to it
            }
        }
        catch (Exception e)
        {
            Log.LeftApart(logger, e, jobs.Count);
        }

        return outcomes;
    }

    /// <summary>Transforms a job and adds its rows to the others'.</summary>
    /// <returns>Null when it has to be run by itself.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, the job's own run meets it again and judges it.")]
    private async Task<TransformedJob?> TransformAsync(SmallJob job, int place, RowPlan plan, RowBuffer rows)
    {
        if (job.Live.CancelRequested.IsCancellationRequested)
        {
            return null;
        }

        long start = time.GetTimestamp();
        int bytesMax = job.Live.Codings.IsNone ? (int)job.Upload.Length : spoolOptions.Value.ChunkBytes;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(bytesMax);
        TransformWorkspace workspace = _idle.TryPop(out TransformWorkspace? idle) ? idle : new TransformWorkspace();
        try
        {
            JobRow row = job.Live.Current;
            using UploadContent content = await UploadContent.OpenAsync(
                job.Upload, job.Live.Codings, spoolOptions.Value, CancellationToken.None);
            RecordsStart records = await RecordFormat.Of(job.Live.Kind, plan, job.Live.RecordBytesMax, job.Live.Codings.OfText)
                .FindStartAsync(content.Bytes, row.Facts, new HashSet<string>(), CancellationToken.None);
            int length = await ReadAsync(content.Bytes, records.Offset, buffer.AsMemory(0, bytesMax));
            if (!content.Bytes.IsEnd(records.Offset + length))
            {
                return null; // it is of more than one chunk
            }

            ReadOnlyMemory<byte> bytes = buffer.AsMemory(0, length);
            int recordsMax = spoolOptions.Value.RecordsMaxOf(records.Transform.OptionalColumns);
            ScanResult scan = records.Scanner.Scan(bytes.Span, isFinal: true, recordsMax);
            if (length == 0 || !records.Scanner.IsClosedBy(bytes.Span[scan.Length..]) || records.Rows.Columns.Length != plan.Columns.Length)
            {
                return null;
            }

            using Activity? span = PipelineTracing.StartChunk(job.Span.Context, records.Offset, content.Bytes.Length);
            FaultPoints.Reach(FaultPoint.ChunkTransforming, bytes.Span);
            int read;
            using (PipelineTracing.StartTransform(span))
            {
                read = records.Transform.Run(bytes.Span[..scan.Length], records.Position, workspace);
            }

            span?.Tell(read, workspace.Rejects.Count);
            if (read != scan.Records || workspace.Rejects.Count > 0)
            {
                return null;
            }

            RecordCounts counts = new(read, workspace.Rows.Count, 0, read - workspace.Rows.Count);
            for (int i = 0; i < workspace.Rows.Count; i++)
            {
                rows.Append(workspace.Rows.RowBytes(i, 1).Span, workspace.Rows.Marks[i].Record);
            }

            if (content.IsCoded)
            {
                metrics.BytesDecoded(row.Dataset, content.CodingName, content.Bytes.Length);
            }

            long lines = scan.Lines + bytes.Span[scan.Length..].Count((byte)'\n');
            IReadOnlyList<OpCount> ops = records.Rows.CountOps(workspace.Ops);
            return new TransformedJob(job, place, row, records, content.Bytes.Length, lines, counts, ops, time.GetElapsedTime(start));
        }
        catch (Exception e)
        {
            Log.LeftApart(logger, e, 1);
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _idle.Push(workspace);
        }
    }

    /// <summary>Reads until the end, or until there is no more room.</summary>
    private static async Task<int> ReadAsync(IDecodedBytes upload, long offset, Memory<byte> buffer)
    {
        int length = 0;
        while (await upload.WaitForBytesAsync(offset + length, CancellationToken.None) && length < buffer.Length)
        {
            length += await upload.ReadAsync(buffer[length..], offset + length, CancellationToken.None);
        }

        return length;
    }

    private async Task LoadAsync(
        List<TransformedJob> together, RowPlan plan, RowTarget target, RowBuffer rows, SharedOutcome[] outcomes)
    {
        if (together.Count == 0)
        {
            return;
        }

        JobRow first = together[0].Row;
        JobLoadPlan shared = new()
        {
            JobId = first.Id,
            Epoch = first.Epoch,
            Dataset = first.Dataset,
            Party = first.Party,
            Rows = plan,
            Target = target,
            RawBytesMax = int.MaxValue,
        };
        SmallJobEnd ends = new(together, plan.Definition.Load.Table, time.GetDatabaseNow().UtcDateTime);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(
            [together[0].Job.Stopping, .. together.Select(job => job.Job.Live.CancelRequested)]);
        SharedOutcome outcome = await CommitAsync(together, shared, rows, ends, stop.Token);
        if (outcome != SharedOutcome.Committed)
        {
            NoteRefusal(together[0].Job.Live.Table);
        }

        foreach (TransformedJob job in together)
        {
            outcomes[job.Place] = outcome == SharedOutcome.Committed ? await CompletedAsync(job, ends) : outcome;
        }
    }

    /// <summary>One commit, which is told below the span of the first job; here, in the traces of the others.</summary>
    private async Task<SharedOutcome> CommitAsync(
        List<TransformedJob> together, JobLoadPlan shared, RowBuffer rows, SmallJobEnd ends, CancellationToken cancellationToken)
    {
        Activity? first = Activity.Current;
        Activity?[] told =
        [
            .. together.Select(job => job.Job.Span).Where(span => span != first).Select(span => PipelineTracing.StartCommit(span.Context)),
        ];
        Activity.Current = first;
        Task<SharedOutcome> running = transaction.RunAsync(
            shared, rows, together.Select(job => (job.Row.Id, (int)job.Counts.Loaded)), ends.Statements, ends.ReadAsync, cancellationToken);
        await sessions.WhenDoneAsync(running, together[0].Row.Id, cancellationToken);
        SharedOutcome outcome = await running;
        foreach (Activity? commit in told)
        {
            commit?.SetStatus(outcome == SharedOutcome.Committed ? ActivityStatusCode.Unset : ActivityStatusCode.Error).Stop();
        }

        Activity.Current = first; // each that stops brings back the one before it
        return outcome;
    }

    /// <summary>A job that cannot be told of here has ended all the same: its own run finds that in its row.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, it is this job's alone: its neighbours have ended, too.")]
    private async Task<SharedOutcome> CompletedAsync(TransformedJob job, SmallJobEnd ends)
    {
        using IDisposable? scope = logger.BeginJobScope(job.Row.Dataset, job.Row.Id);
        try
        {
            RecordTally tally = new();
            tally.Add(job.Counts);
            tally.Add(job.Ops);
            metrics.ChunkWritten(job.Row.Dataset, job.Counts.Read, job.Elapsed);
            await end.CompleteAsync(job.Job.Live, job.Job.Upload, ends.RowOf(job.Row.Id), tally);
            return SharedOutcome.Committed;
        }
        catch (Exception e)
        {
            Log.LeftApart(logger, e, 1);
            return SharedOutcome.Unknown;
        }
    }

    private void NoteRefusal(string table)
    {
        foreach ((string other, long since) in _refused)
        {
            if (time.GetElapsedTime(since) >= ApartTime)
            {
                _refused.TryRemove(new KeyValuePair<string, long>(other, since));
            }
        }

        _refused[table] = time.GetTimestamp();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "{Jobs} small jobs are run each by itself.")]
        public static partial void LeftApart(ILogger logger, Exception exception, int jobs);
    }
}
