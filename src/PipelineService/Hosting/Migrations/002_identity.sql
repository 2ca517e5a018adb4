-- Which database this is, and which spools are its: uploads that wait for one database are never loaded into another.

CREATE TABLE pipeline.identity (
    id         uuid        NOT NULL PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE UNIQUE INDEX identity_is_one ON pipeline.identity ((true));

COMMENT ON TABLE pipeline.identity IS 'One row, made when a service first uses the database. A backup keeps it; a copy that is to live beside the original needs a new one.';

CREATE TABLE pipeline.spools (
    id            uuid        NOT NULL PRIMARY KEY,
    directory     text        NOT NULL,
    host          text        NOT NULL,
    first_used_at timestamptz NOT NULL DEFAULT now(),
    last_used_at  timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE pipeline.spools IS 'The spool directories whose jobs are in this database, and where each was at the last start of a service.';
