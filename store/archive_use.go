package store

import (
	"fmt"

	"github.com/segno-jobs/segno/archive"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// nameArchive refuses a task that names an archive, or a version of one, that does not exist or that nothing starts, and
// notes which one the task names: it cannot be deleted from then on. old is the archive that the task named before, or nil.
// A task without archives costs nothing here.
func nameArchive(t *tx, taskName string, old, named *task.Archive) error {
	if old == nil && named == nil {
		return nil
	}
	if old != nil {
		if _, err := t.exec(`DELETE FROM task_archive WHERE task = ?`, taskName); err != nil {
			return err
		}
	}
	if named == nil {
		return nil
	}
	if _, err := findArchive(t, *named); err != nil {
		return err
	}
	var version any
	if !named.Latest() {
		version = named.Version
	}
	_, err := t.exec(`INSERT INTO task_archive (task, archive, version) VALUES (?, ?, ?)`, taskName, named.Name, version)
	return err
}

// findArchive returns the version that a job would run now, or a field error. On PostgreSQL it cannot be deleted before the
// transaction ends.
func findArchive(t *tx, named task.Archive) (archive.Version, error) {
	version := named.Version
	if named.Latest() {
		version = task.LatestVersion
	}
	v, err := readArchiveVersion(t, named.Name, version, t.session.dialect.shared())
	if isMissing(err) {
		var name string
		if err := t.scan(`SELECT name FROM archive WHERE name = ?`, []any{named.Name}, &name); err == nil {
			return v, fault.Field("job.archive.version", "archive %q has no version %s", named.Name, version)
		} else if !isNone(err) {
			return v, err
		}
		return v, fault.Field("job.archive.name", "there is no archive %q", named.Name)
	}
	if err != nil {
		return v, err
	}
	if !v.Manifest.Starts() && len(named.Command) == 0 {
		return v, fault.Field("job.archive.command", "must be given: version %s of archive %q does not say what starts it", v.Version, named.Name)
	}
	if named.Context != "" && v.Manifest.Layout != archive.Talend {
		return v, fault.Field("job.archive.context", "must be left out: version %s of archive %q is not in Talend's layout", v.Version, named.Name)
	}
	return v, nil
}

// settleArchive settles for a run that is made the version of the archive that it runs, with its content: further attempts
// have the same. Where there is none any more the error is a *task.Refusal. A run without an archive costs nothing here.
func (n *newRun) settleArchive(t *tx) error {
	if n.archive == nil {
		return nil
	}
	v, err := findArchive(t, *n.archive)
	if fields := fault.Fields(err); len(fields) > 0 {
		return &task.Refusal{Task: n.run.Task, Reason: fmt.Sprintf("its archive cannot be run: %s %s", fields[0].Field, fields[0].Reason)}
	}
	if err != nil {
		return err
	}
	settled := *n.archive
	settled.Version, settled.Package = v.Version, &task.Package{SHA256: v.SHA256, Size: v.Size}
	n.run.Spec.Job.Archive = &settled
	n.spec, err = encode(n.run.Spec, "spec of run", string(n.run.ID))
	return err
}

// noteArchive notes which version the run uses that was just written.
func (n *newRun) noteArchive(t *tx) error {
	if n.archive == nil {
		return nil
	}
	a := n.run.Spec.Job.Archive
	_, err := t.exec(`INSERT INTO run_archive (run, archive, version) VALUES (?, ?, ?)`, string(n.run.ID), a.Name, a.Version)
	return err
}
