-- Models that score records: files in the ONNX format, by name and version.

CREATE TABLE pipeline.models (
    name         text        NOT NULL PRIMARY KEY,
    last_version integer     NOT NULL,
    tenant       text,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL,

    CONSTRAINT models_count_versions CHECK (last_version > 0)
);

COMMENT ON TABLE pipeline.models IS 'Models, also those of which all versions were deleted: no number ever means two files.';
COMMENT ON COLUMN pipeline.models.last_version IS 'The greatest number that a version ever had.';
COMMENT ON COLUMN pipeline.models.tenant IS 'That of the key by which the model was sent first; it never changes. NULL: nobody''s, and hidden from all tenants.';

CREATE TABLE pipeline.model_versions (
    model      text        NOT NULL REFERENCES pipeline.models (name),
    version    integer     NOT NULL,
    sha256     bytea       NOT NULL,
    bytes      integer     NOT NULL,
    signature  jsonb       NOT NULL,
    created_by text        NOT NULL,
    created_at timestamptz NOT NULL,
    file       bytea       NOT NULL,

    PRIMARY KEY (model, version),
    CONSTRAINT model_versions_differ UNIQUE (model, sha256),
    CONSTRAINT model_versions_have_a_number CHECK (version > 0),
    CONSTRAINT model_versions_hold_sha256 CHECK (octet_length(sha256) = 32),
    CONSTRAINT model_versions_hold_all_of_it CHECK (octet_length(file) = bytes)
);

-- Weights do not become smaller by compression, which would take its time for each of them.
ALTER TABLE pipeline.model_versions ALTER COLUMN file SET STORAGE EXTERNAL;

COMMENT ON TABLE pipeline.model_versions IS 'Versions of models. One that a dataset names, or an unfinished job has pinned, stays.';
COMMENT ON COLUMN pipeline.model_versions.signature IS 'What the model takes of a record and what it gives for it, as it was found out by trying it.';

COMMENT ON COLUMN pipeline.jobs.pins IS 'Versions of what it looks up, by the name of the dataset: the id of the job that loaded them; and by model:name the version of a model that scores its records. Written once, by the first attempt that needs them, and read by all. NULL: none.';
