-- Channels, rules, and the outbox of what channels are to be told. An outbox row is written in the transaction in which the
-- follower of the events moves on past its event.

-- +goose Up

-- Secrets stand apart from the spec, which is shown.
CREATE TABLE notification_channel (
    name       TEXT PRIMARY KEY,
    spec       TEXT    NOT NULL,
    secrets    TEXT    NOT NULL,
    paused     INTEGER NOT NULL CHECK (paused IN (0, 1)),
    version    BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL
);

CREATE TABLE notification_rule (
    name       TEXT PRIMARY KEY,
    spec       TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE notification_rule_channel (
    rule    TEXT NOT NULL REFERENCES notification_rule (name) ON DELETE CASCADE,
    channel TEXT NOT NULL REFERENCES notification_channel (name),
    PRIMARY KEY (rule, channel)
) WITHOUT ROWID;
CREATE INDEX notification_rule_channel_channel ON notification_rule_channel (channel);

-- sequence is the order in which a channel is told; an event is told to a channel once.
CREATE TABLE notification_delivery (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT    NOT NULL UNIQUE,
    channel    TEXT    NOT NULL REFERENCES notification_channel (name) ON DELETE CASCADE,
    event      BIGINT  NOT NULL,
    kind       TEXT    NOT NULL,
    notice     TEXT    NOT NULL,
    state      TEXT    NOT NULL CHECK (state IN ('waiting', 'delivered', 'dead')),
    tries      INTEGER NOT NULL,
    next_at    BIGINT  NOT NULL,
    since      BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL,
    ended_at   BIGINT,
    last_error TEXT    NOT NULL,
    UNIQUE (channel, event),
    CHECK ((ended_at IS NULL) = (state = 'waiting'))
);
CREATE INDEX notification_delivery_waiting ON notification_delivery (channel, sequence) WHERE state = 'waiting';
CREATE INDEX notification_delivery_dead ON notification_delivery (sequence) WHERE state = 'dead';
CREATE INDEX notification_delivery_ended ON notification_delivery (ended_at) WHERE ended_at IS NOT NULL;

-- By when a run is expected to have started or finished. A row goes once it was looked at when it was due.
CREATE TABLE run_expectation (
    run      TEXT   NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    expected TEXT   NOT NULL CHECK (expected IN ('start', 'finish')),
    due_at   BIGINT NOT NULL,
    PRIMARY KEY (run, expected)
) WITHOUT ROWID;
CREATE INDEX run_expectation_due_at ON run_expectation (due_at);
