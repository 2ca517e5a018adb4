-- An upload is not a job: it may serve several, and its bytes go when none needs them. And a job may take another's place.

ALTER TABLE pipeline.jobs
    ADD COLUMN upload_id         uuid,
    ADD COLUMN keep_upload       interval,
    ADD COLUMN upload_kept_until timestamptz,
    ADD COLUMN replaces          uuid,
    ADD COLUMN replaced_by       uuid,
    ADD CONSTRAINT jobs_only_final_jobs_keep_uploads CHECK (upload_kept_until IS NULL OR finished_at IS NOT NULL),
    ADD CONSTRAINT jobs_only_final_jobs_are_replaced CHECK (replaced_by IS NULL OR finished_at IS NOT NULL),
    ADD CONSTRAINT jobs_replace_others CHECK (replaces <> id AND replaced_by <> id);

COMMENT ON COLUMN pipeline.jobs.upload_id IS 'The upload that it loads, where another job had that before. NULL: the one that it came with, which has its id.';
COMMENT ON COLUMN pipeline.jobs.keep_upload IS 'How long the upload is kept after the end of the job: load.keepUpload of its version of the dataset.';
COMMENT ON COLUMN pipeline.jobs.upload_kept_until IS 'Until when it keeps its upload. NULL before its end, and when it needs the bytes no more.';
COMMENT ON COLUMN pipeline.jobs.replaces IS 'The job whose rows its own take the place of, in one transaction.';
COMMENT ON COLUMN pipeline.jobs.replaced_by IS 'The last job that was to take its place. It has, when reverted_at is set; it is about to, while that job is not final.';

-- Which uploads may go: those that were kept long enough, and those that jobs load which did not bring them.
CREATE INDEX jobs_keeping_uploads ON pipeline.jobs (upload_kept_until) WHERE upload_kept_until IS NOT NULL;
CREATE INDEX jobs_of_others_uploads ON pipeline.jobs (upload_id) WHERE upload_id IS NOT NULL;

-- Begins a replacement, in the transaction that registers it: from here on nobody else reverts or replaces the job. One that loads an
-- upload again needs it to be kept still. Repeating it changes nothing. The row is locked by a statement of its own, so that what
-- follows sees what the one before has committed.
CREATE PROCEDURE pipeline.begin_replacement(replaced uuid, replacement uuid, kept_upload uuid)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM pipeline.jobs WHERE id = replacement;
    IF FOUND THEN
        RETURN;
    END IF;
    PERFORM FROM pipeline.jobs WHERE id = replaced FOR NO KEY UPDATE;
    UPDATE pipeline.jobs j SET replaced_by = replacement, revision = revision + 1
    WHERE id = replaced AND finished_at IS NOT NULL AND reverted_at IS NULL AND deleted_at IS NULL
      AND NOT EXISTS (SELECT FROM pipeline.jobs r WHERE r.id = j.replaced_by AND r.finished_at IS NULL)
      AND (kept_upload IS NULL
           OR EXISTS (SELECT FROM pipeline.jobs k WHERE k.id = kept_upload AND k.upload_kept_until > now())
           OR EXISTS (SELECT FROM pipeline.jobs k WHERE k.upload_id = kept_upload AND k.upload_kept_until > now()));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Job % cannot be replaced any more: it was reverted or deleted, is being replaced, or its upload has gone.', replaced
            USING ERRCODE = 'PL002';
    END IF;
END $$;

-- Ends a replacement, in the transaction that has removed the rows of the one job and loaded those of the other.
CREATE FUNCTION pipeline.end_replacement(replaced uuid, replacement uuid, rows bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pipeline.jobs SET reverted_at = clock_timestamp(), records_reverted = rows, revision = revision + 1
    WHERE id = replaced AND replaced_by = replacement AND reverted_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Job % cannot be replaced any more: it was reverted or deleted.', replaced USING ERRCODE = 'PL002';
    END IF;
END $$;
