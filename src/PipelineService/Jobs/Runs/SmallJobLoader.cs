using System.Buffers;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Core.Parsing;
using PipelineService.Core.Transforms;
using PipelineService.Datasets;
using PipelineService.Datasets.Tables;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Spool;
using PipelineService.Spool.Formats;
using PipelineService.Write;
using PipelineService.Write.Targets;

namespace PipelineService.Jobs.Runs;

/// <summary>Loads small jobs of one dataset together: each is transformed by itself, then their rows go in one transaction.</summary>
public sealed partial class SmallJobLoader(
    DatasetCatalog datasets,
    SharedTransaction transaction,
    SessionBudget budget,
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

    /// <summary>Tables that have refused a shared transaction, and when. As many as have small jobs at that time.</summary>
    private readonly ConcurrentDictionary<string, long> _refused = new(StringComparer.Ordinal);

    /// <summary>Whether jobs of a table are better run each by itself now.</summary>
    public bool IsApart(string table)
    {
        if (!_refused.TryGetValue(table, out long since))
        {
            return false;
        }

        if (time.GetElapsedTime(since) < ApartTime)
        {
            return true;
        }

        _refused.TryRemove(new KeyValuePair<string, long>(table, since));
        return false;
    }

    /// <summary>Loads the jobs that can be loaded together. Never throws: what fails is left to each job's own run.</summary>
    /// <returns>What became of each, in their order.</returns>
    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, each job's own run meets it again and judges it.")]
    internal async Task<IReadOnlyList<SharedOutcome>> LoadAsync(IReadOnlyList<SmallJob> jobs)
    {
        var outcomes = new SharedOutcome[jobs.Count];
        using SessionReservation? reservation = budget.TryReserve(jobs[0].Live.Table, sessionsMax: 1, isReceiving: false);
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
                RowBuffer rows = new();
                List<Prepared> together = [];
                for (; next < jobs.Count && rows.Length < spoolOptions.Value.ChunkBytes; next++)
                {
                    if (await PrepareAsync(jobs[next], next, plan, rows) is { } prepared)
                    {
                        together.Add(prepared);
                    }
                }

                await LoadAsync(together, plan, target, rows, outcomes);
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
    private async Task<Prepared?> PrepareAsync(SmallJob job, int place, RowPlan plan, RowBuffer rows)
    {
        long start = time.GetTimestamp();
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)job.Upload.Length);
        TransformWorkspace workspace = _idle.TryPop(out TransformWorkspace? idle) ? idle : new TransformWorkspace();
        try
        {
            JobRow row = job.Live.Current;
            RecordsStart records = await RecordFormat.Of(job.Live.Kind, plan, job.Live.RecordBytesMax)
                .FindStartAsync(job.Upload, row.Id, new HashSet<string>(), CancellationToken.None);
            int length = await ReadAsync(job.Upload, records.Offset, buffer);
            ReadOnlyMemory<byte> bytes = buffer.AsMemory(0, length);
            int recordsMax = spoolOptions.Value.RecordsMaxOf(records.Transform.OptionalColumns);
            ScanResult scan = records.Scanner.Scan(bytes.Span, isFinal: true, recordsMax);
            if (length == 0 || scan.Length != length || records.Rows.Columns.Length != plan.Columns.Length)
            {
                return null;
            }

            using Activity? span = PipelineTracing.StartChunk(job.Span.Context, records.Offset, job.Upload.Length);
            FaultPoints.Reach(FaultPoint.ChunkTransforming, bytes.Span);
            int read = records.Transform.Run(bytes.Span, records.Position, workspace);
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

            metrics.ChunkWritten(row.Dataset, read, time.GetElapsedTime(start));
            return new Prepared(job, place, row, records, scan.Lines, counts);
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

    private static async Task<int> ReadAsync(SpoolReader upload, long offset, byte[] buffer)
    {
        int length = 0;
        while (offset + length < upload.Length)
        {
            length += await upload.ReadAsync(buffer.AsMemory(length), offset + length, CancellationToken.None);
        }

        return length;
    }

    private async Task LoadAsync(
        List<Prepared> together, RowPlan plan, RowTarget target, RowBuffer rows, SharedOutcome[] outcomes)
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
            Rows = plan,
            Target = target,
            RawBytesMax = int.MaxValue,
        };
        List<JobRow> ended = [];
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(
            [together[0].Job.Stopping, .. together.Select(job => job.Job.Live.CancelRequested)]);
        Task<SharedOutcome> running = transaction.RunAsync(
            shared, rows, place => EndOf(together, plan.Definition.Load.Table, place), async reader => ended.AddRange(await EndedAsync(reader)), stop.Token);
        await sessions.WhenDoneAsync(running, first.Id, stop.Token);
        SharedOutcome outcome = await running;
        if (outcome != SharedOutcome.Committed)
        {
            _refused[together[0].Job.Live.Table] = time.GetTimestamp();
        }

        var final = ended.ToDictionary(row => row.Id);
        foreach (Prepared job in together)
        {
            outcomes[job.Place] = outcome;
            if (outcome == SharedOutcome.Committed)
            {
                await CompleteAsync(job, final[job.Row.Id]);
            }
        }
    }

    private async Task CompleteAsync(Prepared job, JobRow row)
    {
        using IDisposable? scope = logger.BeginJobScope(row.Dataset, row.Id);
        RecordTally tally = new();
        tally.Add(job.Counts);
        await end.CompleteAsync(job.Job.Live, job.Job.Upload, row, tally);
    }

    private NpgsqlBatchCommand[] EndOf(List<Prepared> jobs, TableName table, TablePlace? place)
    {
        NpgsqlBatchCommand finish = new(SmallJobSql.Finish)
        {
            Parameters =
            {
                Array(jobs, j => j.Row.Id),
                Array(jobs, j => j.Row.Epoch),
                Array(jobs, j => j.Start.Offset),
                Array(jobs, j => j.Job.Upload.Length),
                Array(jobs, j => j.Start.Position.FirstLine),
                Array(jobs, j => j.Lines),
                Array(jobs, j => j.Counts.Read),
                Array(jobs, j => j.Counts.Loaded),
                Array(jobs, j => j.Counts.Filtered),
                Array(jobs, j => JsonSerializer.Serialize(j.Start.Columns?.Select(Faults.Storable) ?? [])),
                new() { Value = time.GetDatabaseNow().UtcDateTime },
            },
        };
        finish.Parameters.AddRange(RowsOfJob.PlaceOf(table, place));
        return
        [
            new(SmallJobSql.RequireEpochs) { Parameters = { Array(jobs, j => j.Row.Id), Array(jobs, j => j.Row.Epoch) } },
            new(DurableCommit.Sql), // after this commit the uploads leave the spool
            finish,
        ];
    }

    private static NpgsqlParameter Array<T>(List<Prepared> jobs, Func<Prepared, T> value) =>
        new() { Value = jobs.Select(value).ToArray() };

    private static async Task<List<JobRow>> EndedAsync(NpgsqlDataReader reader)
    {
        while (reader.FieldCount <= 1 && await reader.NextResultAsync())
        {
            // The fence and the setting come before.
        }

        List<JobRow> rows = [];
        Func<System.Data.Common.DbDataReader, JobRow> parse = reader.GetRowParser<JobRow>();
        while (await reader.ReadAsync())
        {
            rows.Add(parse(reader));
        }

        return rows;
    }

    /// <summary>A job whose rows are among those of a transaction.</summary>
    /// <param name="Place">Among the jobs of the call.</param>
    private sealed record Prepared(SmallJob Job, int Place, JobRow Row, RecordsStart Start, long Lines, RecordCounts Counts);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "{Jobs} small jobs are run each by itself.")]
        public static partial void LeftApart(ILogger logger, Exception exception, int jobs);
    }
}
