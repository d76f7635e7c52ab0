package store

import (
	"context"
	"fmt"
	"io"
	"strconv"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

const checkpointColumns = `run, sequence, attempt, name, label, instructions, step, size, sha256, created_at`

type checkpointRow struct {
	Run          string
	Sequence     int
	Attempt      int
	Name         string
	Label        string
	Instructions string
	Step         int
	Size         int64
	SHA256       string
	CreatedAt    int64 `db:"created_at"`
}

func (row checkpointRow) checkpoint() task.Checkpoint {
	return task.Checkpoint{
		Run: task.RunID(row.Run), Sequence: row.Sequence, Attempt: row.Attempt, Name: row.Name, Label: row.Label,
		Instructions: row.Instructions, Step: row.Step, Size: row.Size, SHA256: row.SHA256, CreatedAt: instant(row.CreatedAt),
	}
}

// sequenceOrNil is the stored form of the sequence of a checkpoint, of which 0 is none.
func sequenceOrNil(sequence int) any {
	if sequence == 0 {
		return nil
	}
	return sequence
}

// Checkpoints returns the visible checkpoints of a run, oldest first, or fault.NotFound for a run that does not exist.
func (db *DB) Checkpoints(ctx context.Context, id task.RunID) (all []task.Checkpoint, err error) {
	err = db.snapshot(ctx, func(v view) error {
		var known string
		if err := v.get(&known, `SELECT id FROM run WHERE id = ?`, string(id)); isNone(err) {
			return notFound("run", string(id))
		} else if err != nil {
			return err
		}
		all, err = readCheckpoints(v, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list checkpoints: %w", err)
	}
	return all, nil
}

func readCheckpoints(r reader, id task.RunID) ([]task.Checkpoint, error) {
	var rows []checkpointRow
	const query = `SELECT ` + checkpointColumns + ` FROM checkpoint WHERE run = ? ORDER BY sequence`
	if err := r.all(&rows, query, string(id)); err != nil {
		return nil, err
	}
	all := make([]task.Checkpoint, len(rows))
	for i, row := range rows {
		all[i] = row.checkpoint()
	}
	return all, nil
}

// readCheckpoint returns one visible checkpoint of a run, or fault.NotFound.
func readCheckpoint(r reader, id task.RunID, sequence int) (task.Checkpoint, error) {
	var row checkpointRow
	const query = `SELECT ` + checkpointColumns + ` FROM checkpoint WHERE run = ? AND sequence = ?`
	err := r.get(&row, query, string(id), sequence)
	if isNone(err) {
		return task.Checkpoint{}, notFound("checkpoint", string(id)+"/"+strconv.Itoa(sequence))
	}
	if err != nil {
		return task.Checkpoint{}, err
	}
	return row.checkpoint(), nil
}

// lastCheckpoint returns the sequence of a run's newest visible checkpoint, or 0.
func lastCheckpoint(r reader, id task.RunID) (last int, err error) {
	err = r.get(&last, `SELECT COALESCE(max(sequence), 0) FROM checkpoint WHERE run = ?`, string(id))
	return last, err
}

// CheckpointContent opens the content of a visible checkpoint, a tar archive. The caller closes it; ctx holds until then.
func (db *DB) CheckpointContent(ctx context.Context, id task.RunID, sequence int) (io.ReadSeekCloser, task.Checkpoint, error) {
	c, err := readCheckpoint(db.view(ctx), id, sequence)
	if err != nil {
		return nil, task.Checkpoint{}, fmt.Errorf("read checkpoint: %w", err)
	}
	content, err := db.contents.open(ctx, contentOf(c), c.Size)
	if err != nil {
		return nil, task.Checkpoint{}, fmt.Errorf("read the content of checkpoint %d of run %s: %w", sequence, id, err)
	}
	return content, c, nil
}

// RecoverableRuns returns runs that failed, timed out or were lost, newest first, of one task or, with an empty name, of
// all, each with its visible checkpoints. Of the runs it has what [DB.Runs] has.
func (db *DB) RecoverableRuns(ctx context.Context, taskName string, p page.Request) (page.Of[task.Recoverable], error) {
	last, err := after("recoverable", p.Cursor)
	if err != nil {
		return page.Of[task.Recoverable]{}, err
	}
	filter := task.RunFilter{Task: taskName, States: []task.State{task.Failed, task.TimedOut, task.Lost}}
	query, args, err := runsQuery(filter, last, p.Size()+1)
	if err != nil {
		return page.Of[task.Recoverable]{}, err
	}
	var all []task.Recoverable
	err = db.snapshot(ctx, func(v view) error {
		var rows []runRow
		if err := v.all(&rows, query, args...); err != nil {
			return err
		}
		all, err = recoverable(v, rows)
		return err
	})
	if err != nil {
		return page.Of[task.Recoverable]{}, fmt.Errorf("list runs that can be recovered: %w", err)
	}
	return paged(all, p, "recoverable", func(r task.Recoverable) string { return string(r.Run.ID) }), nil
}

// recoverable joins runs with their checkpoints.
func recoverable(v view, rows []runRow) ([]task.Recoverable, error) {
	all := make([]task.Recoverable, len(rows))
	ids := make([]string, len(rows))
	at := make(map[task.RunID]*task.Recoverable, len(rows))
	for i, row := range rows {
		run, err := row.run()
		if err != nil {
			return nil, err
		}
		all[i].Run, ids[i], at[run.ID] = run, row.ID, &all[i]
	}
	if len(all) == 0 {
		return all, nil
	}
	var c conditions
	in(&c, "run", ids)
	var found []checkpointRow
	query := `SELECT ` + checkpointColumns + ` FROM checkpoint` + c.where() + ` ORDER BY run, sequence`
	if err := v.all(&found, query, c.args...); err != nil {
		return nil, err
	}
	for _, row := range found {
		r := at[task.RunID(row.Run)]
		r.Checkpoints = append(r.Checkpoints, row.checkpoint())
	}
	return all, nil
}

// errNoCheckpoint refuses a sequence that the run does not have, as the field of a request.
func errNoCheckpoint(sequence int) error {
	return fault.Field("checkpoint", "%d is none of this run's checkpoints", sequence)
}
