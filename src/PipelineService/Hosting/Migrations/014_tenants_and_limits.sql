-- Who may take how much, and whose turn it is.

-- The queue by party: a tenant, or a dataset of nobody. Of jobs that wait alone, so that one that begins when it comes is never in it. No
-- tenant's name has a colon.
CREATE INDEX jobs_waiting_by_party
    ON pipeline.jobs (spool, (coalesce(tenant, 'dataset:' || dataset) COLLATE "C"), not_before NULLS FIRST, id)
    WHERE finished_at IS NULL AND owner IS NULL;

CREATE TABLE pipeline.tenants (
    name             text        NOT NULL PRIMARY KEY,
    weight           integer     NOT NULL DEFAULT 1,
    sessions_max     integer,
    queued_bytes_max bigint,
    limits           jsonb,
    updated_at       timestamptz NOT NULL,

    CONSTRAINT tenants_have_a_weight CHECK (weight BETWEEN 1 AND 100),
    CONSTRAINT tenants_bounds_are_positive CHECK (sessions_max > 0 AND queued_bytes_max > 0)
);

COMMENT ON TABLE pipeline.tenants IS 'What was said of tenants, and of datasets of nobody (dataset:name). Those of which nothing was said have no row, and the weight 1.';
COMMENT ON COLUMN pipeline.tenants.weight IS 'How much more of what all share than others with the weight 1.';
COMMENT ON COLUMN pipeline.tenants.sessions_max IS 'Write sessions at once, of each instance. NULL: as many as there are.';
COMMENT ON COLUMN pipeline.tenants.queued_bytes_max IS 'Bytes of uploads that may wait in the queue before further ones are refused. NULL: no bound but the spool''s.';
COMMENT ON COLUMN pipeline.tenants.limits IS 'requestsPerMinute, bytesPerMinute, uploadsAtOnce: of all callers of the tenant together, for each instance. What is missing there: Limits:Tenant….';

ALTER TABLE pipeline.api_keys ADD COLUMN limits jsonb;
COMMENT ON COLUMN pipeline.api_keys.limits IS 'As those of pipeline.tenants, of this key. What is missing there: Limits:Key….';

ALTER TABLE pipeline.datasets ADD COLUMN limits jsonb;
COMMENT ON COLUMN pipeline.datasets.limits IS 'As those of pipeline.tenants, of uploads for this dataset. What is missing there: Limits:Dataset….';

-- Instances have them in memory, beside the keys, and read both when one of them has changed.
CREATE TRIGGER tenants_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pipeline.tenants
    FOR EACH STATEMENT EXECUTE FUNCTION pipeline.tell_key_change();
CREATE TRIGGER datasets_limits_changed AFTER UPDATE OF limits ON pipeline.datasets
    FOR EACH STATEMENT EXECUTE FUNCTION pipeline.tell_key_change();
