-- How often a server is heard from, which a conductor that starts must know before it calls one silent.

-- +goose Up

-- heartbeat is the longest period in microseconds that the server's agent may keep, 0 where that is not known.
ALTER TABLE server ADD COLUMN heartbeat BIGINT NOT NULL DEFAULT 0 CHECK (heartbeat >= 0);
