-- Limits: how many runs of a task, and of several tasks together, may be active at once, and how long a run may wait.

-- +goose Up

CREATE TABLE concurrency_group (
    name       TEXT PRIMARY KEY,
    spec       TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The groups that a task names, which stand in its spec, too.
CREATE TABLE task_concurrency_group (
    task              TEXT NOT NULL REFERENCES task (name) ON DELETE CASCADE,
    concurrency_group TEXT NOT NULL REFERENCES concurrency_group (name),
    PRIMARY KEY (task, concurrency_group)
) WITHOUT ROWID;
CREATE INDEX task_concurrency_group_group ON task_concurrency_group (concurrency_group, task);

-- counted is 1 for the runs of a task whose runs are counted when a further one is asked for: only such runs cost an index.
-- max_queue_time is in microseconds, 0 without a limit; expires_at is when a run that waits has waited for that long.
ALTER TABLE run ADD COLUMN counted INTEGER NOT NULL DEFAULT 0 CHECK (counted IN (0, 1));
ALTER TABLE run ADD COLUMN max_queue_time BIGINT NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN expires_at BIGINT;
CREATE INDEX run_counted ON run (task, counted, ended_at, state, id) WHERE counted = 1 AND ended_at IS NULL;
CREATE INDEX run_expires ON run (expires_at, id) WHERE state = 'queued' AND expires_at IS NOT NULL;

-- The task stands at the end of the queue's indexes, so that the runs of a task that may have none placed are passed over
-- without being read.
DROP INDEX run_queue_group;
DROP INDEX run_queue_server;
CREATE INDEX run_queue_group ON run (virtual_server, rank, id, task) WHERE state = 'queued' AND virtual_server IS NOT NULL;
CREATE INDEX run_queue_server ON run (target_server, rank, id, task) WHERE state = 'queued' AND target_server IS NOT NULL;
