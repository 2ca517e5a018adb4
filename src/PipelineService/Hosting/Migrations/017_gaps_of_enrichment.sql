-- Services that are asked for what records do not say: jobs that wait for one, and rows that lack what one did not answer.

ALTER TABLE pipeline.jobs
    ADD COLUMN gaps bigint,
    ADD CONSTRAINT jobs_gaps_are_not_negative CHECK (gaps >= 0),
    DROP CONSTRAINT jobs_waits_for_something_known,
    ADD CONSTRAINT jobs_waits_for_something_known
        CHECK (waiting_for IN ('database', 'spool', 'table', 'lookup', 'conversion')
            OR waiting_for ~ '^enrichment:[a-z][a-z0-9_]{0,62}$');

COMMENT ON COLUMN pipeline.jobs.gaps IS 'Values that its rows lack because a service gave no answer, and that were not filled: enrichment_gaps that are open or requested. NULL: it never had any.';

CREATE TABLE pipeline.enrichment_gaps (
    job_id   uuid     NOT NULL REFERENCES pipeline.jobs (id) ON DELETE CASCADE,
    record   bigint   NOT NULL,
    op       smallint NOT NULL,
    reason   text     NOT NULL,
    state    text     NOT NULL DEFAULT 'open',
    tried_at timestamptz,

    PRIMARY KEY (job_id, record, op),
    CONSTRAINT enrichment_gaps_have_a_place CHECK (record > 0 AND op >= 0),
    CONSTRAINT enrichment_gaps_have_a_known_state CHECK (state IN ('open', 'requested', 'filled', 'gone'))
);

COMMENT ON TABLE pipeline.enrichment_gaps IS 'Rows that lack what an op should have given them, because a service gave no answer: written in the transaction of the row, filled in the transaction that changes the row.';
COMMENT ON COLUMN pipeline.enrichment_gaps.op IS '0-based index in the transforms of the version of the dataset that the job was loaded by.';
COMMENT ON COLUMN pipeline.enrichment_gaps.reason IS 'Why there was no answer, the last time that it was asked for: a code of dead letters.';
COMMENT ON COLUMN pipeline.enrichment_gaps.state IS 'open; requested: it is being filled, as soon as the service answers; filled: the service has answered; gone: the row is there no longer.';

-- What is to be filled.
CREATE INDEX enrichment_gaps_requested ON pipeline.enrichment_gaps (job_id, op, record) WHERE state = 'requested';
