-- What operators did, or tried to do, and when.

-- +goose Up

CREATE TABLE audit (
    id      INTEGER PRIMARY KEY,
    at      BIGINT NOT NULL,
    author  TEXT   NOT NULL,
    address TEXT   NOT NULL,
    act     TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    reason  TEXT   NOT NULL,
    request TEXT   NOT NULL,
    outcome TEXT   NOT NULL
);
CREATE INDEX audit_subject ON audit (subject, id);
