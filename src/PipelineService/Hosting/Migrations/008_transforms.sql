-- What the ops of a dataset's transforms did, in the transaction of the rows that they did it to.

ALTER TABLE pipeline.job_chunks ADD COLUMN ops jsonb;
ALTER TABLE pipeline.jobs ADD COLUMN ops jsonb;
ALTER TABLE pipeline.job_progress ADD COLUMN ops jsonb;

COMMENT ON COLUMN pipeline.job_chunks.ops IS 'Ops of the dataset''s transforms that left records of the chunk out, or gave them something else than the rest: [{index, op, name, records}]. NULL: none.';
COMMENT ON COLUMN pipeline.jobs.ops IS 'The same over the whole job, once it is final.';
COMMENT ON COLUMN pipeline.job_progress.ops IS 'The same so far.';
