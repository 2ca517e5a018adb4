-- What became of records, by minute, dataset and source. The figures come from the rows of jobs, in the transactions that end these, so
-- that their sums are those of the rows whatever dies meanwhile.

-- What a transaction adds. Nobody else writes to a row of this table, so that jobs of one minute and dataset wait for each other as
-- little as before: they are put together afterwards, by one at a time. No index: it is emptied every few seconds.
CREATE TABLE pipeline.usage_entries (
    minute    timestamptz NOT NULL,
    dataset   text        NOT NULL,
    source    text        NOT NULL,
    tenant    text        NOT NULL,
    jobs      bigint      NOT NULL DEFAULT 0,
    failed    bigint      NOT NULL DEFAULT 0,
    cancelled bigint      NOT NULL DEFAULT 0,
    bytes     bigint      NOT NULL DEFAULT 0,
    loaded    bigint      NOT NULL DEFAULT 0,
    rejected  bigint      NOT NULL DEFAULT 0,
    filtered  bigint      NOT NULL DEFAULT 0,
    reverted  bigint      NOT NULL DEFAULT 0,
    latency   smallint,
    rejects   jsonb
);

COMMENT ON TABLE pipeline.usage_entries IS 'Figures that pipeline.usage_minutes, usage_rejects and usage_latencies do not have yet. What they have together is all there is.';

-- Whoever has no source, or a dataset of no tenant, has '' there.
CREATE TABLE pipeline.usage_minutes (
    minute    timestamptz NOT NULL,
    dataset   text        NOT NULL,
    source    text        NOT NULL,
    tenant    text        NOT NULL,
    jobs      bigint      NOT NULL,
    failed    bigint      NOT NULL,
    cancelled bigint      NOT NULL,
    bytes     bigint      NOT NULL,
    loaded    bigint      NOT NULL,
    rejected  bigint      NOT NULL,
    filtered  bigint      NOT NULL,
    reverted  bigint      NOT NULL,

    PRIMARY KEY (minute, dataset, source, tenant)
) WITH (fillfactor = 70);

COMMENT ON TABLE pipeline.usage_minutes IS 'What became of records. A job counts in the minute in which it ended; records of chunks that were committed before then, in the minutes of their transactions.';
COMMENT ON COLUMN pipeline.usage_minutes.jobs IS 'Jobs that ended, failed and cancelled ones included.';
COMMENT ON COLUMN pipeline.usage_minutes.bytes IS 'Bytes of their uploads, as they were sent.';
COMMENT ON COLUMN pipeline.usage_minutes.reverted IS 'Rows that were removed by reverting or replacing jobs; negative where rows came back. In the minute of that, whenever they were loaded.';

CREATE TABLE pipeline.usage_rejects (
    minute  timestamptz NOT NULL,
    dataset text        NOT NULL,
    source  text        NOT NULL,
    tenant  text        NOT NULL,
    code    text        NOT NULL,
    records bigint      NOT NULL,

    PRIMARY KEY (minute, dataset, source, tenant, code)
) WITH (fillfactor = 70);

COMMENT ON TABLE pipeline.usage_rejects IS 'Why records were rejected: the sums of pipeline.jobs.rejects. A record counts once for each of its pairs of code and field. other: pairs that the job itself does not name.';

CREATE TABLE pipeline.usage_latencies (
    minute  timestamptz NOT NULL,
    dataset text        NOT NULL,
    source  text        NOT NULL,
    tenant  text        NOT NULL,
    bucket  smallint    NOT NULL,
    jobs    bigint      NOT NULL,

    PRIMARY KEY (minute, dataset, source, tenant, bucket)
) WITH (fillfactor = 70);

COMMENT ON TABLE pipeline.usage_latencies IS 'How many jobs that were loaded took how long from the last byte of their upload, or from their begin where that came later, to their end.';
COMMENT ON COLUMN pipeline.usage_latencies.bucket IS 'The time is at most 2 ^ (bucket / 4) milliseconds, and more than that of the bucket before: bounds are 19 % apart.';

