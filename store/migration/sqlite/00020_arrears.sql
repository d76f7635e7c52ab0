-- Occurrences that were missed in a long absence, whose rows are written little by little; and how long a plan run may wait.

-- +goose Up

-- The occurrences of a trigger from next on that are before until are owed a row each. spec and calendar are those of the
-- trigger as they were when it was decided about them; created_at is when it was created. Those before kept_from, which is 0
-- where all are kept, share one row: old counts them, written the rows that there are.
CREATE TABLE arrears (
    owner_kind   TEXT   NOT NULL CHECK (owner_kind IN ('task', 'plan')),
    owner        TEXT   NOT NULL,
    trigger_name TEXT   NOT NULL,
    until        BIGINT NOT NULL,
    first        BIGINT NOT NULL,
    next         BIGINT NOT NULL,
    spec         TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    calendar     TEXT,
    decided_at   BIGINT NOT NULL,
    reason       TEXT   NOT NULL,
    kept_from    BIGINT NOT NULL,
    old          BIGINT NOT NULL,
    written      BIGINT NOT NULL,
    PRIMARY KEY (owner_kind, owner, trigger_name, until),
    CHECK (next < until)
) WITHOUT ROWID;

-- expires_at is when a plan run that waits has waited for as long as its plan allows.
ALTER TABLE plan_run ADD COLUMN expires_at BIGINT;
CREATE INDEX plan_run_expires ON plan_run (expires_at, id) WHERE waits = 1 AND expires_at IS NOT NULL;
