using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Npgsql;
using PipelineService.Access.Audit;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Core.Jobs;
using PipelineService.Core.Lookups;
using PipelineService.Core.Transforms;
using PipelineService.Datasets.Models;
using PipelineService.Datasets.Tables;
using PipelineService.Hosting;
using PipelineService.Hosting.FaultInjection;
using PipelineService.Hosting.Postgres;
using PipelineService.Hosting.Telemetry;
using PipelineService.Jobs.Gaps;
using PipelineService.Jobs.Quality;
using PipelineService.Spool;
using PipelineService.Spool.Decoding;
using PipelineService.Spool.Formats;
using PipelineService.Transform;
using PipelineService.Transform.Enrichment;
using PipelineService.Write;
using PipelineService.Write.Rejects;
using PipelineService.Write.Targets;

namespace PipelineService.Jobs.Runs;

/// <summary>
/// One attempt at loading a job, from its checkpoints to the commit. Live, queued, resumed and replayed uploads all come
/// this way.
/// </summary>
public sealed class JobLoader(
    Database database,
    JobCheckpoints checkpoints,
    StoppedSessions sessions,
    JobTargets targets,
    JobPins pins,
    LookupBinder lookups,
    ServiceClients services,
    JobConversions conversions,
    ModelBinder models,
    QualityGate gate,
    ChunkChannel channel,
    IOptions<SpoolOptions> spoolOptions,
    IOptions<TransformOptions> transformOptions,
    IOptions<WriteOptions> writeOptions,
    JobFlow flow,
    PipelineMetrics metrics,
    TimeProvider time,
    ILogger<JobLoader> logger)
{
    /// <summary>Loads what is left of a job and commits it.</summary>
    /// <param name="job">Its row as claimed: the epoch fences this attempt.</param>
    /// <param name="stopping">Cancelled when the job is to stop: shutdown, or a lost lease.</param>
    /// <exception cref="JobFaultException">The data or the target is at fault; trying again would not help.</exception>
    /// <exception cref="RejectLimitException">More records were rejected than the dataset allows.</exception>
    /// <exception cref="UploadAbandonedException">The upload broke off.</exception>
    /// <exception cref="NpgsqlException">The sink failed; another attempt may do.</exception>
    public async Task LoadAsync(
        JobRow job, LiveJob live, RowPlan rows, RecordFormat format, SpoolReader upload, SessionReservation reservation,
        CancellationToken stopping)
    {
        // 1. What earlier attempts have committed; what they rejected without committing is forgotten, as it may be loaded now.
        Covered covered = job.Epoch <= 1 ? Covered.Nothing : await checkpoints.TakeUpAsync(job.Id, stopping);
        IReadOnlyList<byte[]> profiles = covered.Checkpoints.Count == 0 || !rows.Definition.IsProfiled
            ? []
            : await checkpoints.ProfilesAsync(job.Id, stopping);

        // What it looks up, as its first attempt has pinned it; no session is held while that is read.
        PinnedVersions pinned = await pins.OfAsync(live, rows, stopping);
        using BoundLookups bound = await lookups.BindAsync(rows, pinned.Lookups, stopping);
        using BoundModels scoring = await models.LoadAsync(rows, pinned.Models, stopping);

        ExternalAnswers? answers = await services.BindAsync(
            rows, scoring.With(bound.Answers), AttemptJudge.WaitsForService(live.Current), stopping);

        // 2. Sessions: as many as the target bears, and one for an upload of one chunk.
        RowTarget target = await targets.OfAsync(job, rows.Definition, stopping);
        using UploadContent content = live.IsConverted
            ? await conversions.OpenAsync(live, upload, rows.Definition, hasCheckpoints: covered.Checkpoints.Count > 0, stopping)
            : await UploadContent.OpenAsync(upload, live.Codings, spoolOptions.Value, stopping);
        bool isSmall = IsSmall(upload, content);
        TableShape? table = isSmall && !MayLackColumns(rows) ? null : await LookAsync(target, stopping);
        reservation.ShrinkTo(isSmall ? 1 : target.SessionsMax(table));

        SpoolRange written = new(content);
        using JobLoad load = new(
            PlanOf(job, rows, target, table, covered) with { CoveredProfiles = profiles },
            reservation.Count, writeOptions.Value, logger, stopping)
        {
            ReadAgain = written.TransformAsync,
            Refusals = live.Refusals,
            Landed = () => TellLanded(live, reservation),
            Settled = tally => metrics.RecordsSettled(job.Dataset, job.Source, tally),
        };
        load.CommitsEachChunk = target.Commit == CommitPolicy.Chunk
            && (content.IsProvenAtItsEnd ? covered.Checkpoints.Count > 0 : rows.Definition.Load.Lineage || upload.IsSealed);
        live.Follow(load, content);
        try
        {
            // 3. What comes before the first row.
            await target.PrepareAsync(load, database, stopping);

            // 4. Read, transform and write, while the upload still arrives.
            JobFacts facts = live.Current.Facts with { Answers = answers };
            long start = await ReadAsync(load, live, facts, upload, content, format, reservation, covered.Checkpoints, stopping);

            // 5. Commit.
            await CommitAsync(load, upload, content.Bytes.Length - start, live, stopping);
        }
        finally
        {
            live.Follow(load: null);
            load.Fail(new OperationCanceledException("The attempt is over."));
            await sessions.WhenDoneAsync(load.WhenIdleAsync(), load.Plan.JobId, load.Stopped);
            await load.Sessions.CloseAsync();
            Tell(content, job.Dataset);
        }
    }

    private void Tell(UploadContent content, string dataset)
    {
        if (content.IsCoded)
        {
            metrics.BytesDecoded(dataset, content.CodingName, content.Bytes.Length);
        }
    }

    /// <summary>A chunk has landed: whatever the job and others have waited for is there again.</summary>
    private void TellLanded(LiveJob live, SessionReservation reservation)
    {
        flow.Move();
        reservation.WakeTable();
        live.StopWaiting();
    }

    /// <returns>Where the records start.</returns>
    private async Task<long> ReadAsync(
        JobLoad load, LiveJob live, JobFacts facts, SpoolReader upload, UploadContent content, RecordFormat format,
        SessionReservation reservation,
        IReadOnlyList<Checkpoint> checkpoints, CancellationToken stopping)
    {
        RecordsStart? start = null;
        try
        {
            if (upload.WasStored && !content.IsConverted)
            {
                // The block that holds the header; of what is decoded from its start all of it.
                await upload.VerifyAsync(0, content.IsCoded ? upload.Length : Math.Min(upload.Length, 1), load.Stopped);
            }

            start = await format.FindStartAsync(content.Bytes, facts, DefaultsOf(load.Plan.Table), load.Stopped);
            int keyFilterBytes = IsSmall(upload, content) ? 0 : writeOptions.Value.KeyFilterBytes;
            load.Begin(start.Transform, start.Rows, KeyFilter.Of(load.Plan, start.Rows, keyFilterBytes));
            live.Change(row => row with { UploadColumns = start.Columns?.Select(Faults.Storable).ToArray() });
            IReadOnlyList<UncoveredRange> ranges = CheckpointMap.Uncovered(checkpoints, start.Offset, start.Position);
            await VerifyAsync(upload, content.IsCoded ? [] : ranges, load.Stopped);
            ChunkReader reader = new(
                content.Bytes, start.Scanner, channel.FeedOf(load), spoolOptions.Value, start.RecordBytesMax, time);
            Task reading = reader.RunAsync(ranges, load.Stopped);
            await WatchSealAsync(load, upload, content, reservation, reading);
            await reading;
        }
        catch (DocumentBrokenException broken)
        {
            // The records before it are in good order: what becomes of each is known before the job ends.
            await sessions.WhenDoneAsync(load.WhenIdleAsync(), load.Plan.JobId, load.Stopped);
            stopping.ThrowIfCancellationRequested();
            load.ThrowIfFailed();
            throw load.CommitsEachChunk ? broken.WithRecordsThatStay() : broken;
        }
        catch (OperationCanceledException) when (load.Stopped.IsCancellationRequested)
        {
            // A chunk failed, or the job is to stop: told below.
        }

        await sessions.WhenDoneAsync(load.WhenIdleAsync(), load.Plan.JobId, load.Stopped);
        stopping.ThrowIfCancellationRequested();
        load.ThrowIfFailed();
        return start?.Offset ?? throw new UnreachableException();
    }

    /// <summary>What comes back from disk is compared with what was received before a record of it is loaded.</summary>
    private static async Task VerifyAsync(
        SpoolReader upload, IReadOnlyList<UncoveredRange> ranges, CancellationToken cancellationToken)
    {
        if (upload.WasStored && ranges.Count > 0)
        {
            foreach (UncoveredRange range in ranges)
            {
                await upload.VerifyAsync(range.Start, range.End ?? upload.Length, cancellationToken);
            }
        }
    }

    /// <summary>
    /// What changes in the middle of a load when its upload is durable. Without lineage nothing could be taken back if the
    /// upload broke off, so a chunk-committing job holds its transactions until then, and commits chunk by chunk from there.
    /// Of compressed data nothing may be visible before it is known to be whole, so that waits for a look through all of it.
    /// </summary>
    private static async Task WatchSealAsync(
        JobLoad load, SpoolReader upload, UploadContent content, SessionReservation reservation, Task reading)
    {
        while (!reading.IsCompleted)
        {
            Task next = upload.NextChange;
            if (upload.IsSealed)
            {
                reservation.NoLongerReceiving();
                if (load.Plan.Target.Commit == CommitPolicy.Chunk && !load.CommitsEachChunk)
                {
                    load.CommitsEachChunk = await IsWholeAsync(load, content);
                }

                return;
            }

            await Task.WhenAny(reading, next);
        }
    }

    [SuppressMessage("Design", "CA1031", Justification = "Whatever it is, it ends the load; the reader is waited for then.")]
    private static async Task<bool> IsWholeAsync(JobLoad load, UploadContent content)
    {
        try
        {
            await content.VerifyAsync(load.Stopped);
            return true;
        }
        catch (Exception e)
        {
            load.Fail(e); // unless it has failed or is stopped already
            return false;
        }
    }

    /// <summary>
    /// Commits what the sessions hold. The statement that ends the job is in the last of those transactions: there is no
    /// moment at which all rows are visible and the job is not final.
    /// </summary>
    /// <param name="bytes">Bytes of all records, decoded.</param>
    private async Task CommitAsync(JobLoad load, SpoolReader upload, long bytes, LiveJob live, CancellationToken stopping)
    {
        using CancellationShield shield = new(stopping);
        await load.Sessions.LoadWaitingAsync(shield.Token);
        RecordCounts counts = load.Counts;
        RejectLimits limits = load.Plan.Rows.Definition.Rejects;
        if (!load.Plan.IsRollingForward && limits.AreExceededBy(counts.Read, counts.Rejected, isFinal: true))
        {
            throw new RejectLimitException(counts.Read, counts.Rejected);
        }

        if (!counts.AddUp || load.BytesDone != bytes)
        {
            throw new InvalidOperationException($"{counts} over {load.BytesDone} bytes, but the spool holds {bytes} bytes of records.");
        }

        IReadOnlyList<WriteSession> sessions = load.Sessions.Uncommitted;
        if (sessions.Count == 0)
        {
            WriteSession session = await load.Sessions.TakeAsync(shield.Token);
            await session.BeginWithoutRowsAsync(database, shield.Token);
            sessions = [session];
        }

        // What its rows are like, while none of them is visible.
        JobQuality? quality = await gate.JudgeAsync(load, live.Current, sessions[^1].Connection, shield.Token);
        DateTime finishedAt = time.GetDatabaseNow().UtcDateTime;
        NpgsqlBatchCommand[] finish =
        [
            .. QualitySql.Write(live.Current, quality, finishedAt), Finish(live.Current, upload.Manifest, load, finishedAt),
        ];
        for (int i = 0; i < sessions.Count; i++)
        {
            if (i > 0)
            {
                FaultPoints.Reach(FaultPoint.BetweenCommits);
            }

            if (i == sessions.Count - 1)
            {
                await load.Plan.Target.ConcludeAsync(load, sessions[i], shield.Token);
            }

            NpgsqlBatchCommand[] statements = i == sessions.Count - 1
                ? [.. load.Plan.Target.FinishStatements, new(DurableCommit.Sql), .. GapSql.CountOf(load.Plan), .. finish, .. Taken(live.Current, upload.Manifest)]
                : [new(WriteSql.EnterCommitting) { Parameters = { new() { Value = load.Plan.JobId } } }, .. sessions[i].KeepProfile()];
            await sessions[i].CommitAsync(statements, shield.Token);
        }
    }

    /// <summary>
    /// The table as it is before the load: worth how many sessions, and what it gives columns that are not sent.
    /// </summary>
    private Task<TableShape?> LookAsync(RowTarget target, CancellationToken cancellationToken) =>
        database.RunPatientlyAsync(
            (connection, token) => TargetTable.LookAsync(connection, target.Table, token), cancellationToken);

    /// <summary>Whether all of it is known to be one chunk.</summary>
    private bool IsSmall(SpoolReader upload, UploadContent content) =>
        upload.IsSealed && !content.IsCoded && upload.Length <= spoolOptions.Value.ChunkBytes;

    private static bool MayLackColumns(RowPlan rows) =>
        rows.Definition.Schema.FieldsMatch is FieldsMatch.Superset or FieldsMatch.Partial;

    private static HashSet<string> DefaultsOf(TableShape? table) =>
        table is null ? [] : [.. table.Columns.Where(c => c.HasDefault).Select(c => c.Name)];

    private JobLoadPlan PlanOf(JobRow job, RowPlan rows, RowTarget target, TableShape? table, Covered covered) => new()
    {
        JobId = job.Id,
        Epoch = job.Epoch,
        Dataset = job.Dataset,
        Party = job.Party,
        Trace = Activity.Current?.Context ?? default,
        Rows = rows,
        Target = target,
        Table = table,
        RawBytesMax = transformOptions.Value.RawBytesMax ?? int.MaxValue,
        Covered = CheckpointMap.CountsOf(covered.Checkpoints),
        CoveredBytes = CheckpointMap.BytesOf(covered.Checkpoints),
        CoveredRejects = covered.Rejects,
        CoveredOps = covered.Ops,
        IsRollingForward = job.JobState == JobState.Committing,
    };

    /// <summary>
    /// Of an upload that was loaded while it arrived: when the database was away as it was complete, this is what registers that.
    /// </summary>
    private static NpgsqlBatchCommand[] Taken(JobRow job, SpoolManifest manifest) =>
        job.UploadId is null ? [AuditSql.InsertOf([UploadEntry.Of(manifest)])] : [];

    private static NpgsqlBatchCommand Finish(JobRow job, SpoolManifest manifest, JobLoad load, DateTime finishedAt)
    {
        // What earlier attempts have committed may be anywhere.
        TablePlace? beginning = load.Plan.CoveredBytes == 0 ? load.Beginning.Place : null;
        NpgsqlBatchCommand finish = new(JobEndSql.Finish)
        {
            Parameters =
            {
                new() { Value = job.Id },
                new() { Value = finishedAt },
                new() { Value = job.RecordsPerSecond is { } rate ? rate : DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Double },
                new() { Value = manifest.UploadBytes },
                new() { Value = Convert.FromHexString(manifest.Sha256) },
                new() { Value = manifest.ReceivedAt.UtcDateTime },
                new()
                {
                    Value = (object?)job.UploadColumns ?? DBNull.Value,
                    NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Text,
                },
                new() { Value = load.BytesDone },
            },
        };
        finish.Parameters.AddRange(RowsOfJob.PlaceOf(load.Plan.Rows.Definition.Load.Table, beginning));
        return finish;
    }
}
