package store

import (
	"context"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// ArchiveNeeds returns what a version of an archive is needed for, without the job servers, and its hash; or fault.NotFound.
// task.LatestVersion stands for the version that was uploaded last.
func (db *DB) ArchiveNeeds(ctx context.Context, name, version string) (needs archive.Needs, sha256 string, err error) {
	err = db.snapshot(ctx, func(v view) error {
		row, err := readArchiveRow(v, name, version, "")
		if err != nil {
			return err
		}
		sha256 = row.SHA256
		needs, err = readArchiveNeeds(v, row)
		return err
	})
	if err != nil {
		return archive.Needs{}, "", fmt.Errorf("read what needs version %s of archive %q: %w", version, name, err)
	}
	return needs, sha256, nil
}

func readArchiveNeeds(r reader, row archiveRow) (needs archive.Needs, err error) {
	// A task without a version needs the last one that there is.
	const tasks = `
		SELECT t.task FROM task_archive t WHERE t.archive = ? AND (t.version = ? OR t.version IS NULL
			AND NOT EXISTS (SELECT 1 FROM archive_version o WHERE o.archive = t.archive AND o.number <> ?)) ORDER BY t.task`
	var named []struct{ Task string }
	if err := r.all(&named, tasks, row.Archive, row.Version, row.Number); err != nil {
		return needs, err
	}
	for _, n := range named {
		needs.Tasks = append(needs.Tasks, n.Task)
	}
	if needs.Open, err = readArchiveRuns(r, row, `r.ended_at IS NULL`); err != nil {
		return needs, err
	}
	needs.Recoverable, err = readArchiveRuns(r, row, `r.ended_at IS NOT NULL AND r.state IN (?, ?, ?)`, recoverableStates()...)
	return needs, err
}

// recoverableStates are those in which runs wait for somebody to take them up again: see [DB.RecoverableRuns].
func recoverableStates() []any {
	return []any{string(task.Failed), string(task.TimedOut), string(task.Lost)}
}

// readArchiveRuns returns the runs of a version that fulfil a condition.
func readArchiveRuns(r reader, row archiveRow, condition string, args ...any) (runs archive.Runs, err error) {
	of := ` FROM run_archive a JOIN run r ON r.id = a.run WHERE a.archive = ? AND a.version = ? AND ` + condition
	args = append([]any{row.Archive, row.Version}, args...)
	if err := r.get(&runs.Count, `SELECT count(*)`+of, args...); err != nil || runs.Count == 0 {
		return runs, err
	}
	newest := `SELECT r.id` + of + fmt.Sprintf(` ORDER BY r.id DESC LIMIT %d`, archive.MaxNewest)
	var ids []struct{ ID task.RunID }
	if err := r.all(&ids, newest, args...); err != nil {
		return runs, err
	}
	for _, id := range ids {
		runs.Newest = append(runs.Newest, id.ID)
	}
	return runs, nil
}

// DeleteArchiveVersion removes a version with its content, and the archive with its last one. Conflict while a task names it
// or a run that has not ended was requested with it; also, without force, while a run that failed, timed out or was lost could
// be taken up again only with it.
func (db *DB) DeleteArchiveVersion(ctx context.Context, name, version string, force bool, now time.Time) error {
	var content string
	err := db.update(ctx, func(t *tx) error {
		var numbered int64
		// Whoever names the archive or adds to it meanwhile waits, or is waited for.
		if err := t.scan(`SELECT numbered FROM archive WHERE name = ?`+t.session.dialect.locked(), []any{name}, &numbered); isNone(err) {
			return notFound("archive", name)
		} else if err != nil {
			return err
		}
		row, err := readArchiveRow(t, name, version, "")
		if err != nil {
			return err
		}
		content, version = row.Content, row.Version
		if err := archiveUnused(t, row, force); err != nil {
			return err
		}
		return deleteArchiveVersion(t, row, now)
	})
	if err != nil {
		return fmt.Errorf("delete version %s of archive %q: %w", version, name, err)
	}
	if err := db.packages.remove([]string{content}); err != nil {
		db.logger.Warn("could not remove the content of an archive", "archive", name, "error", err)
	}
	return nil
}

// archiveUnused returns fault.Conflict while something needs the version. With force the runs that have ended do not count.
func archiveUnused(t *tx, row archiveRow, force bool) error {
	needs, err := readArchiveNeeds(t, row)
	if err != nil {
		return err
	}
	switch {
	case len(needs.Tasks) > 0:
		return fmt.Errorf("task %q%s needs it: %w", needs.Tasks[0], andMore(int64(len(needs.Tasks)), "task"), fault.Conflict)
	case needs.Open.Count > 0:
		return fmt.Errorf("run %s%s has not ended and uses it: %w", needs.Open.Newest[0], andMore(needs.Open.Count, "run"), fault.Conflict)
	case needs.Recoverable.Count > 0 && !force:
		return fmt.Errorf("run %s%s could be taken up again only with it; it is deleted all the same by force: %w",
			needs.Recoverable.Newest[0], andMore(needs.Recoverable.Count, "run"), fault.Conflict)
	}
	return nil
}

// andMore says how many there are besides one, such as " and 2 more runs".
func andMore(count int64, word string) string {
	switch count {
	case 1:
		return ""
	case 2:
		return " and 1 more " + word
	}
	return fmt.Sprintf(" and %d more %ss", count-1, word)
}

func deleteArchiveVersion(t *tx, row archiveRow, now time.Time) error {
	for _, do := range []struct {
		statement string
		args      []any
	}{
		{`DELETE FROM run_archive WHERE archive = ? AND version = ?`, []any{row.Archive, row.Version}},
		{`DELETE FROM archive_version WHERE archive = ? AND version = ?`, []any{row.Archive, row.Version}},
		{`DELETE FROM archive_content WHERE name = ?`, []any{row.Content}},
		{`DELETE FROM archive WHERE name = ? AND NOT EXISTS (SELECT 1 FROM archive_version v WHERE v.archive = archive.name)`, []any{row.Archive}},
	} {
		if _, err := t.exec(do.statement, do.args...); err != nil {
			return err
		}
	}
	return t.recordThing(now, "archive.deleted", row.Archive, "version "+row.Version)
}
