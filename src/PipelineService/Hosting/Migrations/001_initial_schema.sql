-- The pipeline's own tables. Columns stand in the order in which an operator reads SELECT *.

CREATE TABLE pipeline.datasets (
    name            text        NOT NULL PRIMARY KEY,
    current_version integer     NOT NULL,
    created_at      timestamptz NOT NULL,
    updated_at      timestamptz NOT NULL,
    deleted_at      timestamptz,

    CONSTRAINT datasets_name_is_an_identifier CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    CONSTRAINT datasets_versions_count_from_one CHECK (current_version >= 1)
);

COMMENT ON TABLE pipeline.datasets IS 'Declared kinds of data. A deleted dataset keeps its row, so that version numbers go on.';

CREATE TABLE pipeline.dataset_versions (
    dataset    text        NOT NULL REFERENCES pipeline.datasets (name),
    version    integer     NOT NULL,
    definition jsonb       NOT NULL,
    created_at timestamptz NOT NULL,

    PRIMARY KEY (dataset, version),
    CONSTRAINT dataset_versions_count_from_one CHECK (version >= 1)
);

COMMENT ON TABLE pipeline.dataset_versions IS 'Definitions, immutable: a change is a new version.';

CREATE TABLE pipeline.jobs (
    id                  uuid        NOT NULL PRIMARY KEY,
    dataset             text        NOT NULL,
    dataset_version     integer     NOT NULL,
    state               text        NOT NULL,
    waiting_for         text,
    records_read        bigint      NOT NULL DEFAULT 0,
    records_loaded      bigint      NOT NULL DEFAULT 0,
    records_rejected    bigint      NOT NULL DEFAULT 0,
    records_filtered    bigint      NOT NULL DEFAULT 0,
    progress_ratio      double precision NOT NULL DEFAULT 0,
    records_per_second  double precision,
    source              text,
    content_type        text        NOT NULL,
    content_encoding    text,
    upload_bytes        bigint      NOT NULL DEFAULT 0,
    upload_complete     boolean     NOT NULL DEFAULT false,
    upload_sha256       bytea,
    upload_columns      text[],
    idempotency_key     text,
    parent_job          uuid,
    error               jsonb,
    cancel_requested    boolean     NOT NULL DEFAULT false,
    records_reverted    bigint,
    created_at          timestamptz NOT NULL,
    received_at         timestamptz,
    started_at          timestamptz,
    finished_at         timestamptz,
    reverted_at         timestamptz,
    revision            bigint      NOT NULL DEFAULT 1,
    spool               uuid        NOT NULL,
    owner               uuid,
    lease_until         timestamptz,
    epoch               bigint      NOT NULL DEFAULT 0,
    attempt             integer     NOT NULL DEFAULT 0,

    FOREIGN KEY (dataset, dataset_version) REFERENCES pipeline.dataset_versions (dataset, version),
    CONSTRAINT jobs_state_is_known CHECK (state IN
        ('receiving', 'queued', 'running', 'committing', 'succeeded', 'partially_succeeded', 'failed', 'cancelled')),
    CONSTRAINT jobs_final_states_have_an_end CHECK (
        (finished_at IS NOT NULL) = (state IN ('succeeded', 'partially_succeeded', 'failed', 'cancelled'))),
    CONSTRAINT jobs_every_record_is_accounted_for CHECK (
        finished_at IS NULL OR records_read = records_loaded + records_rejected + records_filtered),
    CONSTRAINT jobs_counts_are_not_negative CHECK (
        records_read >= 0 AND records_loaded >= 0 AND records_rejected >= 0 AND records_filtered >= 0
        AND upload_bytes >= 0),
    CONSTRAINT jobs_success_means_nothing_rejected CHECK (state <> 'succeeded' OR records_rejected = 0),
    CONSTRAINT jobs_failure_has_a_reason CHECK (state <> 'failed' OR error IS NOT NULL),
    CONSTRAINT jobs_only_final_jobs_are_reverted CHECK (
        (reverted_at IS NULL) = (records_reverted IS NULL) AND (reverted_at IS NULL OR finished_at IS NOT NULL)),
    CONSTRAINT jobs_owner_has_a_lease CHECK ((owner IS NULL) = (lease_until IS NULL)),
    CONSTRAINT jobs_final_jobs_have_no_owner CHECK (finished_at IS NULL OR owner IS NULL),
    CONSTRAINT jobs_waits_for_something_known CHECK (waiting_for IN ('database', 'spool'))
);

COMMENT ON COLUMN pipeline.jobs.revision IS 'Grows with every visible change: the ETag of the job.';
COMMENT ON COLUMN pipeline.jobs.spool IS 'The spool directory that holds the upload: only instances that see it can run the job.';
COMMENT ON COLUMN pipeline.jobs.epoch IS 'Fencing number: grows with every claim, checked in every write transaction.';

