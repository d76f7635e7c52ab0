-- How many runs of a plan may go on at once: a further one waits.

-- +goose Up

-- waits is 1 for a plan run that nothing is started of before another run of its plan has ended.
ALTER TABLE plan_run ADD COLUMN waits INTEGER NOT NULL DEFAULT 0 CHECK (waits = 0 OR waits = 1 AND state = 'running');
-- Which runs of a plan have not ended is asked at each request for one, and at each end.
CREATE INDEX plan_run_ended ON plan_run (plan, ended_at);
