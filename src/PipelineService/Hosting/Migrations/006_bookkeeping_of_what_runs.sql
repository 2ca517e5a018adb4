-- Bookkeeping costs what runs, never what waits or ever was.

-- The queue: jobs that nobody has, in the order in which they are claimed. Those that wait for a time are behind the others, in the
-- order of their times, so that none is looked at before it is due.
CREATE INDEX jobs_waiting ON pipeline.jobs (spool, not_before NULLS FIRST, id) WHERE finished_at IS NULL AND owner IS NULL;

-- The same by dataset, for when those in front load into tables that can take none now.
CREATE INDEX jobs_waiting_by_dataset ON pipeline.jobs (spool, dataset, dataset_version, not_before NULLS FIRST, id)
    WHERE finished_at IS NULL AND owner IS NULL;

-- Those of the queue that have ended a process before.
CREATE INDEX jobs_tried ON pipeline.jobs (spool, attempt) WHERE finished_at IS NULL AND owner IS NULL AND attempt > 0;

-- Jobs that an instance has.
CREATE INDEX jobs_owned ON pipeline.jobs (spool, lease_until, owner) WHERE finished_at IS NULL AND owner IS NOT NULL;

DROP INDEX pipeline.jobs_unfinished;

-- Listing those that have not ended, newest first, whatever has ended.
CREATE INDEX jobs_open ON pipeline.jobs (id DESC) WHERE finished_at IS NULL;

-- Where in the file of its table the rows of a job are: a revert need not read the rest. An index on the lineage would cost each load
-- a third more of PostgreSQL's time.
ALTER TABLE pipeline.jobs
    ADD COLUMN rows_file  bigint,
    ADD COLUMN rows_from  bigint,
    ADD COLUMN rows_until bigint,
    ADD CONSTRAINT jobs_rows_are_in_a_file CHECK (rows_file IS NULL OR (rows_from >= 0 AND rows_until >= rows_from));

COMMENT ON COLUMN pipeline.jobs.rows_file IS 'pg_relation_filenode of its table when its rows landed, as far as known. In another file they are somewhere else.';
COMMENT ON COLUMN pipeline.jobs.rows_from IS 'Blocks that the table had before the first of its rows landed.';
COMMENT ON COLUMN pipeline.jobs.rows_until IS 'Blocks that the table had when the last of its rows had landed.';

-- Who runs jobs: one lease and one heartbeat for all the jobs of an instance, and none of their rows changes by it. No index but the
-- key, and room in the pages, so that a beat touches none (HOT).
CREATE TABLE pipeline.instances (
    id          uuid        NOT NULL PRIMARY KEY,
    spool       uuid        NOT NULL,
    host        text        NOT NULL,
    version     text        NOT NULL,
    started_at  timestamptz NOT NULL DEFAULT now(),
    lease_until timestamptz NOT NULL
) WITH (fillfactor = 50);

COMMENT ON TABLE pipeline.instances IS 'Processes of the service that run jobs (jobs.owner). When the lease of one is over, others take its jobs up.';

-- Instances of the version before, which give each job a lease of its own, know that this one never runs out.
COMMENT ON COLUMN pipeline.jobs.lease_until IS 'infinity: for as long as its owner has a lease. Else until then at the latest: the owner is of an older version, or has let go.';

-- How far running jobs are, for those who ask another instance than the one that runs them.
CREATE TABLE pipeline.job_progress (
    job_id             uuid        NOT NULL PRIMARY KEY REFERENCES pipeline.jobs (id) ON DELETE CASCADE,
    waiting_for        text,
    records_read       bigint      NOT NULL,
    records_loaded     bigint      NOT NULL,
    records_rejected   bigint      NOT NULL,
    records_filtered   bigint      NOT NULL,
    rejects            jsonb,
    progress_ratio     double precision NOT NULL,
    records_per_second double precision,
    upload_bytes       bigint      NOT NULL,
    told_at            timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

COMMENT ON TABLE pipeline.job_progress IS 'What jobs that have not ended have done so far, as their owners told last. The end of a job stands in pipeline.jobs.';

-- The idempotency key of a job that is kept no longer. What it says of the job answers those who send the upload once more.
--
-- Jobs go by bounded deletes, not with partitions: to drop or detach one takes an exclusive lock on the whole of job_chunks, of which our
-- own loads hold the weak one for hours, claims and lists would have to look into every day, and a job whose upload is still there must
-- stay whatever its age.
CREATE TABLE pipeline.upload_keys (
    dataset   text        NOT NULL,
    key       text        NOT NULL,
    job       jsonb       NOT NULL,
    forget_at timestamptz NOT NULL,

    PRIMARY KEY (dataset, key)
);

CREATE INDEX upload_keys_by_end ON pipeline.upload_keys (forget_at);

COMMENT ON COLUMN pipeline.upload_keys.job IS 'The row that pipeline.jobs had of it.';

-- The key, when no job of before has it: a unique violation like that of the index over the jobs that are kept.
CREATE FUNCTION pipeline.take_key(of_dataset text, wanted text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pipeline.upload_keys WHERE dataset = of_dataset AND key = wanted) THEN
        RAISE EXCEPTION 'A job of dataset % that is kept no longer had the key.', of_dataset USING ERRCODE = '23505';
    END IF;
    RETURN wanted;
END $$;
