-- What the rows of jobs are like, and what the rules of their datasets say of that.

ALTER TABLE pipeline.jobs
    ADD COLUMN quality jsonb,
    DROP CONSTRAINT jobs_waits_for_something_known,
    ADD CONSTRAINT jobs_waits_for_something_known
        CHECK (waiting_for IN ('database', 'spool', 'table', 'lookup', 'conversion', 'approval')
            OR waiting_for ~ '^enrichment:[a-z][a-z0-9_]{0,62}$'),
    ADD CONSTRAINT jobs_held_for_approval_are_held_for_a_reason
        CHECK (waiting_for <> 'approval' OR quality ->> 'state' = 'breach');

COMMENT ON COLUMN pipeline.jobs.quality IS 'What the rules of its dataset say of its rows, and what somebody decided on that. Written with its end, or when it is held. NULL: there are no rules, or it has not come as far.';

-- Jobs that wait until somebody decides: nobody claims them, since their not_before is infinity.
CREATE INDEX jobs_held ON pipeline.jobs (spool, waiting_since) WHERE waiting_for = 'approval';

CREATE TABLE pipeline.job_profiles (
    job_id  uuid  NOT NULL PRIMARY KEY REFERENCES pipeline.jobs (id) ON DELETE CASCADE,
    profile jsonb NOT NULL
);

COMMENT ON TABLE pipeline.job_profiles IS 'What the rows of jobs are like: of those that they have loaded, or would have, where a rule held them up.';

CREATE TABLE pipeline.job_profile_parts (
    job_id  uuid     NOT NULL REFERENCES pipeline.jobs (id) ON DELETE CASCADE,
    epoch   bigint   NOT NULL,
    session smallint NOT NULL,
    profile bytea    NOT NULL,

    PRIMARY KEY (job_id, epoch, session)
);

COMMENT ON TABLE pipeline.job_profile_parts IS 'What the rows are like that a session of an attempt has committed, while the job is not at its end: written in the transaction of the rows, so that a later attempt goes on with it.';

-- What is usual outlives the jobs: eight Mondays are two months.
CREATE TABLE pipeline.quality_figures (
    dataset     text        NOT NULL,
    source      text        NOT NULL,
    weekday     smallint    NOT NULL,
    finished_at timestamptz NOT NULL,
    job_id      uuid        NOT NULL PRIMARY KEY,
    version     integer     NOT NULL,
    counts      boolean     NOT NULL,
    figures     jsonb       NOT NULL,

    CONSTRAINT quality_figures_weekday_is_one CHECK (weekday BETWEEN 0 AND 6)
);

CREATE INDEX quality_figures_by_source ON pipeline.quality_figures (dataset, source, weekday, finished_at DESC) WHERE counts;
CREATE INDEX quality_figures_by_weekday ON pipeline.quality_figures (dataset, weekday, finished_at DESC) WHERE counts;
CREATE INDEX quality_figures_by_age ON pipeline.quality_figures (finished_at);

COMMENT ON TABLE pipeline.quality_figures IS 'The figures of loaded jobs by which rules know what is usual.';
COMMENT ON COLUMN pipeline.quality_figures.source IS 'Empty where the upload named none.';
COMMENT ON COLUMN pipeline.quality_figures.weekday IS 'On which the upload came, in UTC; 0 is Sunday.';
COMMENT ON COLUMN pipeline.quality_figures.counts IS 'Whether it is usual: no rule was broken, or somebody has approved it.';

CREATE FUNCTION pipeline.tell_of_breach() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pipeline.events (type, dataset, version, tenant, source, job_id, data)
    VALUES ('quality.breach', NEW.dataset, NEW.dataset_version, NEW.tenant, NEW.source, NEW.id, json_build_object(
        'waitingFor', NEW.waiting_for, 'onBreach', NEW.quality ->> 'onBreach',
        'rules', jsonb_path_query_array(NEW.quality, '$.rules[*] ? (@.state == "breach")')));
    RETURN NULL;
END $$;

CREATE TRIGGER jobs_tell_of_breaches AFTER UPDATE ON pipeline.jobs
    FOR EACH ROW WHEN (OLD.quality IS NULL AND NEW.quality ->> 'state' = 'breach')
    EXECUTE FUNCTION pipeline.tell_of_breach();
