-- Retention: settings that hold for everything, and what is kept of runs that have ended.

-- +goose Up

-- A value is JSON. A setting that has no row has its default.
CREATE TABLE setting (
    name       TEXT COLLATE "C" PRIMARY KEY,
    value      TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- pinned is 1 for a run that is kept whatever the rules say; log_pruned is 1 where a mark stands in the place of its output.
ALTER TABLE run ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1));
ALTER TABLE run ADD COLUMN log_pruned INTEGER NOT NULL DEFAULT 0 CHECK (log_pruned IN (0, 1));
CREATE INDEX run_pinned ON run (id) WHERE pinned = 1;
