-- Sources: where uploads are taken from without anybody sending them, and what was taken.

CREATE TABLE pipeline.sources (
    name          text        NOT NULL UNIQUE,
    kind          text        NOT NULL,
    dataset       text        NOT NULL,
    label         text,
    content_type  text,
    settings      jsonb       NOT NULL,
    paused        boolean     NOT NULL DEFAULT false,
    tenant        text,
    owner_key     uuid,
    runner        uuid,
    error         jsonb,
    error_at      timestamptz,
    looked_at     timestamptz,
    waiting       bigint,
    waiting_bytes bigint,
    waiting_since timestamptz,
    skipped       bigint,
    taken         bigint      NOT NULL DEFAULT 0,
    refused       bigint      NOT NULL DEFAULT 0,
    last_taken_at timestamptz,
    wakes         bigint      NOT NULL DEFAULT 0,
    created_by    text        NOT NULL,
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL,
    id            uuid        NOT NULL PRIMARY KEY,

    CONSTRAINT sources_name_is_an_identifier CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
    CONSTRAINT sources_are_of_a_known_kind CHECK (kind IN ('folder', 'bucket', 'queue')),
    CONSTRAINT sources_counts_are_not_negative CHECK (taken >= 0 AND refused >= 0)
) WITH (fillfactor = 50);

COMMENT ON TABLE pipeline.sources IS 'Where uploads are taken from without anybody sending them.';
COMMENT ON COLUMN pipeline.sources.label IS 'The source that its uploads carry, as ?source= says it for others.';
COMMENT ON COLUMN pipeline.sources.settings IS 'What its kind needs. Secrets are in the configuration of the service, and named here.';
COMMENT ON COLUMN pipeline.sources.tenant IS 'That of the dataset when the source was declared: from a dataset of another it takes nothing.';
COMMENT ON COLUMN pipeline.sources.owner_key IS 'The key by which it was made or changed last, in whose name uploads are taken. While that lets nobody in, nothing is. NULL: no key that was made here.';
COMMENT ON COLUMN pipeline.sources.runner IS 'The instance that looks after it, for as long as that has a lease.';
COMMENT ON COLUMN pipeline.sources.error IS 'Why it cannot be looked at, as a problem; NULL when it could.';
COMMENT ON COLUMN pipeline.sources.waiting IS 'What the last look found that is not taken yet: objects, or messages.';
COMMENT ON COLUMN pipeline.sources.skipped IS 'What it found and passed over, because its name cannot be told.';
COMMENT ON COLUMN pipeline.sources.wakes IS 'How often somebody has said that there is something new.';

-- What was taken, and what could not be. A row stands for one state of one object: another size or time of change is another upload.
CREATE TABLE pipeline.source_objects (
    source   uuid        NOT NULL REFERENCES pipeline.sources (id) ON DELETE CASCADE,
    object   text        NOT NULL,
    version  text        NOT NULL,
    bytes    bigint      NOT NULL,
    state    text        NOT NULL,
    job_id   uuid,
    error    jsonb,
    put_away boolean     NOT NULL DEFAULT false,
    at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    n        bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,

    PRIMARY KEY (source, object, version),
    CONSTRAINT source_objects_have_a_known_state CHECK (state IN ('taken', 'refused')),
    CONSTRAINT source_objects_that_are_taken_have_a_job CHECK ((state = 'taken') = (job_id IS NOT NULL)),
    CONSTRAINT source_objects_that_are_refused_say_why CHECK ((state = 'refused') = (error IS NOT NULL))
);

COMMENT ON TABLE pipeline.source_objects IS 'What sources have taken, written in the transaction that registers the upload, and what they could not take. What is here is not taken again.';
COMMENT ON COLUMN pipeline.source_objects.version IS 'Of a file size and time of change, of an object of a bucket its ETag and size.';
COMMENT ON COLUMN pipeline.source_objects.job_id IS 'The job that its upload was taken for. It may have been removed since.';
COMMENT ON COLUMN pipeline.source_objects.put_away IS 'It was moved or deleted as the source says, or is to stay, or was gone by then.';

CREATE UNIQUE INDEX source_objects_in_order ON pipeline.source_objects (source, n);
CREATE INDEX source_objects_to_put_away ON pipeline.source_objects (source, n) WHERE NOT put_away;

-- In the transaction that registers an upload: it is taken, or nothing is registered. What was registered before is passed over, so that it
-- can be repeated.
CREATE PROCEDURE pipeline.take(
    upload uuid, of_source uuid, of_object text, of_version text, of_bytes bigint, of_after bigint, of_until bigint)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM pipeline.jobs WHERE id = upload;
    IF FOUND THEN
        RETURN;
    END IF;
    INSERT INTO pipeline.source_objects (source, object, version, bytes, state, job_id, put_away)
    SELECT of_source, of_object, of_version, of_bytes, 'taken', upload, s.settings ->> 'after' = 'keep' FROM pipeline.sources s WHERE s.id = of_source
    ON CONFLICT (source, object, version) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Source % has taken % before, or is no more.', of_source, of_object USING ERRCODE = 'PL003';
    END IF;
    UPDATE pipeline.sources SET taken = taken + 1, last_taken_at = clock_timestamp() WHERE id = of_source;
END $$;
