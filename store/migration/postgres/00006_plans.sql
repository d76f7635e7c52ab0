-- Execution plans, and what became of each time that one was run.

-- +goose Up

CREATE TABLE plan (
    name       TEXT COLLATE "C" PRIMARY KEY,
    spec       TEXT NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- The tasks that a plan runs: such a task cannot be deleted.
CREATE TABLE plan_task (
    plan TEXT COLLATE "C" NOT NULL REFERENCES plan (name) ON DELETE CASCADE,
    task TEXT COLLATE "C" NOT NULL REFERENCES task (name),
    PRIMARY KEY (plan, task)
);
CREATE INDEX plan_task_task ON plan_task (task);

-- A plan run names its plan without a reference: the runs of a deleted plan stay. version counts its changes.
CREATE TABLE plan_run (
    id            TEXT COLLATE "C" PRIMARY KEY,
    plan          TEXT COLLATE "C" NOT NULL,
    state         TEXT COLLATE "C" NOT NULL CHECK (state IN ('running', 'stopping', 'succeeded', 'failed', 'cancelled')),
    cause_kind    TEXT NOT NULL,
    cause_by      TEXT NOT NULL,
    scheduled_for BIGINT,
    started_at    BIGINT NOT NULL,
    ended_at      BIGINT,
    reason        TEXT NOT NULL,
    request_key   TEXT COLLATE "C",
    version       BIGINT NOT NULL,
    CHECK ((ended_at IS NOT NULL) = (state IN ('succeeded', 'failed', 'cancelled')))
);
CREATE INDEX plan_run_plan ON plan_run (plan, id);
CREATE INDEX plan_run_state ON plan_run (state, id);
CREATE UNIQUE INDEX plan_run_request_key ON plan_run (request_key) WHERE request_key IS NOT NULL;

-- What was frozen when the plan run was requested. It is never updated.
CREATE TABLE plan_run_spec (
    plan_run TEXT COLLATE "C" PRIMARY KEY REFERENCES plan_run (id) ON DELETE CASCADE,
    spec     TEXT NOT NULL,
    params   TEXT NOT NULL
);

-- run is the run of the newest try; the node has none where it could not be started.
CREATE TABLE plan_node (
    plan_run   TEXT COLLATE "C" NOT NULL REFERENCES plan_run (id) ON DELETE CASCADE,
    name       TEXT COLLATE "C" NOT NULL,
    position   INTEGER NOT NULL,
    state      TEXT COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'running', 'succeeded', 'failed', 'skipped', 'cancelled')),
    try        INTEGER NOT NULL,
    run        TEXT COLLATE "C",
    started_at BIGINT,
    ended_at   BIGINT,
    deadline   BIGINT,
    stop       TEXT NOT NULL CHECK (stop IN ('', 'timeout', 'cancel')),
    reason     TEXT NOT NULL,
    PRIMARY KEY (plan_run, name),
    CHECK ((ended_at IS NOT NULL) = (state IN ('succeeded', 'failed', 'skipped', 'cancelled'))),
    CHECK (deadline IS NULL OR state = 'running')
);
CREATE UNIQUE INDEX plan_node_run ON plan_node (run) WHERE run IS NOT NULL;
CREATE INDEX plan_node_deadline ON plan_node (deadline) WHERE deadline IS NOT NULL;

-- Who moves plan runs on begins here, and not with its first look: nothing that is committed meanwhile is missed.
INSERT INTO follower (name, position) SELECT 'plans', COALESCE(max(id), 0) FROM event;
