package store

import (
	"context"
	"fmt"
	"io"

	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

const archiveColumns = `archive, version, number, content, size, sha256, manifest, uploaded_at, uploaded_by`

type archiveRow struct {
	Archive    string
	Version    string
	Number     int64
	Content    string
	Size       int64
	SHA256     string
	Manifest   string
	UploadedAt int64  `db:"uploaded_at"`
	UploadedBy string `db:"uploaded_by"`
}

func (row archiveRow) archive() (archive.Version, error) {
	v := archive.Version{
		Archive: row.Archive, Version: row.Version, Number: row.Number, Size: row.Size, SHA256: row.SHA256,
		UploadedAt: instant(row.UploadedAt), UploadedBy: row.UploadedBy,
	}
	return v, decode(row.Manifest, &v.Manifest, "manifest of archive", row.Archive)
}

// readArchiveRow returns a version, of which task.LatestVersion is the one that was uploaded last, or fault.NotFound.
func readArchiveRow(r reader, name, version, lock string) (row archiveRow, err error) {
	query, args := `SELECT `+archiveColumns+` FROM archive_version WHERE archive = ?`, []any{name}
	if version == task.LatestVersion {
		query += ` ORDER BY number DESC LIMIT 1`
	} else {
		query, args = query+` AND version = ?`, append(args, version)
	}
	if err = r.get(&row, query+lock, args...); isNone(err) {
		return row, notFound("version of the archive", name+"/"+version)
	}
	return row, err
}

func readArchiveVersion(r reader, name, version, lock string) (archive.Version, error) {
	row, err := readArchiveRow(r, name, version, lock)
	if err != nil {
		return archive.Version{}, err
	}
	return row.archive()
}

// ArchiveVersion returns a version of an archive, or fault.NotFound. task.LatestVersion stands for the one that was uploaded
// last.
func (db *DB) ArchiveVersion(ctx context.Context, name, version string) (archive.Version, error) {
	v, err := readArchiveVersion(db.view(ctx), name, version, "")
	if err != nil {
		return archive.Version{}, fmt.Errorf("read archive: %w", err)
	}
	return v, nil
}

// Archive returns an archive with its versions, or fault.NotFound.
func (db *DB) Archive(ctx context.Context, name string) (a archive.Archive, err error) {
	err = db.snapshot(ctx, func(v view) error {
		a, err = readArchive(v, name)
		return err
	})
	if err != nil {
		return archive.Archive{}, fmt.Errorf("read archive: %w", err)
	}
	return a, nil
}

func readArchive(v view, name string) (a archive.Archive, err error) {
	var rows []archiveRow
	query := `SELECT ` + archiveColumns + ` FROM archive_version WHERE archive = ? ORDER BY number DESC`
	if err := v.all(&rows, query, name); err != nil {
		return a, err
	}
	if len(rows) == 0 {
		return a, notFound("archive", name)
	}
	a = archive.Archive{Name: name, Versions: make([]archive.Version, len(rows))}
	for i, row := range rows {
		if a.Versions[i], err = row.archive(); err != nil {
			return a, err
		}
	}
	tasks, err := readArchiveTasks(v, []string{name})
	a.Uses = tasks[name]
	a.Tasks = taskNames(a.Uses)
	return a, err
}

func taskNames(uses []archive.TaskUse) []string {
	var names []string
	for _, use := range uses {
		names = append(names, use.Task)
	}
	return names
}

// Archives returns the archives whose names contain the query, by name, each with its newest version.
func (db *DB) Archives(ctx context.Context, query string, p page.Request) (page.Of[archive.Summary], error) {
	last, err := after("archives", p.Cursor)
	if err != nil {
		return page.Of[archive.Summary]{}, err
	}
	var c conditions
	if last != "" {
		c.add("a.name > ?", last)
	}
	if query != "" {
		c.contains("a.name", query)
	}
	var all []archive.Summary
	err = db.snapshot(ctx, func(v view) error {
		all, err = readArchives(v, c, p.Size()+1)
		return err
	})
	if err != nil {
		return page.Of[archive.Summary]{}, fmt.Errorf("list archives: %w", err)
	}
	return paged(all, p, "archives", func(a archive.Summary) string { return a.Name }), nil
}

func readArchives(v view, c conditions, limit int) ([]archive.Summary, error) {
	var rows []struct {
		archiveRow
		Versions int
	}
	list := `
		SELECT v.archive, v.version, v.number, v.content, v.size, v.sha256, v.manifest, v.uploaded_at, v.uploaded_by,
			(SELECT count(*) FROM archive_version o WHERE o.archive = a.name) AS versions
		FROM archive a JOIN archive_version v ON v.archive = a.name
			AND v.number = (SELECT max(m.number) FROM archive_version m WHERE m.archive = a.name)` +
		c.where() + fmt.Sprintf(` ORDER BY a.name LIMIT %d`, limit)
	if err := v.all(&rows, list, c.args...); err != nil {
		return nil, err
	}
	all := make([]archive.Summary, len(rows))
	names := make([]string, len(rows))
	for i, row := range rows {
		latest, err := row.archive()
		if err != nil {
			return nil, err
		}
		all[i] = archive.Summary{Name: row.Archive, Versions: row.Versions, Latest: latest}
		names[i] = row.Archive
	}
	tasks, err := readArchiveTasks(v, names)
	for i := range all {
		all[i].Tasks = taskNames(tasks[all[i].Name])
	}
	return all, err
}

// readArchiveTasks returns the tasks that name archives, in their order, by archive.
func readArchiveTasks(r reader, names []string) (map[string][]archive.TaskUse, error) {
	tasks := map[string][]archive.TaskUse{}
	if len(names) == 0 {
		return tasks, nil
	}
	var c conditions
	in(&c, "archive", names)
	var rows []struct{ Archive, Task, Version string }
	list := `SELECT archive, task, COALESCE(version, '` + task.LatestVersion + `') AS version FROM task_archive` + c.where() + ` ORDER BY archive, task`
	if err := r.all(&rows, list, c.args...); err != nil {
		return nil, err
	}
	for _, row := range rows {
		tasks[row.Archive] = append(tasks[row.Archive], archive.TaskUse{Task: row.Task, Version: row.Version})
	}
	return tasks, nil
}

// ArchiveContent opens the file of a version, as it was uploaded. The caller closes it; ctx holds until then.
func (db *DB) ArchiveContent(ctx context.Context, name, version string) (io.ReadSeekCloser, archive.Version, error) {
	row, err := readArchiveRow(db.view(ctx), name, version, "")
	if err != nil {
		return nil, archive.Version{}, fmt.Errorf("read archive: %w", err)
	}
	v, err := row.archive()
	if err != nil {
		return nil, archive.Version{}, fmt.Errorf("read archive: %w", err)
	}
	content, err := db.packages.open(ctx, row.Content, row.Size)
	if err != nil {
		return nil, archive.Version{}, fmt.Errorf("read version %s of archive %q: %w", v.Version, name, err)
	}
	return content, v, nil
}
