-- What attempts used while they ran: dense in their first minutes, sparse after that, and gone with their run.

-- +goose Up

CREATE TABLE run_load (
    run       TEXT    NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    attempt   INTEGER NOT NULL,
    at        BIGINT  NOT NULL,
    length    BIGINT  NOT NULL,
    cpu       DOUBLE PRECISION NOT NULL,
    memory    BIGINT  NOT NULL,
    processes INTEGER NOT NULL,
    PRIMARY KEY (run, attempt, at)
);