-- Listing: newest first (ids are UUIDv7, so they sort by time), narrowed by dataset.
CREATE INDEX jobs_by_dataset ON pipeline.jobs (dataset, id DESC);

-- Claiming: only jobs that are not final.
CREATE INDEX jobs_unfinished ON pipeline.jobs (spool, lease_until NULLS FIRST, id) WHERE finished_at IS NULL;

-- The same key for the same dataset is the same upload.
CREATE UNIQUE INDEX jobs_idempotency_key ON pipeline.jobs (dataset, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE pipeline.job_chunks (
    job_id       uuid        NOT NULL REFERENCES pipeline.jobs (id) ON DELETE CASCADE,
    start_offset bigint      NOT NULL,
    end_offset   bigint      NOT NULL,
    first_record bigint      NOT NULL,
    first_line   bigint      NOT NULL,
    lines        bigint      NOT NULL,
    read         bigint      NOT NULL,
    loaded       bigint      NOT NULL,
    rejected     bigint      NOT NULL,
    filtered     bigint      NOT NULL,
    epoch        bigint      NOT NULL,
    committed_at timestamptz NOT NULL DEFAULT now(),

    PRIMARY KEY (job_id, start_offset),
    CONSTRAINT job_chunks_cover_bytes CHECK (end_offset > start_offset),
    CONSTRAINT job_chunks_every_record_is_accounted_for CHECK (read = loaded + rejected + filtered)
);

COMMENT ON TABLE pipeline.job_chunks IS 'The checkpoint: this range of the upload is committed. Written in the transaction that loads the rows.';

CREATE TABLE pipeline.dead_letters (
    job_id        uuid        NOT NULL REFERENCES pipeline.jobs (id) ON DELETE CASCADE,
    record        bigint      NOT NULL,
    line          bigint      NOT NULL,
    byte_offset   bigint      NOT NULL,
    state         text        NOT NULL DEFAULT 'open',
    errors        jsonb       NOT NULL,
    raw           bytea       NOT NULL,
    raw_truncated boolean     NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now(),

    PRIMARY KEY (job_id, record),
    CONSTRAINT dead_letters_state_is_known CHECK (state IN ('open', 'replayed', 'discarded')),
    CONSTRAINT dead_letters_have_a_reason CHECK (jsonb_typeof(errors) = 'array' AND jsonb_array_length(errors) > 0)
);

COMMENT ON TABLE pipeline.dead_letters IS 'Rejected records, kept with their reasons and raw bytes. Keyed by record, so that writing one twice changes nothing.';

-- Holds off a takeover of the job until the calling transaction ends, or fails when one has happened: called right
-- before every COMMIT of a write session, so that an instance that stalled and woke up cannot write.
CREATE FUNCTION pipeline.require_epoch(job uuid, expected bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM pipeline.jobs WHERE id = job AND epoch = expected AND finished_at IS NULL FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Another attempt has taken over job %.', job USING ERRCODE = 'PL001';
    END IF;
END $$;

-- Inserts rows of a staging table one by one and returns those that the database refused, each with its reason. Only
-- errors that belong to a row are caught (data exceptions, integrity constraints, RAISE in a trigger); all others end
-- the call. The identifiers come quoted from the caller.
CREATE FUNCTION pipeline.insert_one_by_one(target text, columns text, stage text, ords integer[])
RETURNS TABLE (ord integer, state text, message text, constraint_name text, column_name text)
LANGUAGE plpgsql AS $$
DECLARE
    place tid;
BEGIN
    -- Prepared, so that the statement is planned once and not once a row.
    EXECUTE format(
        'PREPARE pipeline_insert_one (tid) AS INSERT INTO %1$s (%2$s) SELECT %2$s FROM %3$s WHERE ctid = $1',
        target, columns, stage);
    FOR ord, place IN EXECUTE format(
        'SELECT o.ord, s.ctid FROM unnest($1) WITH ORDINALITY o (ord, n) JOIN %s s ON s."_pipeline_ord" = o.ord ORDER BY o.n',
        stage) USING ords
    LOOP
        BEGIN
            EXECUTE format('EXECUTE pipeline_insert_one (%L)', place);
        EXCEPTION WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS
                state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
                constraint_name = CONSTRAINT_NAME, column_name = COLUMN_NAME;
            IF left(state, 2) NOT IN ('22', '23', '44') AND state <> 'P0001' THEN
                RAISE;
            END IF;
            RETURN NEXT;
        END;
    END LOOP;
    DEALLOCATE pipeline_insert_one;
END $$;
