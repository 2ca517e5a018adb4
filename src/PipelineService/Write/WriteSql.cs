using Npgsql;
using PipelineService.Core.Datasets;
using PipelineService.Core.Encoding;
using PipelineService.Write.Rejects;

namespace PipelineService.Write;

/// <summary>The SQL of the write stage.</summary>
internal static class WriteSql
{
    /// <summary>Not what the database has for default: the look at the table must see what is so when the lock is there.</summary>
    public const string Begin = "BEGIN ISOLATION LEVEL READ COMMITTED";

    public const string Savepoint = "SAVEPOINT chunk";
    public const string ReleaseSavepoint = "RELEASE SAVEPOINT chunk";
    public const string RollbackToSavepoint = "ROLLBACK TO SAVEPOINT chunk";

    public const string BeginPiece = "SAVEPOINT piece";
    public const string ReleasePiece = "RELEASE SAVEPOINT piece";
    public const string RollbackPiece = "ROLLBACK TO SAVEPOINT piece";

    /// <summary>
    /// Session settings for one transaction. The commit of a chunk ($4) waits for no flush: until the last commit of the job, which
    /// waits for all before, its upload is in the spool, and a crash forgets its checkpoint with its rows. No statement of a load is worth compiling, but one over many staged rows is
    /// estimated dear enough for it. Deferred constraints are checked at once: at COMMIT nobody could say which
    /// record broke one.
    /// </summary>
    public const string Settings = """
        SELECT set_config('application_name', $1, true), set_config('lock_timeout', $2, true),
               set_config('statement_timeout', $3, true), set_config('idle_in_transaction_session_timeout', '0', true),
               set_config('jit', 'off', true),
               CASE WHEN $4 AND current_setting('synchronous_commit') = 'on' THEN set_config('synchronous_commit', 'off', true) END
        """;

    /// <summary>
    /// The end of a job ($1) whose place another ($2) takes: so many of its rows ($3) were removed, in the transaction that loads those of
    /// the other. Raises PL002 when somebody has reverted it.
    /// </summary>
    public const string EndReplacement = "SELECT pipeline.end_replacement($1, $2, $3)";

    /// <summary>For what follows in the transaction.</summary>
    /// <param name="milliseconds">0: none.</param>
    public static NpgsqlBatchCommand StatementTimeout(string milliseconds) =>
        new("SELECT set_config('statement_timeout', $1, true)") { Parameters = { new() { Value = milliseconds } } };

    public const string ConstraintsImmediate = "SET CONSTRAINTS ALL IMMEDIATE";

    /// <summary>Raises PL001 when another attempt has taken the job over, and holds that off until the transaction ends.</summary>
    public const string RequireEpoch = "SELECT pipeline.require_epoch($1, $2)";

    public const string InsertCheckpoint = """
        INSERT INTO pipeline.job_chunks
            (job_id, start_offset, end_offset, first_record, first_line, lines, read, loaded, rejected, filtered, epoch, ops)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """;

    /// <summary>What rows of a job ($1) lack because a service gave no answer.</summary>
    public const string InsertGaps = """
        INSERT INTO pipeline.enrichment_gaps (job_id, record, op, reason)
        SELECT $1, g.record, g.op, g.reason FROM unnest($2::bigint[], $3::smallint[], $4::text[]) AS g (record, op, reason)
        """;

    /// <summary>What the rows are like that a session ($3) of an attempt ($2) has committed, and commits now.</summary>
    public const string KeepProfile = """
        INSERT INTO pipeline.job_profile_parts (job_id, epoch, session, profile) VALUES ($1, $2, $3, $4)
        ON CONFLICT (job_id, epoch, session) DO UPDATE SET profile = excluded.profile
        """;

    /// <summary>The first of several sessions is about to commit: from here on the job only goes forward.</summary>
    public const string EnterCommitting = """
        UPDATE pipeline.jobs SET state = 'committing', revision = revision + 1 WHERE id = $1
        """;

    /// <summary>
    /// For dead letters that are written beside the rows. The commit of their transaction need not be on disk before it
    /// is confirmed: the commit that ends the job comes later, and brings them to disk with it; a crash before that
    /// begins the job's attempt anew, and them too. Named like the job's sessions, so that what an attempt leaves
    /// behind is ended with them.
    /// </summary>
    public const string SettingsBeside =
        "SELECT set_config('application_name', $1, true), set_config('synchronous_commit', 'off', true)";

    /// <summary>
    /// Waits for a transaction that writes the letters of the same chunk: one whose connection broke may still be
    /// committing.
    /// </summary>
    public const string LockDeadLetters = "SELECT pg_advisory_xact_lock(hashtextextended($1::uuid::text, $2))";

    public const string DeleteDeadLetters =
        "DELETE FROM pipeline.dead_letters WHERE job_id = $1 AND record >= $2 AND record < $3";

    public const string DeleteRejectCounts = "DELETE FROM pipeline.job_rejects WHERE job_id = $1 AND start_offset = $2";

    public const string InsertRejectCounts = """
        INSERT INTO pipeline.job_rejects (job_id, start_offset, code, field, records)
        SELECT $1, $2, r.code, r.field, r.records FROM unnest($3::text[], $4::text[], $5::bigint[]) AS r (code, field, records)
        """;

