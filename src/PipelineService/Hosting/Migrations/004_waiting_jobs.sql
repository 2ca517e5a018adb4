-- A job that waits goes back to the queue, and remembers there what it waits for and how its tries went.

ALTER TABLE pipeline.jobs
    ADD COLUMN tries         integer NOT NULL DEFAULT 0,
    ADD COLUMN tried_bytes   bigint  NOT NULL DEFAULT 0,
    ADD COLUMN waiting_since timestamptz,
    ADD COLUMN not_before    timestamptz,
    ADD CONSTRAINT jobs_tries_are_not_negative CHECK (tries >= 0 AND tried_bytes >= 0),
    DROP CONSTRAINT jobs_waits_for_something_known,
    ADD CONSTRAINT jobs_waits_for_something_known CHECK (waiting_for IN ('database', 'spool', 'table'));

COMMENT ON COLUMN pipeline.jobs.tries IS 'Tries in a row that failed for a reason that may be the job''s own, and came no further than those before.';
COMMENT ON COLUMN pipeline.jobs.tried_bytes IS 'Bytes of the upload that the try that came furthest had written, committed or not.';
COMMENT ON COLUMN pipeline.jobs.waiting_since IS 'Since when it waits for its table, without having come further.';
COMMENT ON COLUMN pipeline.jobs.not_before IS 'A waiting job is not claimed before this time.';
