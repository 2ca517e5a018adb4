-- What happened: one row an event, written by triggers in the transaction of the fact and never changed; one position for each of them,
-- in the order in which they came to be visible, without gaps; and what is to be sent of them to webhooks.

-- All three lie in 16 parts, one for a day in turn. A day that is kept no longer is emptied by TRUNCATE of its part, which waits for nobody
-- who writes today: neither a DELETE of millions of rows, nor DDL that would lock what every job's end writes to.
CREATE FUNCTION pipeline.event_slot(at timestamptz) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT (((at AT TIME ZONE 'UTC')::date - DATE '1970-01-01') % 16)::smallint $$;

CREATE SEQUENCE pipeline.event_numbers;

CREATE TABLE pipeline.events (
    n       bigint      NOT NULL DEFAULT nextval('pipeline.event_numbers'),
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    type    text        NOT NULL,
    dataset text        NOT NULL,
    version integer,
    tenant  text,
    source  text,
    job_id  uuid,
    data    json,
    id      uuid        NOT NULL DEFAULT gen_random_uuid(),
    xid     xid8        NOT NULL DEFAULT pg_current_xact_id(),
    slot    smallint    NOT NULL DEFAULT pipeline.event_slot(clock_timestamp()),

    PRIMARY KEY (xid, n, slot)
) PARTITION BY LIST (slot);

-- Of one job, for whoever follows it.
CREATE INDEX events_by_job ON pipeline.events (job_id) WHERE job_id IS NOT NULL;

COMMENT ON TABLE pipeline.events IS 'What happened. Rows are written in the transaction of what they tell of, and never changed.';
COMMENT ON COLUMN pipeline.events.n IS 'Grows in the order of writing: of two events of one job the later has the greater, since both were written under the lock of its row. Has gaps, and says nothing of when a row came to be visible.';
COMMENT ON COLUMN pipeline.events.data IS 'What it tells beside what the columns say.';
COMMENT ON COLUMN pipeline.events.xid IS 'The transaction that wrote the row, for the numbering.';
COMMENT ON COLUMN pipeline.events.slot IS 'The day, modulo 16.';

CREATE TABLE pipeline.event_positions (
    position bigint   NOT NULL,
    n        bigint   NOT NULL,
    xid      xid8     NOT NULL,
    slot     smallint NOT NULL,
    seen     pg_snapshot,

    PRIMARY KEY (position, slot),
    UNIQUE (n, slot),
    CONSTRAINT event_positions_count_from_one CHECK (position > 0)
) PARTITION BY LIST (slot);

COMMENT ON TABLE pipeline.event_positions IS 'The places of events in the log. One numbers at a time, in one transaction a round, so that there is no gap and none comes later than one after it.';
COMMENT ON COLUMN pipeline.event_positions.seen IS 'On the last of each round: what was visible then has its position. The next round looks at no more than what came to be visible since, however long other transactions run.';

CREATE TABLE pipeline.event_floor (
    one      boolean NOT NULL PRIMARY KEY DEFAULT true,
    position bigint  NOT NULL DEFAULT 0,

    CONSTRAINT event_floor_is_one_row CHECK (one)
);

COMMENT ON TABLE pipeline.event_floor IS 'Events up to this position are gone.';
INSERT INTO pipeline.event_floor DEFAULT VALUES;

CREATE TABLE pipeline.webhooks (
    name             text        NOT NULL UNIQUE,
    url              text        NOT NULL,
    types            text[],
    datasets         text[],
    disabled         boolean     NOT NULL DEFAULT false,
    disabled_reason  text,
    tenant           text,
    source           text,
    owner_datasets   text[]      NOT NULL,
    owner_key        uuid,
    created_by       text        NOT NULL,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    rotated_at       timestamptz,
    id               uuid        NOT NULL PRIMARY KEY,
    header_names     text[]      NOT NULL DEFAULT '{}',
    headers          bytea       NOT NULL,
    secret           bytea       NOT NULL,
    previous_secret  bytea,
    previous_until   timestamptz,

    CONSTRAINT webhooks_name_is_an_identifier CHECK (name ~ '^[a-z][a-z0-9_-]{0,62}$'),
    CONSTRAINT webhooks_previous_secret_ends CHECK ((previous_secret IS NULL) = (previous_until IS NULL)),
    CONSTRAINT webhooks_are_disabled_for_a_reason CHECK (disabled_reason IS NULL OR disabled)
);

