-- A follower is a part of the conductor that acts on events that were committed. Its position is the id of the last event
-- that it has dealt with; what it does about an event and the position's change are one transaction.

-- +goose Up

CREATE TABLE follower (
    name     TEXT PRIMARY KEY,
    position BIGINT NOT NULL
) WITHOUT ROWID;
