-- What the console counts is found through indexes: runs that are late, and triggers that are paused.

-- +goose Up

-- late is 1 once it was told that a run had not started or ended by when it was expected to.
ALTER TABLE run ADD COLUMN late INTEGER NOT NULL DEFAULT 0 CHECK (late IN (0, 1));
CREATE INDEX run_late ON run (id, state) WHERE late = 1 AND ended_at IS NULL;
CREATE INDEX trigger_paused ON trigger (owner_kind, owner, name) WHERE json_extract(spec, '$.paused') = 1;
