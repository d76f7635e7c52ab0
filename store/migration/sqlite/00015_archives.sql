-- Archives: packages of jobs in versions whose content never changes, the tasks that name them, and the runs that were
-- requested with one.

-- +goose Up

-- numbered is the number that was given last.
CREATE TABLE archive (
    name     TEXT PRIMARY KEY,
    numbered BIGINT NOT NULL
);

-- A row is content that is on its way or, once whole is 1, that of a version: complete, durable and of that hash. name is its
-- key in the content store; its bytes are a file in the folder beside the database.
CREATE TABLE archive_content (
    name     TEXT PRIMARY KEY,
    size     BIGINT NOT NULL,
    sha256   TEXT   NOT NULL,
    whole    INTEGER NOT NULL CHECK (whole IN (0, 1)),
    begun_at BIGINT NOT NULL
);

-- number counts the versions of an archive in the order of their upload. manifest is JSON.
CREATE TABLE archive_version (
    archive     TEXT NOT NULL REFERENCES archive (name),
    version     TEXT NOT NULL,
    number      BIGINT NOT NULL,
    content     TEXT NOT NULL UNIQUE REFERENCES archive_content (name),
    size        BIGINT NOT NULL,
    sha256      TEXT   NOT NULL,
    manifest    TEXT   NOT NULL,
    uploaded_at BIGINT NOT NULL,
    uploaded_by TEXT   NOT NULL,
    PRIMARY KEY (archive, version),
    UNIQUE (archive, number)
);

-- The archive that a task names, which stands in its spec, too. version is NULL for the latest.
CREATE TABLE task_archive (
    task    TEXT PRIMARY KEY REFERENCES task (name) ON DELETE CASCADE,
    archive TEXT NOT NULL REFERENCES archive (name),
    version TEXT,
    FOREIGN KEY (archive, version) REFERENCES archive_version (archive, version)
);
CREATE INDEX task_archive_archive ON task_archive (archive, version, task);

-- The version that a run was requested with, which stands in its spec, too. Rows of runs that have ended go with the version.
CREATE TABLE run_archive (
    run     TEXT PRIMARY KEY REFERENCES run (id) ON DELETE CASCADE,
    archive TEXT NOT NULL,
    version TEXT NOT NULL,
    FOREIGN KEY (archive, version) REFERENCES archive_version (archive, version)
);
CREATE INDEX run_archive_archive ON run_archive (archive, version, run);
