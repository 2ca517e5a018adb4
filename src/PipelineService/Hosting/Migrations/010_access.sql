-- Who may do what: keys, the tenants that datasets and jobs belong to, and who sent a job.

-- The secret under which keys are hashed, where the configuration has none (Access:HashKey), and how often keys were changed. A copy of
-- the database that lives beside the original gets another row here, and so its keys let nobody in.
ALTER TABLE pipeline.identity
    ADD COLUMN key_secret  bytea  NOT NULL DEFAULT (uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
    ADD COLUMN key_changes bigint NOT NULL DEFAULT 0;

COMMENT ON COLUMN pipeline.identity.key_secret IS 'HMAC-SHA-256 of keys is made under it, unless Access:HashKey is set.';
COMMENT ON COLUMN pipeline.identity.key_changes IS 'Grows with every change of pipeline.api_keys, in its transaction: whoever has an older number reads them again.';

CREATE TABLE pipeline.api_keys (
    id             uuid        NOT NULL PRIMARY KEY,
    name           text        NOT NULL,
    scopes         text[]      NOT NULL,
    datasets       text[]      NOT NULL,
    source         text,
    tenant         text,
    hash           bytea       NOT NULL,
    hashed_with    text        NOT NULL,
    previous_hash  bytea,
    previous_until timestamptz,
    created_by     text        NOT NULL,
    created_at     timestamptz NOT NULL,
    rotated_at     timestamptz,
    expires_at     timestamptz,
    revoked_at     timestamptz,

    CONSTRAINT api_keys_have_scopes CHECK (
        cardinality(scopes) > 0 AND scopes <@ ARRAY['ingest', 'read', 'manage', 'admin']),
    CONSTRAINT api_keys_have_datasets CHECK (cardinality(datasets) > 0),
    CONSTRAINT api_keys_are_hashed CHECK (octet_length(hash) = 32 AND octet_length(previous_hash) = 32),
    CONSTRAINT api_keys_previous_hash_ends CHECK ((previous_hash IS NULL) = (previous_until IS NULL)),
    CONSTRAINT api_keys_revoked_have_no_previous CHECK (revoked_at IS NULL OR previous_hash IS NULL)
);

COMMENT ON TABLE pipeline.api_keys IS 'Keys, as keyed hashes alone. A revoked one keeps its row: it says who could do what, and that there were keys.';
COMMENT ON COLUMN pipeline.api_keys.datasets IS 'Names, beginnings of names with a star behind, or a star.';
COMMENT ON COLUMN pipeline.api_keys.hashed_with IS 'Tells by which secret, so that keys of another are known to be worthless.';
COMMENT ON COLUMN pipeline.api_keys.previous_hash IS 'The key as it was before its last rotation, good until previous_until.';

-- In the transaction of the change, by whomever: the number is what every instance looks at, the signal makes it look at once. Keys are
-- changed seldom, so that the lock of all commits that notify is nobody's wait.
CREATE FUNCTION pipeline.tell_key_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE pipeline.identity SET key_changes = key_changes + 1;
    PERFORM pg_notify('pipeline_keys', '');
    RETURN NULL;
END $$;

CREATE TRIGGER api_keys_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON pipeline.api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION pipeline.tell_key_change();

ALTER TABLE pipeline.datasets ADD COLUMN tenant text;
COMMENT ON COLUMN pipeline.datasets.tenant IS 'That of the key by which the dataset was declared first; it never changes. NULL: nobody''s, and hidden from all tenants.';

ALTER TABLE pipeline.jobs
    ADD COLUMN tenant text,
    ADD COLUMN key_id uuid;
COMMENT ON COLUMN pipeline.jobs.tenant IS 'That of its dataset.';
COMMENT ON COLUMN pipeline.jobs.key_id IS 'The key that brought it (pipeline.api_keys). NULL: no key, the key of the configuration, or a token.';

-- Lists of a tenant, newest first, whatever the others have.
CREATE INDEX jobs_by_tenant ON pipeline.jobs (tenant, id DESC) WHERE tenant IS NOT NULL;