-- From the last byte to the end, in such a bucket.
CREATE FUNCTION pipeline.latency_bucket(duration interval) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT least(127, greatest(0, ceil(4 * log(2, greatest(1, extract(epoch FROM duration) * 1000)::numeric))))::smallint
$$;

-- A job has ended. What chunks of it have committed by themselves counts when they did, the rest now: together it is what the row says.
-- Chunks of the transaction that ends it have its time; those of a job with several sessions are seen only when the last has committed.
CREATE FUNCTION pipeline.count_ended_job() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    chunks_loaded   bigint := 0;
    chunks_rejected bigint := 0;
    chunks_filtered bigint := 0;
    landed record;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.state <> 'committing' THEN
            FOR landed IN
                SELECT date_trunc('minute', c.committed_at) AS minute, sum(c.loaded) AS loaded, sum(c.rejected) AS rejected,
                       sum(c.filtered) AS filtered
                FROM pipeline.job_chunks c WHERE c.job_id = NEW.id AND c.committed_at <> now()
                GROUP BY 1 ORDER BY 1
            LOOP
                INSERT INTO pipeline.usage_entries (minute, dataset, source, tenant, loaded, rejected, filtered)
                VALUES (landed.minute, NEW.dataset, coalesce(NEW.source, ''), coalesce(NEW.tenant, ''),
                        landed.loaded, landed.rejected, landed.filtered);
                chunks_loaded := chunks_loaded + landed.loaded;
                chunks_rejected := chunks_rejected + landed.rejected;
                chunks_filtered := chunks_filtered + landed.filtered;
            END LOOP;
        END IF;
    END IF;
    INSERT INTO pipeline.usage_entries
        (minute, dataset, source, tenant, jobs, failed, cancelled, bytes, loaded, rejected, filtered, latency, rejects)
    VALUES (
        date_trunc('minute', NEW.finished_at), NEW.dataset, coalesce(NEW.source, ''), coalesce(NEW.tenant, ''),
        1, (NEW.state = 'failed')::int, (NEW.state = 'cancelled')::int, NEW.upload_bytes,
        NEW.records_loaded - chunks_loaded, NEW.records_rejected - chunks_rejected, NEW.records_filtered - chunks_filtered,
        CASE WHEN NEW.state IN ('succeeded', 'partially_succeeded')
             THEN pipeline.latency_bucket(NEW.finished_at - greatest(NEW.received_at, NEW.created_at)) END,
        CASE WHEN NEW.records_rejected > 0 THEN NEW.rejects END);
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_are_counted_as_new AFTER INSERT ON pipeline.jobs
    FOR EACH ROW WHEN (NEW.finished_at IS NOT NULL)
    EXECUTE FUNCTION pipeline.count_ended_job();

CREATE TRIGGER jobs_are_counted_at_their_end AFTER UPDATE ON pipeline.jobs
    FOR EACH ROW WHEN (OLD.finished_at IS NULL AND NEW.finished_at IS NOT NULL)
    EXECUTE FUNCTION pipeline.count_ended_job();

-- Rows were removed, or are there again.
CREATE FUNCTION pipeline.count_reverted_rows() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pipeline.usage_entries (minute, dataset, source, tenant, reverted)
    VALUES (date_trunc('minute', coalesce(NEW.reverted_at, now())), NEW.dataset, coalesce(NEW.source, ''), coalesce(NEW.tenant, ''),
            coalesce(NEW.records_reverted, 0) - coalesce(OLD.records_reverted, 0));
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_are_counted_when_reverted AFTER UPDATE ON pipeline.jobs
    FOR EACH ROW WHEN (OLD.records_reverted IS DISTINCT FROM NEW.records_reverted)
    EXECUTE FUNCTION pipeline.count_reverted_rows();

