-- Instants are microseconds since 1970 in UTC. A WITHOUT ROWID table is one whose rows are short and always found by
-- their key: that saves the second tree. Texts that may be long (specs, placements, output) stand in tables of their own,
-- so that a change of a run's state rewrites a short row. A CHECK lists values as terms joined by OR: for IN with more than
-- two values SQLite builds a table of them with each row that is written, which cost a third of all time spent here.

-- +goose Up

CREATE TABLE server (
    name              TEXT PRIMARY KEY,
    kind              TEXT    NOT NULL CHECK (kind IN ('job', 'runtime')),
    mode              TEXT    NOT NULL CHECK (mode = 'active' OR mode = 'draining' OR mode = 'disabled'),
    state             TEXT    NOT NULL CHECK (state = 'never_seen' OR state = 'online' OR state = 'unreachable' OR state = 'unavailable'),
    state_since       BIGINT  NOT NULL,
    reason            TEXT    NOT NULL,
    description       TEXT    NOT NULL,
    labels            TEXT    NOT NULL,
    slots             INTEGER NOT NULL,
    power             REAL    NOT NULL,
    unavailable_after BIGINT  NOT NULL,
    joined_at         BIGINT  NOT NULL,
    last_seen         BIGINT,
    sample            TEXT,
    boot_id           TEXT    NOT NULL,
    instance          TEXT    NOT NULL,
    agent_version     TEXT    NOT NULL,
    credential_hash   TEXT    NOT NULL UNIQUE,
    version           BIGINT  NOT NULL
) WITHOUT ROWID;

CREATE TABLE join_token (
    id         TEXT PRIMARY KEY,
    hash       TEXT   NOT NULL UNIQUE,
    name       TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
) WITHOUT ROWID;

-- grade 0 are samples as they came, 1 means over a minute, 2 means over ten minutes.
CREATE TABLE load (
    server    TEXT    NOT NULL,
    at        BIGINT  NOT NULL,
    grade     INTEGER NOT NULL,
    span      BIGINT  NOT NULL,
    cpu_total REAL    NOT NULL,
    own_cpu   REAL    NOT NULL,
    load1     REAL    NOT NULL,
    memory    REAL    NOT NULL,
    disk      REAL    NOT NULL,
    running   REAL    NOT NULL,
    PRIMARY KEY (server, at)
) WITHOUT ROWID;
CREATE INDEX load_grade ON load (grade, at);