COMMENT ON TABLE pipeline.webhooks IS 'Whom events are sent to.';
COMMENT ON COLUMN pipeline.webhooks.tenant IS 'With source and owner_datasets what its maker could see: it is told of nothing else, whoever changes it later.';
COMMENT ON COLUMN pipeline.webhooks.owner_key IS 'The key by which it was made or changed last. While that lets nobody in, nothing is sent. NULL: no key that was made here.';
COMMENT ON COLUMN pipeline.webhooks.secret IS 'What deliveries are signed with: encrypted under Events:SecretKey where there is one (first byte 1), else as it is (first byte 0). The same of previous_secret and headers.';

CREATE TABLE pipeline.deliveries (
    webhook     uuid        NOT NULL,
    position    bigint      NOT NULL,
    state       text        NOT NULL DEFAULT 'pending',
    attempt     integer     NOT NULL DEFAULT 0,
    next_at     timestamptz DEFAULT clock_timestamp(),
    status      integer,
    ms          integer,
    error       text,
    answer      text,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at timestamptz,
    n           bigint      NOT NULL,
    xid         xid8        NOT NULL,
    id          uuid        NOT NULL DEFAULT gen_random_uuid(),
    slot        smallint    NOT NULL,

    PRIMARY KEY (webhook, position, slot),
    CONSTRAINT deliveries_state_is_known CHECK (state IN ('pending', 'delivered', 'failed')),
    CONSTRAINT deliveries_pending_are_due CHECK ((state = 'pending') = (next_at IS NOT NULL)),
    CONSTRAINT deliveries_texts_are_bounded CHECK (length(error) <= 500 AND length(answer) <= 2000)
) PARTITION BY LIST (slot);

CREATE INDEX deliveries_due ON pipeline.deliveries (webhook, next_at) WHERE state = 'pending';
CREATE INDEX deliveries_by_id ON pipeline.deliveries (id);

COMMENT ON TABLE pipeline.deliveries IS 'Events for webhooks, written in the transaction that gives the events their positions.';
COMMENT ON COLUMN pipeline.deliveries.next_at IS 'When it is to be sent next. Whoever sends it puts it off first, so that another sends it again if he dies.';

DO $$
BEGIN
    FOR slot IN 0..15 LOOP
        EXECUTE format('CREATE TABLE pipeline.events_%s PARTITION OF pipeline.events FOR VALUES IN (%s)', slot, slot);
        EXECUTE format('CREATE TABLE pipeline.event_positions_%s PARTITION OF pipeline.event_positions FOR VALUES IN (%s)', slot, slot);
        EXECUTE format('CREATE TABLE pipeline.deliveries_%s PARTITION OF pipeline.deliveries FOR VALUES IN (%s)', slot, slot);
    END LOOP;
END $$;