-- Puts entries where they are kept, one caller at a time. Answers how many; 0 also where another is at it.
CREATE FUNCTION pipeline.gather_usage(batch integer) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    gathered bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(x'7573616765'::bigint) THEN -- "usage" in ASCII
        RETURN 0;
    END IF;
    WITH taken AS (
        DELETE FROM pipeline.usage_entries WHERE ctid = ANY (ARRAY(SELECT ctid FROM pipeline.usage_entries LIMIT batch)) RETURNING *),
    minutes AS (
        INSERT INTO pipeline.usage_minutes AS u
            (minute, dataset, source, tenant, jobs, failed, cancelled, bytes, loaded, rejected, filtered, reverted)
        SELECT minute, dataset, source, tenant, sum(jobs), sum(failed), sum(cancelled), sum(bytes), sum(loaded), sum(rejected),
               sum(filtered), sum(reverted)
        FROM taken GROUP BY 1, 2, 3, 4
        ON CONFLICT (minute, dataset, source, tenant) DO UPDATE
        SET jobs = u.jobs + excluded.jobs, failed = u.failed + excluded.failed, cancelled = u.cancelled + excluded.cancelled,
            bytes = u.bytes + excluded.bytes, loaded = u.loaded + excluded.loaded, rejected = u.rejected + excluded.rejected,
            filtered = u.filtered + excluded.filtered, reverted = u.reverted + excluded.reverted),
    codes AS (
        INSERT INTO pipeline.usage_rejects AS u (minute, dataset, source, tenant, code, records)
        SELECT minute, dataset, source, tenant, r.code, sum(r.records)
        FROM taken CROSS JOIN LATERAL pipeline.rejects_by_code(taken.rejects) r
        WHERE taken.rejects IS NOT NULL GROUP BY 1, 2, 3, 4, 5
        ON CONFLICT (minute, dataset, source, tenant, code) DO UPDATE SET records = u.records + excluded.records),
    latencies AS (
        INSERT INTO pipeline.usage_latencies AS u (minute, dataset, source, tenant, bucket, jobs)
        SELECT minute, dataset, source, tenant, latency, count(*) FROM taken WHERE latency IS NOT NULL GROUP BY 1, 2, 3, 4, 5
        ON CONFLICT (minute, dataset, source, tenant, bucket) DO UPDATE SET jobs = u.jobs + excluded.jobs)
    SELECT count(*) INTO gathered FROM taken;
    RETURN gathered;
END $$;

-- The rejects of a job (pipeline.jobs.rejects) by code alone.
CREATE FUNCTION pipeline.rejects_by_code(rejects jsonb, OUT code text, OUT records bigint) RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 4 AS $$
    SELECT g ->> 'code', (g ->> 'records')::bigint FROM jsonb_array_elements(rejects -> 'groups') g
    UNION ALL
    SELECT 'other', (rejects ->> 'other')::bigint WHERE (rejects ->> 'other')::bigint > 0
$$;

-- Jobs that have ended before this was counted and are kept still. Their chunks have gone where they were committed.
INSERT INTO pipeline.usage_entries
    (minute, dataset, source, tenant, jobs, failed, cancelled, bytes, loaded, rejected, filtered, latency, rejects)
SELECT date_trunc('minute', finished_at), dataset, coalesce(source, ''), coalesce(tenant, ''), 1, (state = 'failed')::int,
       (state = 'cancelled')::int, upload_bytes, records_loaded, records_rejected, records_filtered,
       CASE WHEN state IN ('succeeded', 'partially_succeeded')
            THEN pipeline.latency_bucket(finished_at - greatest(received_at, created_at)) END,
       CASE WHEN records_rejected > 0 THEN rejects END
FROM pipeline.jobs WHERE finished_at IS NOT NULL;

INSERT INTO pipeline.usage_entries (minute, dataset, source, tenant, reverted)
SELECT date_trunc('minute', reverted_at), dataset, coalesce(source, ''), coalesce(tenant, ''), records_reverted
FROM pipeline.jobs WHERE records_reverted <> 0;
