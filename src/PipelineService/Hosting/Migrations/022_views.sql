-- Figures of groups of rows, kept in the transactions that bring these rows and take them away.

-- What is kept of each is in a table of its own, pipeline.view_{id}_parts, and put together by pipeline.view_{id}: both are made when the
-- view is built, with the types of the columns that it is of.
CREATE TABLE pipeline.views (
    id           bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    dataset      text        NOT NULL REFERENCES pipeline.datasets (name),
    name         text        NOT NULL,
    state        text        NOT NULL DEFAULT 'building',
    reason       text,
    groups       bigint,
    table_schema text        NOT NULL,
    table_name   text        NOT NULL,
    relation     oid,
    definition   jsonb       NOT NULL,
    types        jsonb       NOT NULL,
    declared_at  timestamptz NOT NULL DEFAULT now(),
    built_at     timestamptz,
    dropped_at   timestamptz,

    CONSTRAINT views_state_is_known CHECK (state IN ('building', 'ready', 'refused')),
    CONSTRAINT views_are_refused_for_a_reason CHECK ((state = 'refused') = (reason IS NOT NULL))
);

CREATE UNIQUE INDEX views_by_name ON pipeline.views (dataset, name) WHERE dropped_at IS NULL;
CREATE INDEX views_by_table ON pipeline.views (table_schema, table_name) WHERE state = 'ready' AND dropped_at IS NULL;

COMMENT ON TABLE pipeline.views IS 'Views of datasets. One becomes ready only while nobody writes to its table, so that whoever writes later adds to it; whoever removes its parts sees to the same.';
COMMENT ON COLUMN pipeline.views.types IS 'The types of its columns when it was declared: with others it is another view.';
COMMENT ON COLUMN pipeline.views.relation IS 'The table of this name when it was built, or refused: another one is another table.';
COMMENT ON COLUMN pipeline.views.groups IS 'How many groups it had when its parts were last put together.';
COMMENT ON COLUMN pipeline.views.dropped_at IS 'Since when it is declared no longer; it goes when nobody writes to its table.';

-- Nobody waits for anybody: notes are only added, and go when the view is built anew.
CREATE TABLE pipeline.view_notes (
    view_id bigint      NOT NULL REFERENCES pipeline.views (id) ON DELETE CASCADE,
    kind    text        NOT NULL,
    reason  text        NOT NULL,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid     xid8        NOT NULL DEFAULT pg_current_xact_id(),

    CONSTRAINT view_notes_kind_is_known CHECK (kind IN ('doubt', 'reset'))
);

CREATE INDEX view_notes_by_view ON pipeline.view_notes (view_id);

COMMENT ON TABLE pipeline.view_notes IS 'doubt: rows have changed in a way that the view could not follow, so that it is not told until it was built anew; reset: more of it has changed than its parts say.';
