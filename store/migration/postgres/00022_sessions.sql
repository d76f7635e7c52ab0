-- Browsers that have signed in. Who knows a key cannot become one of them: it is the hash of an id.

-- +goose Up

CREATE TABLE session (
    hash       TEXT   PRIMARY KEY,
    author     TEXT   NOT NULL,
    credential TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL
);
