-- Datasets whose uploads replace all of their rows, and those of them that others look up.

-- Whose rows a table has that is replaced as a whole: changed in the transaction that replaces them.
CREATE TABLE pipeline.dataset_rows (
    dataset     text        NOT NULL PRIMARY KEY REFERENCES pipeline.datasets (name),
    table_name  text        NOT NULL,
    job_id      uuid        NOT NULL,
    former      uuid,
    began_empty boolean     NOT NULL,
    since       timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT dataset_rows_take_the_place_of_others CHECK (former <> job_id)
);

COMMENT ON TABLE pipeline.dataset_rows IS 'Datasets of mode replace: the job whose rows their tables have. Of two jobs the one with the later id has the last word.';
COMMENT ON COLUMN pipeline.dataset_rows.former IS 'The job whose rows were there before. NULL: none of this dataset and table.';
COMMENT ON COLUMN pipeline.dataset_rows.began_empty IS 'Whether the table had no row before those of the job.';

-- Copies of such rows by the job that loaded them, each in a table pipeline.lookup_{job id without dashes}, which never changes: what
-- others look up stays as it was when they began.
CREATE TABLE pipeline.lookup_versions (
    dataset         text        NOT NULL REFERENCES pipeline.datasets (name),
    job_id          uuid        NOT NULL,
    dataset_version integer     NOT NULL,
    rows            bigint      NOT NULL,
    made_at         timestamptz NOT NULL DEFAULT now(),

    PRIMARY KEY (dataset, job_id),
    CONSTRAINT lookup_versions_count_rows CHECK (rows >= 0)
);

COMMENT ON TABLE pipeline.lookup_versions IS 'Versions of datasets that others look up. One that is neither current nor the one before, and that no unfinished job has pinned, goes.';

ALTER TABLE pipeline.jobs
    ADD COLUMN pins       jsonb,
    ADD COLUMN superseded boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT jobs_pins_are_by_name CHECK (jsonb_typeof(pins) = 'object'),
    ADD CONSTRAINT jobs_superseded_have_no_rows CHECK (NOT superseded OR reverted_at IS NOT NULL),
    DROP CONSTRAINT jobs_waits_for_something_known,
    ADD CONSTRAINT jobs_waits_for_something_known CHECK (waiting_for IN ('database', 'spool', 'table', 'lookup'));

COMMENT ON COLUMN pipeline.jobs.pins IS 'Versions of what it looks up, by the name of the dataset: the id of the job that loaded them. Written once, by the first attempt that needs them, and read by all. NULL: none.';
COMMENT ON COLUMN pipeline.jobs.superseded IS 'Whether reverted_at is the moment in which a later upload of its dataset took the place of all rows. Such a job keeps its idempotency key: sent once more, its data would take the place of newer data.';

-- Which versions are pinned.
CREATE INDEX jobs_with_pins ON pipeline.jobs (id) WHERE pins IS NOT NULL AND finished_at IS NULL;

-- Ends the replacement of all rows of a table, in the transaction that has removed the old ones and loaded those of a job. Raises PL003
-- when a job that came later has been faster.
CREATE FUNCTION pipeline.end_rows(of_dataset text, in_table text, job uuid, removed bigint, replaced uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    before uuid;
BEGIN
    INSERT INTO pipeline.dataset_rows AS r (dataset, table_name, job_id, former, began_empty)
    VALUES (of_dataset, in_table, job, NULL, removed = 0)
    ON CONFLICT (dataset) DO UPDATE
    SET table_name = excluded.table_name, job_id = excluded.job_id, began_empty = excluded.began_empty, since = now(),
        former = CASE WHEN r.table_name = excluded.table_name THEN r.job_id END
    WHERE r.job_id < excluded.job_id
    RETURNING former INTO before;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'A later upload of dataset % has replaced all rows.', of_dataset USING ERRCODE = 'PL003';
    END IF;
    UPDATE pipeline.jobs
    SET reverted_at = clock_timestamp(), records_reverted = removed, replaced_by = job, superseded = true, revision = revision + 1
    WHERE id = before AND id IS DISTINCT FROM replaced AND finished_at IS NOT NULL AND reverted_at IS NULL;
END $$;

-- As before, and a job that gave way to a later upload of its dataset may be replaced as well: its data is loaded once more.
CREATE OR REPLACE PROCEDURE pipeline.begin_replacement(replaced uuid, replacement uuid, kept_upload uuid)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM pipeline.jobs WHERE id = replacement;
    IF FOUND THEN
        RETURN;
    END IF;
    PERFORM FROM pipeline.jobs WHERE id = replaced FOR NO KEY UPDATE;
    UPDATE pipeline.jobs j SET replaced_by = CASE WHEN superseded THEN replaced_by ELSE replacement END, revision = revision + 1
    WHERE id = replaced AND finished_at IS NOT NULL AND (reverted_at IS NULL OR superseded) AND deleted_at IS NULL
      AND (superseded OR NOT EXISTS (SELECT FROM pipeline.jobs r WHERE r.id = j.replaced_by AND r.finished_at IS NULL))
      AND (kept_upload IS NULL
           OR EXISTS (SELECT FROM pipeline.jobs k WHERE k.id = kept_upload AND k.upload_kept_until > now())
           OR EXISTS (SELECT FROM pipeline.jobs k WHERE k.upload_id = kept_upload AND k.upload_kept_until > now()));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Job % cannot be replaced any more: it was reverted or deleted, is being replaced, or its upload has gone.', replaced
            USING ERRCODE = 'PL002';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION pipeline.end_replacement(replaced uuid, replacement uuid, rows bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pipeline.jobs
    SET replaced_by = replacement, reverted_at = coalesce(reverted_at, clock_timestamp()),
        records_reverted = coalesce(records_reverted, rows), superseded = false, revision = revision + 1
    WHERE id = replaced AND (superseded OR (replaced_by = replacement AND reverted_at IS NULL));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Job % cannot be replaced any more: it was reverted or deleted.', replaced USING ERRCODE = 'PL002';
    END IF;
END $$;