-- Whether a dataset is one of those that patterns name: names, beginnings of names with a star behind, a star alone.
CREATE FUNCTION pipeline.is_named(dataset text, patterns text[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT EXISTS (SELECT FROM unnest(patterns) p WHERE p = dataset OR (right(p, 1) = '*' AND starts_with(dataset, left(p, -1))))
$$;

-- Whether a key lets somebody in.
CREATE FUNCTION pipeline.is_good_key(key uuid) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT key IS NULL OR EXISTS (
        SELECT FROM pipeline.api_keys k WHERE k.id = key AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()))
$$;

-- The events of a job's row. In plpgsql, which keeps its plans: a function in SQL that writes would be planned at each call, at five times
-- the
-- price. A job is told of once its upload was taken: before, it may yet leave nothing.
CREATE FUNCTION pipeline.tell_finished(j pipeline.jobs) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pipeline.events (type, dataset, version, tenant, source, job_id, data)
    VALUES ('job.finished', j.dataset, j.dataset_version, j.tenant, j.source, j.id, json_build_object(
        'state', j.state,
        'records', json_build_object('read', j.records_read, 'loaded', j.records_loaded, 'rejected', j.records_rejected,
                                     'filtered', j.records_filtered),
        'bytes', j.upload_bytes, 'seconds', date_part('epoch', greatest(j.finished_at - j.created_at, '0')),
        'error', j.error ->> 'code', 'replaces', j.replaces, 'parentJob', j.parent_job));
END $$;

CREATE FUNCTION pipeline.tell_waiting(j pipeline.jobs, what text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pipeline.events (type, dataset, version, tenant, source, job_id, data)
    VALUES ('job.waiting', j.dataset, j.dataset_version, j.tenant, j.source, j.id, json_build_object('state', j.state, 'waitingFor', what));
END $$;

-- Most jobs are taken and begun in the statement that makes their row: two events in one.
CREATE FUNCTION pipeline.tell_of_new_job() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.upload_complete AND NEW.started_at IS NOT NULL THEN
        INSERT INTO pipeline.events (type, dataset, version, tenant, source, job_id, data)
        VALUES ('job.received', NEW.dataset, NEW.dataset_version, NEW.tenant, NEW.source, NEW.id,
                json_build_object('bytes', NEW.upload_bytes, 'replaces', NEW.replaces)),
               ('job.started', NEW.dataset, NEW.dataset_version, NEW.tenant, NEW.source, NEW.id, NULL);
    ELSIF NEW.upload_complete THEN
        INSERT INTO pipeline.events (type, dataset, version, tenant, source, job_id, data)
        VALUES ('job.received', NEW.dataset, NEW.dataset_version, NEW.tenant, NEW.source, NEW.id,
                json_build_object('bytes', NEW.upload_bytes, 'replaces', NEW.replaces));
    END IF;
    IF NEW.finished_at IS NOT NULL THEN
        PERFORM pipeline.tell_finished(NEW);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION pipeline.tell_of_changed_job() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.upload_complete AND NOT OLD.upload_complete THEN
        INSERT INTO pipeline.events (type, dataset, version, tenant, source, job_id, data)
        VALUES ('job.received', NEW.dataset, NEW.dataset_version, NEW.tenant, NEW.source, NEW.id,
                json_build_object('bytes', NEW.upload_bytes, 'replaces', NEW.replaces));
    END IF;
    IF NEW.started_at IS NOT NULL AND NEW.upload_complete AND NOT (OLD.started_at IS NOT NULL AND OLD.upload_complete) THEN
        INSERT INTO pipeline.events (type, dataset, version, tenant, source, job_id)
        VALUES ('job.started', NEW.dataset, NEW.dataset_version, NEW.tenant, NEW.source, NEW.id);
    END IF;
    IF NEW.waiting_for IS NOT NULL AND NEW.waiting_for IS DISTINCT FROM OLD.waiting_for AND NEW.upload_complete AND NEW.finished_at IS NULL
        AND NOT EXISTS (SELECT FROM pipeline.job_progress p WHERE p.job_id = NEW.id AND p.waiting_for = NEW.waiting_for)
    THEN
        PERFORM pipeline.tell_waiting(NEW, NEW.waiting_for);
    END IF;
    IF NEW.finished_at IS NOT NULL AND OLD.finished_at IS NULL THEN
        PERFORM pipeline.tell_finished(NEW);
    END IF;
    IF (NEW.reverted_at IS NULL) <> (OLD.reverted_at IS NULL) THEN
        INSERT INTO pipeline.events (type, dataset, version, tenant, source, job_id, data)
        VALUES (
            CASE WHEN NEW.reverted_at IS NULL THEN 'job.restored' WHEN NEW.replaced_by IS NULL THEN 'job.reverted' ELSE 'job.replaced' END,
            NEW.dataset, NEW.dataset_version, NEW.tenant, NEW.source, NEW.id, json_build_object(
                'state', NEW.state, 'rows', coalesce(NEW.records_reverted, OLD.records_reverted), 'replacedBy', NEW.replaced_by));
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_tell_of_new AFTER INSERT ON pipeline.jobs
    FOR EACH ROW WHEN (NEW.upload_complete OR NEW.finished_at IS NOT NULL)
    EXECUTE FUNCTION pipeline.tell_of_new_job();

CREATE TRIGGER jobs_tell_of_changes AFTER UPDATE ON pipeline.jobs
    FOR EACH ROW WHEN (
        OLD.upload_complete IS DISTINCT FROM NEW.upload_complete OR OLD.started_at IS DISTINCT FROM NEW.started_at
        OR OLD.waiting_for IS DISTINCT FROM NEW.waiting_for OR OLD.finished_at IS DISTINCT FROM NEW.finished_at
        OR OLD.reverted_at IS DISTINCT FROM NEW.reverted_at)
    EXECUTE FUNCTION pipeline.tell_of_changed_job();

-- What an owner tells of a job that waits in its hands. A job whose row somebody changes right now is about to do something else: nobody
-- waits for that, and no wait is told of behind it.
CREATE FUNCTION pipeline.tell_progress_waiting() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    j pipeline.jobs;
BEGIN
    SELECT * INTO j FROM pipeline.jobs
    WHERE id = NEW.job_id AND upload_complete AND finished_at IS NULL AND waiting_for IS DISTINCT FROM NEW.waiting_for
    FOR SHARE SKIP LOCKED;
    IF FOUND THEN
        PERFORM pipeline.tell_waiting(j, NEW.waiting_for);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER job_progress_tells_of_new_waits AFTER INSERT ON pipeline.job_progress
    FOR EACH ROW WHEN (NEW.waiting_for IS NOT NULL) EXECUTE FUNCTION pipeline.tell_progress_waiting();

CREATE TRIGGER job_progress_tells_of_waits AFTER UPDATE ON pipeline.job_progress
    FOR EACH ROW WHEN (NEW.waiting_for IS NOT NULL AND NEW.waiting_for IS DISTINCT FROM OLD.waiting_for)
    EXECUTE FUNCTION pipeline.tell_progress_waiting();

CREATE FUNCTION pipeline.tell_dataset_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pipeline.events (type, dataset, version, tenant)
    SELECT 'dataset.version', d.name, NEW.version, d.tenant FROM pipeline.datasets d WHERE d.name = NEW.dataset;
    RETURN NULL;
END $$;

CREATE TRIGGER dataset_versions_tell_of_new AFTER INSERT ON pipeline.dataset_versions
    FOR EACH ROW EXECUTE FUNCTION pipeline.tell_dataset_version();

-- Gives positions to what has come to be visible, and writes what is to be sent of it: 1. the lock, which one of the database has, 2. the
-- end of the log, read after the lock was taken, 3. what came since, 4. its positions, 5. its deliveries. Answers where the log ends
-- and begins, how much was numbered, and whether there are webhooks. Whoever has not the lock is told the same. A round takes the first
-- ones of those that can be seen: of one job the earlier can be seen whenever the later can, so that their order holds over rounds.
CREATE FUNCTION pipeline.number_events(batch integer, OUT head bigint, OUT gone bigint, OUT numbered bigint, OUT has_webhooks boolean)
LANGUAGE plpgsql SET enable_seqscan = off SET jit = off AS $$
DECLARE
    is_ours boolean := pg_try_advisory_xact_lock(x'6576656E7473'::bigint); -- "events" in ASCII
    last_seen pg_snapshot;
    open xid8[];
BEGIN
    numbered := 0;
    has_webhooks := EXISTS (SELECT FROM pipeline.webhooks);
    SELECT f.position INTO gone FROM pipeline.event_floor f;
    SELECT p.position, p.seen INTO head, last_seen FROM pipeline.event_positions p ORDER BY p.position DESC LIMIT 1;
    head := greatest(head, gone);
    IF NOT is_ours THEN
        RETURN;
    END IF;
    IF pg_snapshot_xmax(last_seen) <= pg_snapshot_xmax(pg_current_snapshot()) THEN
        open := ARRAY(SELECT pg_snapshot_xip(last_seen));
        WITH found AS MATERIALIZED (
            SELECT e.n, e.xid, e.slot
            FROM (SELECT n, xid, slot FROM pipeline.events WHERE xid = ANY (open)
                  UNION ALL
                  SELECT n, xid, slot FROM pipeline.events
                  WHERE xid >= pg_snapshot_xmax(last_seen) AND xid < pg_snapshot_xmax(pg_current_snapshot())) e
            WHERE NOT EXISTS (SELECT FROM pipeline.event_positions p WHERE p.n = e.n AND p.slot = e.slot)
            ORDER BY e.n LIMIT batch),
        placed AS (SELECT f.*, row_number() OVER (ORDER BY f.n) AS place, count(*) OVER () AS places FROM found f)
        INSERT INTO pipeline.event_positions (position, n, xid, slot, seen)
        SELECT head + place, n, xid, slot,
               CASE WHEN place = places THEN CASE WHEN places < batch THEN pg_current_snapshot() ELSE last_seen END END
        FROM placed;
    ELSE
        -- Nothing was numbered yet, or the database was restored into a server that has counted fewer transactions: all are looked at.
        WITH found AS MATERIALIZED (
            SELECT e.n, e.xid, e.slot FROM pipeline.events e
            WHERE NOT EXISTS (SELECT FROM pipeline.event_positions p WHERE p.n = e.n AND p.slot = e.slot)
            ORDER BY e.n LIMIT batch),
        placed AS (SELECT f.*, row_number() OVER (ORDER BY f.n) AS place, count(*) OVER () AS places FROM found f)
        INSERT INTO pipeline.event_positions (position, n, xid, slot, seen)
        SELECT head + place, n, xid, slot, CASE WHEN place = places AND places < batch THEN pg_current_snapshot() END
        FROM placed;
    END IF;
    GET DIAGNOSTICS numbered = ROW_COUNT;
    IF numbered > 0 AND has_webhooks THEN
        INSERT INTO pipeline.deliveries (webhook, position, n, xid, slot)
        SELECT w.id, p.position, p.n, p.xid, p.slot
        FROM pipeline.event_positions p
        JOIN pipeline.events e ON e.xid = p.xid AND e.n = p.n AND e.slot = p.slot
        JOIN pipeline.webhooks w ON (w.types IS NULL OR e.type = ANY (w.types))
            AND (w.datasets IS NULL OR pipeline.is_named(e.dataset, w.datasets)) AND pipeline.is_named(e.dataset, w.owner_datasets)
            AND (w.tenant IS NULL OR w.tenant = e.tenant) AND (w.source IS NULL OR e.job_id IS NULL OR w.source = e.source)
        WHERE p.position > head AND NOT w.disabled AND pipeline.is_good_key(w.owner_key);
    END IF;
    head := head + numbered;
END $$;

-- Empties the part of a day. With the rights of the tables' owner, since a service that owns nothing may not TRUNCATE.
CREATE FUNCTION pipeline.drop_events(of_slot integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    last_position bigint;
    is_used boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(x'6576656E7473'::bigint); -- nothing is numbered meanwhile
    EXECUTE format('SELECT EXISTS (SELECT FROM pipeline.events_%s)', of_slot) INTO is_used;
    IF NOT is_used THEN
        RETURN false;
    END IF;
    EXECUTE format('TRUNCATE pipeline.events_%s, pipeline.deliveries_%s', of_slot, of_slot);
    EXECUTE format('SELECT max(position) FROM pipeline.event_positions_%s', of_slot) INTO last_position;
    UPDATE pipeline.event_floor SET position = last_position WHERE position < last_position;
    EXECUTE format('TRUNCATE pipeline.event_positions_%s', of_slot);
    RETURN true;
END $$;

REVOKE EXECUTE ON FUNCTION pipeline.drop_events(integer) FROM PUBLIC;
