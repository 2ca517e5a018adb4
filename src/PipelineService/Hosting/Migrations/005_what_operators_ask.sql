-- What people ask of jobs every day: what was wrong with their rejects, which of them failed yesterday, which load into this
-- table; and that one of them be gone.

ALTER TABLE pipeline.jobs
    ADD COLUMN rejects    jsonb,
    ADD COLUMN deleted_at timestamptz,
    ADD CONSTRAINT jobs_only_final_jobs_are_deleted CHECK (
        deleted_at IS NULL OR (finished_at IS NOT NULL AND idempotency_key IS NULL));

COMMENT ON COLUMN pipeline.jobs.rejects IS 'What was wrong with the rejected records, by code and field. Of jobs that ended before this was counted NULL.';
COMMENT ON COLUMN pipeline.jobs.deleted_at IS 'Since when nobody sees the job any more. Its row goes when its spool is known to hold nothing of it.';

-- The rejects of a chunk by code and field, in the transaction that writes its dead letters. Only of jobs that have not ended: at the
-- end they are summed up in pipeline.jobs.rejects.
CREATE TABLE pipeline.job_rejects (
    job_id       uuid   NOT NULL REFERENCES pipeline.jobs (id) ON DELETE CASCADE,
    start_offset bigint NOT NULL,
    code         text   NOT NULL,
    field        text,
    records      bigint NOT NULL,

    CONSTRAINT job_rejects_are_not_negative CHECK (records >= 0)
);

CREATE UNIQUE INDEX job_rejects_once_a_chunk ON pipeline.job_rejects (job_id, start_offset, code, coalesce(field, ''));

COMMENT ON COLUMN pipeline.job_rejects.start_offset IS 'The chunk: of pipeline.job_chunks once it is committed.';
COMMENT ON COLUMN pipeline.job_rejects.field IS 'NULL when the record as a whole is at fault.';

-- Dead letters that jobs have already which are still to be loaded. Those that no checkpoint covers go with the next attempt.
INSERT INTO pipeline.job_rejects (job_id, start_offset, code, field, records)
SELECT d.job_id, coalesce(c.start_offset, -1), e.error ->> 'code', e.error ->> 'field', count(DISTINCT d.record)
FROM pipeline.jobs j
JOIN pipeline.dead_letters d ON d.job_id = j.id
LEFT JOIN pipeline.job_chunks c ON c.job_id = d.job_id AND d.record >= c.first_record AND d.record < c.first_record + c.read
CROSS JOIN LATERAL jsonb_array_elements(d.errors) e (error)
WHERE j.finished_at IS NULL
GROUP BY 1, 2, 3, 4;

-- Lists go newest first (ids are UUIDv7, so they sort by time). These narrow them where few jobs among many are meant.
CREATE INDEX jobs_by_source ON pipeline.jobs (source, id DESC) WHERE source IS NOT NULL;
CREATE INDEX jobs_not_well_ended ON pipeline.jobs (state, id DESC) WHERE state IN ('partially_succeeded', 'failed', 'cancelled');
CREATE INDEX jobs_by_end ON pipeline.jobs (finished_at) WHERE finished_at IS NOT NULL;

-- Those that are still to be cleared away.
CREATE INDEX jobs_deleted ON pipeline.jobs (id) WHERE deleted_at IS NOT NULL;

-- Which datasets load into a table.
CREATE INDEX dataset_versions_by_table ON pipeline.dataset_versions ((definition #>> '{load,table}'));
