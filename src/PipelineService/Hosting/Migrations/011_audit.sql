-- Who did what: one row an action, written in the action's own transaction and never changed, and one link for each of them, which
-- makes a chain of hashes. Rows come in any order and become visible in any order; links have one order, in which nothing is missing.

CREATE TABLE pipeline.audit (
    id      uuid        NOT NULL PRIMARY KEY,
    at      timestamptz NOT NULL,
    actor   text        NOT NULL,
    action  text        NOT NULL,
    object  text        NOT NULL,
    dataset text,
    outcome text        NOT NULL,
    ip      inet,
    detail  jsonb       NOT NULL DEFAULT '{}',
    xid     xid8        NOT NULL DEFAULT pg_current_xact_id(),

    CONSTRAINT audit_texts_are_bounded CHECK (
        length(actor) BETWEEN 1 AND 300 AND length(action) BETWEEN 1 AND 100 AND length(object) BETWEEN 1 AND 300),
    CONSTRAINT audit_outcomes_are_known CHECK (outcome IN ('done', 'refused')),
    CONSTRAINT audit_details_are_bounded CHECK (octet_length(detail::text) <= 8192)
);

-- The list, newest first.
CREATE INDEX audit_by_time ON pipeline.audit (at DESC, id DESC);

-- What the chain has not seen yet: see seen below.
CREATE INDEX audit_by_transaction ON pipeline.audit (xid);

COMMENT ON TABLE pipeline.audit IS 'Who did what. Rows are written in the transaction of what they tell of, and never changed or removed.';
COMMENT ON COLUMN pipeline.audit.id IS 'Of an upload that was taken the id of its job.';
COMMENT ON COLUMN pipeline.audit.at IS 'When it was done. An upload that came in an outage is registered later: its place in the chain tells when.';
COMMENT ON COLUMN pipeline.audit.xid IS 'The transaction that wrote the row, for the chain. Not part of what is hashed: a restored database counts transactions anew.';

CREATE TABLE pipeline.audit_links (
    seq      bigint NOT NULL PRIMARY KEY,
    audit_id uuid   NOT NULL UNIQUE,
    prev     bytea  NOT NULL,
    hash     bytea  NOT NULL,
    seen     pg_snapshot,

    CONSTRAINT audit_links_count_from_one CHECK (seq > 0),
    CONSTRAINT audit_links_hold_sha256 CHECK (octet_length(prev) = 32 AND octet_length(hash) = 32)
);

COMMENT ON TABLE pipeline.audit_links IS 'The chain over pipeline.audit: hash = SHA-256(prev || the row in its canonical form).';
COMMENT ON COLUMN pipeline.audit_links.seen IS 'On the last link of each round: what was visible then is linked. The next round looks at no more than what came to be visible since, however long other transactions run.';

CREATE FUNCTION pipeline.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'pipeline.% is append-only: % is refused.', TG_TABLE_NAME, TG_OP USING ERRCODE = 'PL004';
END $$;

CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pipeline.audit
    FOR EACH STATEMENT EXECUTE FUNCTION pipeline.refuse_change();

CREATE TRIGGER audit_links_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON pipeline.audit_links
    FOR EACH STATEMENT EXECUTE FUNCTION pipeline.refuse_change();

-- Of the role that owns them too. It could grant the rights to itself again, and take the triggers away: that is what the hashes are for.
REVOKE UPDATE, DELETE, TRUNCATE ON pipeline.audit, pipeline.audit_links FROM PUBLIC, CURRENT_USER;