    public const string CopyDeadLetters = """
        COPY pipeline.dead_letters (job_id, record, line, byte_offset, item, errors, raw, raw_truncated)
        FROM STDIN (FORMAT binary)
        """;

    /// <summary>Rows that wait for others of their job, encoded as COPY takes them.</summary>
    public const string CreateWaiting = """
        CREATE TEMPORARY TABLE IF NOT EXISTS "_pipeline_waiting" (record bigint, chunk bigint, encoded bytea) ON COMMIT DROP
        """;

    public const string InsertWaiting = """
        INSERT INTO pg_temp."_pipeline_waiting"
        SELECT w.record, $1, w.encoded FROM unnest($2::bigint[], $3::bytea[]) AS w (record, encoded)
        """;

    /// <summary>The last ones before a record, the last first: a row mostly waits for a later one.</summary>
    public const string NextWaiting = """
        SELECT record, chunk, encoded FROM pg_temp."_pipeline_waiting" WHERE record < $1 ORDER BY record DESC LIMIT $2
        """;

    public const string DeleteWaiting = """DELETE FROM pg_temp."_pipeline_waiting" WHERE record = ANY ($1::bigint[])""";

    /// <summary>Rows ($2) that waited are rejects no longer, nor counted as such in their chunks ($3).</summary>
    public const string DeleteLettersOfWaiting = """
        WITH gone AS (
            DELETE FROM pipeline.dead_letters d USING unnest($2::bigint[], $3::bigint[]) AS w (record, chunk)
            WHERE d.job_id = $1 AND d.record = w.record
            RETURNING w.chunk, d.errors
        ), fewer AS (
            SELECT chunk, e.error ->> 'code' AS code, e.error ->> 'field' AS field, count(*) AS records
            FROM gone, jsonb_array_elements(errors) AS e (error)
            GROUP BY 1, 2, 3
        )
        UPDATE pipeline.job_rejects r SET records = r.records - f.records
        FROM fewer f
        WHERE r.job_id = $1 AND r.start_offset = f.chunk AND r.code = f.code AND r.field IS NOT DISTINCT FROM f.field
        """;

    /// <summary>So many rows of a chunk, counted as rejected so far, have landed ($3) or were let fall by a trigger ($4).</summary>
    public const string MendCheckpoint = """
        UPDATE pipeline.job_chunks SET rejected = rejected - $3 - $4, loaded = loaded + $3, filtered = filtered + $4
        WHERE job_id = $1 AND start_offset = $2
        """;

    /// <summary>The columns of a row in COPY, quoted, in the order of the plan.</summary>
    public static string ColumnList(RowPlan plan)
    {
        IEnumerable<string> columns = plan.Columns.Select(c => Identifier.Quote(c.Field.Name));
        return string.Join(", ", plan.Definition.Load.Lineage
            ? columns.Append(Identifier.Quote(LineageColumns.Job)).Append(Identifier.Quote(LineageColumns.Record))
            : columns);
    }

    /// <summary>The same columns as expressions over the target table, in the types as which the rows carry them.</summary>
    /// <param name="some">Indexes into the plan's columns; null: all, and those of the lineage.</param>
    public static string StageColumns(RowPlan plan, int[]? some = null) => Staged(
        plan,
        some,
        prefix: "",
        (_, field) => field.IsReadByColumn
            ? $"NULL::{field.SentType}"
            : $"{Identifier.Quote(field.Name)}::{field.ColumnType}");

    /// <summary>The columns of a staging table, those that the table's types read as they read them.</summary>
    /// <param name="alias">Of the staging table.</param>
    /// <inheritdoc cref="StageColumns"/>
    public static string ReadStageColumns(RowPlan plan, ReadColumn[] read, string alias, int[]? some = null) => Staged(
        plan,
        some,
        prefix: $"{alias}.",
        (index, field) =>
        {
            string sent = $"{alias}.{Identifier.Quote(field.Name)}";
            return read.FirstOrDefault(c => c.Index == index)?.Read(sent) ?? sent;
        });

    private static string Staged(RowPlan plan, int[]? some, string prefix, Func<int, FieldDefinition, string> expression)
    {
        IEnumerable<string> columns = plan.Columns.Select((c, i) => (c.Field, Index: i))
            .Where(c => some?.Contains(c.Index) ?? true)
            .Select(c => $"{expression(c.Index, c.Field)} AS {Identifier.Quote(c.Field.Name)}");
        return string.Join(", ", some is null && plan.Definition.Load.Lineage
            ? columns.Append(prefix + Identifier.Quote(LineageColumns.Job)).Append(prefix + Identifier.Quote(LineageColumns.Record))
            : columns);
    }

    /// <summary>A name for our column in a staging table: one that none of the table's columns has.</summary>
    public static string NumberColumn(RowPlan plan)
    {
        string name = "_pipeline_row";
        while (plan.Columns.Any(c => c.Field.Name == name))
        {
            name += "_";
        }

        return Identifier.Quote(name);
    }

    public static string Copy(string table, string columns) => $"COPY {table} ({columns}) FROM STDIN (FORMAT binary)";

    public static string CopyText(string table, string columns) => $"COPY {table} ({columns}) FROM STDIN (FORMAT text)";
}
