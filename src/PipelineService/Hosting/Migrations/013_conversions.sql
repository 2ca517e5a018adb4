-- What was made of uploads that are no text (Parquet): an attempt that goes on reads the same.

ALTER TABLE pipeline.jobs ADD COLUMN converted_bytes bigint;
ALTER TABLE pipeline.jobs ADD COLUMN converted_hash bytea;

ALTER TABLE pipeline.jobs ADD CONSTRAINT jobs_converted_whole CHECK ((converted_bytes IS NULL) = (converted_hash IS NULL) AND converted_bytes >= 0) NOT VALID;
ALTER TABLE pipeline.jobs VALIDATE CONSTRAINT jobs_converted_whole;

COMMENT ON COLUMN pipeline.jobs.converted_bytes IS 'Bytes of the rows that were made of the upload, which is converted before it is read; offsets of checkpoints and dead letters are in these. NULL: it is read as it is, or its conversion has not ended.';
COMMENT ON COLUMN pipeline.jobs.converted_hash IS 'Their checksum (XXH128): what a later attempt makes of the upload is the same, or the job ends.';

-- The files of a form are jobs of one batch.

ALTER TABLE pipeline.jobs ADD COLUMN batch uuid;
CREATE INDEX jobs_of_batch ON pipeline.jobs (batch, id) WHERE batch IS NOT NULL;

COMMENT ON COLUMN pipeline.jobs.batch IS 'What the jobs of all files of one form (multipart/form-data) have in common. NULL: an upload by itself.';
