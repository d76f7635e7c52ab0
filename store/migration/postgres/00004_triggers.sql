-- What starts by itself: triggers with the time at which each is due, calendars, and what became of each due instant.

-- +goose Up

-- A calendar's days and hours are JSON.
CREATE TABLE calendar (
    name       TEXT PRIMARY KEY,
    spec       TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- A trigger starts a task or a plan, its owner. next is the scheduled time of its next occurrence, due when that is acted
-- on; both are NULL while it is paused, waits for events or has no further occurrence. calendar is part of the spec, and
-- stands here for its reference. paused_by and paused_at tell who paused it; the pause itself is part of the spec.
CREATE TABLE trigger (
    owner_kind   TEXT   NOT NULL CHECK (owner_kind IN ('task', 'plan')),
    owner        TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    kind         TEXT   NOT NULL CHECK (kind IN ('cron', 'every', 'at', 'file', 'after', 'webhook')),
    spec         TEXT   NOT NULL,
    calendar     TEXT REFERENCES calendar (name),
    next         BIGINT,
    due          BIGINT,
    pause_reason TEXT   NOT NULL,
    paused_by    TEXT   NOT NULL,
    paused_at    BIGINT,
    version      BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    PRIMARY KEY (owner_kind, owner, name),
    CHECK ((next IS NULL) = (due IS NULL))
);
CREATE INDEX trigger_due ON trigger (due) WHERE due IS NOT NULL;
CREATE INDEX trigger_calendar ON trigger (calendar) WHERE calendar IS NOT NULL;
CREATE INDEX trigger_kind ON trigger (kind);

-- A pause of all triggers of an owner or, where owner_kind and owner are empty, of all there are.
CREATE TABLE trigger_pause (
    owner_kind TEXT   NOT NULL CHECK (owner_kind IN ('', 'task', 'plan')),
    owner      TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    paused_by  TEXT   NOT NULL,
    paused_at  BIGINT NOT NULL,
    PRIMARY KEY (owner_kind, owner)
);

-- A row is a due instant with its run, or with the reason that there is none. It names its trigger and its run without a
-- reference: it stays when they go. event tells events apart and is empty for times.
CREATE TABLE occurrence (
    owner_kind    TEXT   NOT NULL,
    owner         TEXT   NOT NULL,
    trigger_name  TEXT   NOT NULL,
    scheduled_for BIGINT NOT NULL,
    event         TEXT   NOT NULL,
    run           TEXT,
    reason        TEXT   NOT NULL,
    decided_at    BIGINT NOT NULL,
    PRIMARY KEY (owner_kind, owner, trigger_name, scheduled_for, event),
    CHECK ((run IS NULL) = (reason <> ''))
);
CREATE INDEX occurrence_owner ON occurrence (owner_kind, owner, scheduled_for, trigger_name, event);
CREATE INDEX occurrence_time ON occurrence (scheduled_for);
-- An event has one row, whenever it is said to have happened.
CREATE UNIQUE INDEX occurrence_event ON occurrence (owner_kind, owner, trigger_name, event) WHERE event <> '';
