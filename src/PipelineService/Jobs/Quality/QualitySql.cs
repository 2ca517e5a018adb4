using Npgsql;
using NpgsqlTypes;

namespace PipelineService.Jobs.Quality;

/// <summary>The SQL of what the rows of jobs are like, and of what is decided on that.</summary>
internal static class QualitySql
{
    /// <summary>
    /// The figures of the last jobs of a dataset ($1) on days of the week ($3), of one source ($2) or of any (NULL), at most $4: of
    /// each day the last ones by an index, and of these the last. A job whose rows were taken back, or are about to give way ($5), is none
    /// of them.
    /// </summary>
    public const string Before = """
        SELECT figures::text FROM (
            SELECT last.* FROM unnest($3::smallint[]) day (weekday) CROSS JOIN LATERAL (
                SELECT f.finished_at, f.figures FROM pipeline.quality_figures f
                LEFT JOIN pipeline.jobs j ON j.id = f.job_id
                WHERE f.dataset = $1 AND f.weekday = day.weekday AND f.counts AND ($2::text IS NULL OR f.source = $2)
                  AND f.job_id IS DISTINCT FROM $5 AND (j.id IS NULL OR j.reverted_at IS NULL OR j.superseded)
                ORDER BY f.finished_at DESC LIMIT $4) last) found
        ORDER BY finished_at DESC LIMIT $4
        """;

    private const string WriteProfile = """
        INSERT INTO pipeline.job_profiles (job_id, profile) VALUES ($1, $2)
        ON CONFLICT (job_id) DO UPDATE SET profile = excluded.profile
        """;

    private const string WriteFigures = """
        INSERT INTO pipeline.quality_figures (job_id, dataset, version, source, weekday, finished_at, counts, figures)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (job_id) DO UPDATE SET finished_at = excluded.finished_at, counts = excluded.counts, figures = excluded.figures
        """;

    private const string ForgetParts = "DELETE FROM pipeline.job_profile_parts WHERE job_id = $1";

    /// <summary>Before the end of a job, in its transaction.</summary>
    private const string WriteVerdict = "UPDATE pipeline.jobs SET quality = $2 WHERE id = $1";

    /// <summary>What earlier attempts have left of what their rows are like.</summary>
    public const string Parts = "SELECT profile FROM pipeline.job_profile_parts WHERE job_id = @id ORDER BY epoch, session";

    public const string FindProfile = "SELECT profile::text FROM pipeline.job_profiles WHERE job_id = @id";

    private const string IsHeld = "finished_at IS NULL AND state = 'queued' AND waiting_for = 'approval'";

    private const string Decide = "quality = jsonb_set(quality, '{decision}', @decision::jsonb), revision = revision + 1";

    /// <summary>
    /// Holds a job up, for as long as nobody decides: nobody claims it. Its transactions can no longer commit, and one that is committing
    /// is waited for. What is told of its progress goes, because nothing of it is loaded.
    /// </summary>
    public const string Hold = $"""
        WITH held AS (
            UPDATE pipeline.jobs
            SET owner = NULL, lease_until = NULL, epoch = epoch + 1, attempt = greatest(attempt - 1, 0), not_before = 'infinity',
                state = 'queued', waiting_for = 'approval', waiting_since = now(), quality = @verdict::jsonb, tries = 0, tried_bytes = 0,
                revision = revision + 1
            WHERE id = @id AND epoch = @epoch AND finished_at IS NULL AND state <> 'committing'
            RETURNING {JobSql.Columns}),
        told AS (
            INSERT INTO pipeline.job_profiles (job_id, profile) SELECT id, @profile::jsonb FROM held
            ON CONFLICT (job_id) DO UPDATE SET profile = excluded.profile),
        gone AS (DELETE FROM pipeline.job_progress p USING held WHERE p.job_id = held.id)
        SELECT * FROM held
        """;

    /// <summary>Lets a job that is held be loaded, whatever its rows are like.</summary>
    public const string ApproveHeld = $"""
        UPDATE pipeline.jobs SET waiting_for = NULL, waiting_since = NULL, not_before = NULL, {Decide}
        WHERE id = @id AND {IsHeld}
        RETURNING {JobSql.Columns}
        """;

    /// <summary>Lets later jobs be measured by one that was loaded although it broke a rule.</summary>
    public const string ApproveLoaded = $"""
        WITH approved AS (
            UPDATE pipeline.jobs SET {Decide}
            WHERE id = @id AND finished_at IS NOT NULL AND deleted_at IS NULL AND state IN ('succeeded', 'partially_succeeded')
              AND quality ->> 'state' = 'breach' AND quality ->> 'decision' IS NULL
            RETURNING {JobSql.Columns}),
        counted AS (UPDATE pipeline.quality_figures f SET counts = true FROM approved WHERE f.job_id = approved.id)
        SELECT * FROM approved
        """;

    /// <summary>Takes a job that is held, to be ended in the same transaction.</summary>
    public const string FenceToReject = $"""
        UPDATE pipeline.jobs SET epoch = epoch + 1, {Decide} WHERE id = @id AND {IsHeld} RETURNING {JobSql.Columns}
        """;

    /// <summary>Jobs that have been held since before a time, the first ones.</summary>
    public const string Overdue = """
        SELECT id FROM pipeline.jobs WHERE spool = @spool AND waiting_for = 'approval' AND waiting_since < @before
        ORDER BY waiting_since LIMIT @limit
        """;

    /// <summary>What is written with the end of a job that is loaded.</summary>
    public static IEnumerable<NpgsqlBatchCommand> Write(JobRow job, JobQuality? quality, DateTime finishedAt)
    {
        if (quality is null)
        {
            return [];
        }

        NpgsqlBatchCommand profile = new(WriteProfile) { Parameters = { new() { Value = job.Id }, Json(quality.Profile) } };
        NpgsqlBatchCommand figures = new(WriteFigures)
        {
            Parameters =
            {
                new() { Value = job.Id },
                new() { Value = job.Dataset },
                new() { Value = job.DatasetVersion },
                new() { Value = job.Source ?? "" },
                new() { Value = (short)job.CreatedAt.DayOfWeek },
                new() { Value = finishedAt },
                new() { Value = quality.Counts },
                Json(quality.Figures),
            },
        };
        NpgsqlBatchCommand parts = new(ForgetParts) { Parameters = { new() { Value = job.Id } } };
        NpgsqlBatchCommand[] verdict = quality.Verdict is { } json
            ? [new(WriteVerdict) { Parameters = { new() { Value = job.Id }, Json(json) } }]
            : [];
        return [profile, figures, parts, .. verdict];
    }

    private static NpgsqlParameter Json(string text) => new() { Value = text, NpgsqlDbType = NpgsqlDbType.Jsonb };
}
