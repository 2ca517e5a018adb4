-- Queues as sources: logs of messages, of which a position says how far they were taken.

ALTER TABLE pipeline.sources
    ADD COLUMN position      bigint,
    ADD COLUMN position_mark text,
    ADD CONSTRAINT sources_with_a_position_are_queues CHECK (position IS NULL OR kind = 'queue'),
    ADD CONSTRAINT sources_with_a_mark_have_a_position CHECK (position_mark IS NULL OR position IS NOT NULL);

COMMENT ON COLUMN pipeline.sources.position IS 'Of a queue the number of the last message that was taken; NULL: none was. Moved by the transaction that registers the upload.';
COMMENT ON COLUMN pipeline.sources.position_mark IS 'By what it is known that the log is still the one that the position is in. NULL: nothing of it is known.';
COMMENT ON COLUMN pipeline.sources.skipped IS 'What it found and passed over, because its name cannot be told; of a queue the messages that the broker had dropped before they were taken.';
COMMENT ON COLUMN pipeline.source_objects.object IS 'The name of a file, the key of an object, or the numbers of the first and the last of messages.';
COMMENT ON COLUMN pipeline.source_objects.version IS 'Of a file size and time of change, of an object of a bucket its ETag and size, of messages the mark of their log.';

-- Whether an object still lies where it was taken from: then it is remembered for ever. Of what was taken before this it is not known.
ALTER TABLE pipeline.source_objects ADD COLUMN stays boolean NOT NULL DEFAULT true;
ALTER TABLE pipeline.source_objects ALTER COLUMN stays SET DEFAULT false;

COMMENT ON COLUMN pipeline.source_objects.stays IS 'It was left where it is, so that it is remembered for as long as its source is there.';

-- Of a queue the position is moved, from where the upload goes on: of two that go on from one place one is registered. What was taken is
-- known by it alone, so that of its batches only the latest are kept.
CREATE OR REPLACE PROCEDURE pipeline.take(
    upload uuid, of_source uuid, of_object text, of_version text, of_bytes bigint, of_after bigint, of_until bigint)
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM pipeline.jobs WHERE id = upload;
    IF FOUND THEN
        RETURN;
    END IF;
    IF of_until IS NOT NULL THEN
        UPDATE pipeline.sources SET position = of_until, position_mark = of_version
        WHERE id = of_source AND position IS NOT DISTINCT FROM of_after;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'Source % is not at % any more, or is no more.', of_source, of_after USING ERRCODE = 'PL003';
        END IF;
    END IF;
    INSERT INTO pipeline.source_objects (source, object, version, bytes, state, job_id, put_away, stays)
    SELECT of_source, of_object, of_version, of_bytes, 'taken', upload, of_until IS NOT NULL OR s.settings ->> 'after' = 'keep',
           coalesce(s.settings ->> 'after' = 'keep', false)
    FROM pipeline.sources s WHERE s.id = of_source
    ON CONFLICT (source, object, version) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'Source % has taken % before, or is no more.', of_source, of_object USING ERRCODE = 'PL003';
    END IF;
    UPDATE pipeline.sources SET taken = taken + 1, last_taken_at = clock_timestamp() WHERE id = of_source;
    IF of_until IS NOT NULL THEN
        DELETE FROM pipeline.source_objects
        WHERE source = of_source
          AND n <= (SELECT n FROM pipeline.source_objects WHERE source = of_source ORDER BY n DESC OFFSET 1000 LIMIT 1);
    END IF;
END $$;
