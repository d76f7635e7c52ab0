-- As which users of its host a server runs jobs that ask for one, as its agent last said.

-- +goose Up

ALTER TABLE server ADD COLUMN run_as TEXT NOT NULL DEFAULT '{}';
