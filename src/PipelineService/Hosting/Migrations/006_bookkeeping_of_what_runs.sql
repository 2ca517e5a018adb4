-- Bookkeeping costs what runs, never what waits or ever was.

-- The queue: jobs that nobody has, in the order in which they are claimed. Those that wait for a time are behind the others, in the
-- order of their times, so that none is looked at before it is due.
CREATE INDEX jobs_waiting ON pipeline.jobs (spool, not_before NULLS FIRST, id) WHERE finished_at IS NULL AND owner IS NULL;

-- The same by dataset, for when those in front load into tables that can take none now.
CREATE INDEX jobs_waiting_by_dataset ON pipeline.jobs (spool, dataset, dataset_version, not_before NULLS FIRST, id)
    WHERE finished_at IS NULL AND owner IS NULL;

-- Those of the queue that have ended a process before.
CREATE INDEX jobs_tried ON pipeline.jobs (spool, attempt) WHERE finished_at IS NULL AND owner IS NULL AND attempt > 0;

-- Jobs that an instance has, those first whose lease ran out first.
CREATE INDEX jobs_owned ON pipeline.jobs (spool, lease_until) WHERE finished_at IS NULL AND owner IS NOT NULL;

DROP INDEX pipeline.jobs_unfinished;
