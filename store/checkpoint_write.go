package store

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/segno-jobs/segno/task"
)

// showCheckpoints makes the checkpoints among the records visible whose content is whole, and returns the records up to
// the first one whose content is not, and the names of contents to be removed once that is committed. A checkpoint that
// can never be shown is passed over, so that what follows it is not held up for ever: one that its agent gave up (it has
// no hash), one that breaks a limit, and one whose sequence has other content or is older than what is there.
func showCheckpoints(t *tx, p progressed, records []task.Record, now time.Time) (rest []task.Record, removed []string, err error) {
	shown := false
	for i, r := range records {
		if r.Checkpoint == nil {
			continue
		}
		c := *r.Checkpoint
		c.Run, c.Attempt, c.CreatedAt = p.ref.Run, p.ref.Number, now
		v, err := judgeCheckpoint(t, p.server, c)
		if err != nil {
			return nil, nil, err
		}
		if v == awaited {
			records = records[:i]
			break
		}
		if v == welcome {
			if err := insertCheckpoint(t, p, c, now); err != nil {
				return nil, nil, err
			}
			shown = true
		}
	}
	if shown {
		removed, err = prune(t, p.ref)
	}
	return records, removed, err
}

// verdict is what is to be done with the record of a checkpoint.
type verdict int

const (
	// welcome checkpoints are to be shown.
	welcome verdict = iota
	// awaited ones have content that is not whole yet.
	awaited
	// passed ones are there already, or can never be shown.
	passed
)

func judgeCheckpoint(t *tx, server string, c task.Checkpoint) (verdict, error) {
	if checkContent(c, 0, nil) != nil {
		return passed, nil
	}
	whole, _, err := mayPut(t, server, c, contentOf(c), "")
	switch {
	case lasting(err):
		return passed, nil
	case err != nil:
		return passed, err
	case !whole:
		return awaited, nil
	}
	if last, err := lastCheckpoint(t, c.Run); err != nil || last >= c.Sequence {
		return passed, err
	}
	return welcome, nil
}

func insertCheckpoint(t *tx, p progressed, c task.Checkpoint, now time.Time) error {
	c.Name, c.Label = cut(clean(c.Name), task.MaxCheckpointName), cut(clean(c.Label), task.MaxCheckpointLabel)
	c.Instructions = cut(clean(c.Instructions), task.MaxInstructions)
	const insert = `INSERT INTO checkpoint (` + checkpointColumns + `) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	if _, err := t.exec(insert, string(c.Run), c.Sequence, c.Attempt, c.Name, c.Label, c.Instructions,
		min(max(c.Step, 0), task.MaxSteps), c.Size, c.SHA256, micros(c.CreatedAt)); err != nil {
		return err
	}
	const count = `UPDATE attempt SET checkpoints = checkpoints + 1 WHERE run = ? AND number = ?`
	if _, err := t.exec(count, string(c.Run), c.Attempt); err != nil {
		return err
	}
	data, _ := json.Marshal(struct { // Numbers and a text have a JSON form.
		Sequence int    `json:"sequence"`
		Name     string `json:"name"`
		Size     int64  `json:"size"`
	}{c.Sequence, c.Name, c.Size})
	return t.record(eventRow{
		at: micros(now), kind: "run.checkpoint", subject: string(c.Run), task: p.task, attempt: c.Attempt,
		from: p.run, to: p.run, data: string(data),
	})
}

// prune removes checkpoints that need not be kept: see [task.KeptOwner]. Those stay, too, from which an open attempt resumes,
// the next one is to begin, or an operator wants the run to go on. It returns the names of contents that have no row
// any more, those that earlier attempts had begun among them.
func prune(t *tx, ref task.Ref) (removed []string, err error) {
	all, err := readCheckpoints(t, ref.Run)
	if err != nil {
		return nil, err
	}
	needed, err := neededCheckpoints(t, ref.Run)
	if err != nil {
		return nil, err
	}
	kept := task.Kept(all, 0)
	for _, c := range all {
		if slices.Contains(needed, c.Sequence) || slices.Contains(kept, c) {
			continue
		}
		if _, err := t.exec(`DELETE FROM checkpoint WHERE run = ? AND sequence = ?`, string(c.Run), c.Sequence); err != nil {
			return nil, err
		}
	}
	return forgetContents(t, ref.Run, ref.Number)
}

// neededCheckpoints returns the sequences of checkpoints that something will ask for.
func neededCheckpoints(t *tx, id task.RunID) ([]int, error) {
	var row struct {
		Pending int
		Next    *string
		Resumed int
	}
	const query = `
		SELECT r.pending_checkpoint AS pending, r.next, COALESCE(a.resumed_from, 0) AS resumed
		FROM run r LEFT JOIN attempt a ON a.run = r.id AND a.number = r.attempt WHERE r.id = ?`
	if err := t.get(&row, query, string(id)); err != nil {
		return nil, err
	}
	needed := []int{row.Pending, row.Resumed}
	if row.Next != nil {
		next, err := decodeContinuation(*row.Next, id)
		if err != nil {
			return nil, err
		}
		needed = append(needed, next.Checkpoint)
	}
	return needed, nil
}

const selectOrphans = `SELECT name FROM content WHERE run = ? AND (attempt <> ? OR sequence <= ?) AND ` + orphaned

// forgetContents removes the rows of a run's contents that belong to no visible checkpoint and that nobody can show any
// more: those of other attempts than the one that goes on, and those that are older than the newest checkpoint. It
// returns their names.
func forgetContents(t *tx, id task.RunID, goesOn int) ([]string, error) {
	last, err := lastCheckpoint(t, id)
	if err != nil {
		return nil, err
	}
	var rows []struct{ Name string }
	if err := t.all(&rows, selectOrphans, string(id), goesOn, last); err != nil {
		return nil, err
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = row.Name
		if _, err := t.exec(`DELETE FROM content WHERE name = ?`, row.Name); err != nil {
			return nil, err
		}
	}
	return names, nil
}
