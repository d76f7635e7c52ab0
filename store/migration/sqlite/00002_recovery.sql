-- What a run needs to go on after its server went away: how an attempt's lease was settled, what is wanted of a run whose
-- attempt is still to end, what its next attempt begins with, and checkpoints with their content.

-- +goose Up

-- held is in microseconds, 0 without a hold. quarantine says why no run is placed there, and is empty otherwise.
ALTER TABLE server ADD COLUMN held BIGINT NOT NULL DEFAULT 0;
ALTER TABLE server ADD COLUMN quarantine TEXT NOT NULL DEFAULT '';

-- next is a continuation as JSON. It counts while the run is queued, and stays until another one comes into its place, so
-- that an offer that is withdrawn costs the run nothing. pending_checkpoint is what the intent recover is to begin from,
-- 0 for the last one there is.
ALTER TABLE run ADD COLUMN pending TEXT NOT NULL DEFAULT '' CHECK (pending = '' OR pending = 'reset' OR pending = 'restart' OR pending = 'recover');
ALTER TABLE run ADD COLUMN pending_checkpoint INTEGER NOT NULL DEFAULT 0;
ALTER TABLE run ADD COLUMN next TEXT;
ALTER TABLE run ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;

-- A policy was a word, and is JSON from here on: a word in quotes, or a ladder.
UPDATE run SET on_unavailable = '"' || on_unavailable || '"' WHERE on_unavailable <> '';

-- unavailable_after and lease are in microseconds. ended_on is the ground on which an attempt without an exit record was
-- ended. checkpoints counts those that the attempt has made.
ALTER TABLE attempt ADD COLUMN unavailable_after BIGINT NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN lease BIGINT NOT NULL DEFAULT 0;
ALTER TABLE attempt ADD COLUMN ended_on TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN checkpoints INTEGER NOT NULL DEFAULT 0;

-- A row is a checkpoint that can be seen: all of its content is durable.
CREATE TABLE checkpoint (
    run          TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    sequence     INTEGER NOT NULL CHECK (sequence >= 1),
    attempt      INTEGER NOT NULL,
    name         TEXT NOT NULL,
    label        TEXT NOT NULL,
    instructions TEXT NOT NULL,
    step         INTEGER NOT NULL,
    size         BIGINT NOT NULL,
    sha256       TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (run, sequence)
);

-- A row is content of a checkpoint that is on its way or, once whole is 1, complete, durable and of that hash. name is its
-- key in the content store; its bytes are a file in the folder beside the database.
CREATE TABLE content (
    name     TEXT PRIMARY KEY,
    run      TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    attempt  INTEGER NOT NULL,
    size     BIGINT NOT NULL,
    sha256   TEXT NOT NULL,
    whole    INTEGER NOT NULL CHECK (whole IN (0, 1))
);
CREATE INDEX content_run ON content (run);
