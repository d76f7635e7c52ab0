-- What triggers that wait for events need: which tasks follow which, the secrets of webhooks, and what agents say of the
-- folders that they watch.

-- +goose Up

-- A trigger that waits for the end of a task. It is part of the trigger's spec, and stands here to be found by that task.
CREATE TABLE trigger_after (
    owner_kind   TEXT NOT NULL,
    owner        TEXT NOT NULL,
    trigger_name TEXT NOT NULL,
    after_task   TEXT NOT NULL,
    PRIMARY KEY (owner_kind, owner, trigger_name),
    FOREIGN KEY (owner_kind, owner, trigger_name) REFERENCES trigger (owner_kind, owner, name) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX trigger_after_task ON trigger_after (after_task);

-- address is the hash of a webhook's address, NULL before it was made; signing_key is empty where there is none. refused
-- counts requests with a wrong signature.
CREATE TABLE trigger_webhook (
    owner_kind   TEXT   NOT NULL,
    owner        TEXT   NOT NULL,
    trigger_name TEXT   NOT NULL,
    address      TEXT UNIQUE,
    made_at      BIGINT,
    signing_key  TEXT   NOT NULL,
    refused      BIGINT NOT NULL,
    refused_at   BIGINT,
    PRIMARY KEY (owner_kind, owner, trigger_name),
    FOREIGN KEY (owner_kind, owner, trigger_name) REFERENCES trigger (owner_kind, owner, name) ON DELETE CASCADE
) WITHOUT ROWID;

-- What the agent of a server last said of the folder of a file trigger.
CREATE TABLE trigger_watch (
    owner_kind   TEXT   NOT NULL,
    owner        TEXT   NOT NULL,
    trigger_name TEXT   NOT NULL,
    server       TEXT   NOT NULL REFERENCES server (name) ON DELETE CASCADE,
    files        BIGINT NOT NULL,
    pending      BIGINT NOT NULL,
    problem      TEXT   NOT NULL,
    told_at      BIGINT NOT NULL,
    PRIMARY KEY (owner_kind, owner, trigger_name, server),
    FOREIGN KEY (owner_kind, owner, trigger_name) REFERENCES trigger (owner_kind, owner, name) ON DELETE CASCADE
) WITHOUT ROWID;