CREATE TABLE virtual_server (
    name       TEXT PRIMARY KEY,
    spec       TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE virtual_server_member (
    virtual_server TEXT    NOT NULL REFERENCES virtual_server (name) ON DELETE CASCADE,
    server         TEXT    NOT NULL REFERENCES server (name),
    position       INTEGER NOT NULL,
    PRIMARY KEY (virtual_server, server)
) WITHOUT ROWID;
CREATE INDEX virtual_server_member_server ON virtual_server_member (server);

CREATE TABLE task (
    name           TEXT PRIMARY KEY,
    spec           TEXT   NOT NULL,
    virtual_server TEXT REFERENCES virtual_server (name),
    server         TEXT REFERENCES server (name),
    version        BIGINT NOT NULL,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    CHECK ((virtual_server IS NULL) <> (server IS NULL))
);
CREATE INDEX task_virtual_server ON task (virtual_server) WHERE virtual_server IS NOT NULL;
CREATE INDEX task_server ON task (server) WHERE server IS NOT NULL;

-- A run names its task without a reference: the runs of a deleted task stay.
CREATE TABLE run (
    id               TEXT PRIMARY KEY,
    task             TEXT    NOT NULL,
    state            TEXT    NOT NULL CHECK (state = 'queued' OR state = 'starting' OR state = 'running' OR state = 'unknown' OR state = 'stopping' OR state = 'succeeded' OR state = 'failed' OR state = 'timed_out' OR state = 'cancelled' OR state = 'reset' OR state = 'lost'),
    prior            TEXT             CHECK (prior IN ('running', 'stopping')),
    prior_reason     TEXT,
    attempt          INTEGER NOT NULL,
    rank             INTEGER NOT NULL,
    cause_kind       TEXT    NOT NULL,
    cause_by         TEXT    NOT NULL,
    virtual_server   TEXT,
    target_server    TEXT,
    on_unavailable   TEXT    NOT NULL,
    labels           TEXT    NOT NULL,
    scheduled_for    BIGINT,
    queued_at        BIGINT  NOT NULL,
    started_at       BIGINT,
    ended_at         BIGINT,
    exit_code        INTEGER,
    reason           TEXT    NOT NULL,
    server           TEXT,
    progress_percent REAL,
    progress_message TEXT,
    request_key      TEXT,
    CHECK ((ended_at IS NOT NULL) = (state = 'succeeded' OR state = 'failed' OR state = 'timed_out' OR state = 'cancelled' OR state = 'reset' OR state = 'lost')),
    CHECK ((prior IS NOT NULL) = (state = 'unknown'))
) WITHOUT ROWID;
CREATE INDEX run_task ON run (task, id);
CREATE INDEX run_state ON run (state, id);
CREATE INDEX run_server ON run (server, id) WHERE server IS NOT NULL;
CREATE INDEX run_virtual_server ON run (virtual_server, id) WHERE virtual_server IS NOT NULL;
-- rank is the negated priority: so the order of the queue is ascending in both, and a page begins at (rank, id).
CREATE INDEX run_queue_group ON run (virtual_server, rank, id) WHERE state = 'queued' AND virtual_server IS NOT NULL;
CREATE INDEX run_queue_server ON run (target_server, rank, id) WHERE state = 'queued' AND target_server IS NOT NULL;
CREATE UNIQUE INDEX run_request_key ON run (request_key) WHERE request_key IS NOT NULL;

-- What was frozen when the run was requested. It is never updated.
CREATE TABLE run_spec (
    run    TEXT PRIMARY KEY REFERENCES run (id) ON DELETE CASCADE,
    spec   TEXT NOT NULL,
    params TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE attempt (
    run          TEXT    NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    number       INTEGER NOT NULL CHECK (number >= 1),
    server       TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state = 'offered' OR state = 'running' OR state = 'unknown' OR state = 'stopping' OR state = 'withdrawn' OR state = 'succeeded' OR state = 'failed' OR state = 'timed_out' OR state = 'cancelled' OR state = 'lost' OR state = 'unavailable'),
    reason       TEXT    NOT NULL,
    ground       TEXT    NOT NULL,
    resumed_from INTEGER,
    instance     TEXT    NOT NULL,
    offered_at   BIGINT  NOT NULL,
    claimed_at   BIGINT,
    ended_at     BIGINT,
    exit         TEXT,
    log_bytes    BIGINT  NOT NULL,
    delivered    BIGINT  NOT NULL,
    need_cpu     REAL    NOT NULL,
    need_memory  BIGINT  NOT NULL,
    need_slots   INTEGER NOT NULL,
    need_source  TEXT    NOT NULL,
    PRIMARY KEY (run, number),
    CHECK ((ended_at IS NOT NULL) = (state = 'withdrawn' OR state = 'succeeded' OR state = 'failed' OR state = 'timed_out' OR state = 'cancelled' OR state = 'lost' OR state = 'unavailable'))
) WITHOUT ROWID;
-- No run has two attempts that may act.
CREATE UNIQUE INDEX attempt_open ON attempt (run) WHERE ended_at IS NULL;
CREATE INDEX attempt_open_server ON attempt (server, run) WHERE ended_at IS NULL;

-- attempt 0 is the newest explanation of why the run could not be placed.
CREATE TABLE placement (
    run       TEXT    NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    attempt   INTEGER NOT NULL,
    placement TEXT    NOT NULL,
    PRIMARY KEY (run, attempt)
) WITHOUT ROWID;

-- One row is what one delivery brought: bytes from position start on, and the index of the pieces that they are made of.
CREATE TABLE output (
    run     TEXT    NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    start   BIGINT  NOT NULL,
    pieces  BLOB    NOT NULL,
    data    BLOB    NOT NULL,
    PRIMARY KEY (run, attempt, start)
);

CREATE TABLE output_value (
    run     TEXT    NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    name    TEXT    NOT NULL,
    value   TEXT    NOT NULL,
    attempt INTEGER NOT NULL,
    PRIMARY KEY (run, name)
);

CREATE TABLE usage (
    task     TEXT PRIMARY KEY,
    cpu      REAL   NOT NULL,
    memory   BIGINT NOT NULL,
    runs     BIGINT NOT NULL,
    saved_at BIGINT NOT NULL
) WITHOUT ROWID;

-- Only the oldest events are ever removed, so an id is never given twice without AUTOINCREMENT.
CREATE TABLE event (
    id         INTEGER PRIMARY KEY,
    at         BIGINT  NOT NULL,
    kind       TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    task       TEXT,
    attempt    INTEGER NOT NULL,
    from_state TEXT    NOT NULL,
    to_state   TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    data       TEXT
);
CREATE INDEX event_subject ON event (subject, id);
CREATE INDEX event_task ON event (task, id) WHERE task IS NOT NULL;

CREATE TABLE answer (
    request_key TEXT PRIMARY KEY,
    fingerprint TEXT    NOT NULL,
    status      INTEGER NOT NULL,
    body        TEXT,
    etag        TEXT    NOT NULL,
    saved_at    BIGINT  NOT NULL
);
CREATE INDEX answer_saved_at ON answer (saved_at);

-- Ping writes here and takes it back.
CREATE TABLE probe (
    data BLOB NOT NULL
);
