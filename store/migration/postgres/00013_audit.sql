-- What operators did, or tried to do, and when.

-- +goose Up

CREATE TABLE audit (
    id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      BIGINT           NOT NULL,
    author  TEXT COLLATE "C" NOT NULL,
    address TEXT             NOT NULL,
    act     TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    reason  TEXT             NOT NULL,
    request TEXT             NOT NULL,
    outcome TEXT             NOT NULL
);
CREATE INDEX audit_subject ON audit (subject, id);
