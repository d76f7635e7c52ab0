package memstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/task"
)

// checkpoint is one of a run. It is invisible until its record was delivered.
type checkpoint struct {
	task.Checkpoint
	content []byte
	whole   bool
	visible bool
}

// visible returns the visible checkpoint of that sequence, or nil.
func (r *run) visible(sequence int) *checkpoint {
	for _, c := range r.checkpoints {
		if c.Sequence == sequence && c.visible {
			return c
		}
	}
	return nil
}

// lastCheckpoint returns the sequence of the newest visible checkpoint, or 0.
func (r *run) lastCheckpoint() int {
	last := 0
	for _, c := range r.checkpoints {
		if c.visible {
			last = max(last, c.Sequence)
		}
	}
	return last
}

// PutContent stores a piece of a checkpoint's content.
func (s *Store) PutContent(_ context.Context, server string, ref task.Ref, c task.Checkpoint, offset int64, data []byte) (received int64, err error) {
	err = s.transaction("PutContent", func() error {
		r, a, err := s.claimed(ref)
		if err != nil || a.Server != server {
			return fault.Fenced
		}
		if c.Size > task.MaxCheckpointSize || len(data) > task.MaxCheckpointChunk || c.Sequence > task.MaxCheckpoints {
			return fmt.Errorf("the checkpoint is over a limit: %w", fault.TooLarge)
		}
		i := slices.IndexFunc(r.checkpoints, func(o *checkpoint) bool { return o.Sequence == c.Sequence })
		if i >= 0 {
			old := r.checkpoints[i]
			switch {
			case old.visible && old.SHA256 != c.SHA256:
				return fmt.Errorf("checkpoint %d has other content: %w", c.Sequence, fault.Conflict)
			case old.whole && old.SHA256 == c.SHA256:
				old.Attempt = max(old.Attempt, ref.Number)
				received = c.Size
				return nil
			case old.SHA256 != c.SHA256:
				r.checkpoints = slices.Delete(r.checkpoints, i, i+1)
				i = -1
			}
		}
		if i < 0 {
			c.Run, c.Attempt = ref.Run, ref.Number
			r.checkpoints = append(r.checkpoints, &checkpoint{Checkpoint: c})
			i = len(r.checkpoints) - 1
		}
		k := r.checkpoints[i]
		if have := int64(len(k.content)); offset <= have && offset+int64(len(data)) > have {
			k.content = append(k.content, data[have-offset:]...)
		}
		received = int64(len(k.content))
		if received < k.Size {
			return nil
		}
		if sum := sha256.Sum256(k.content); hex.EncodeToString(sum[:]) != k.SHA256 {
			r.checkpoints = slices.Delete(r.checkpoints, i, i+1)
			return fault.Field("sha256", "is not that of the content")
		}
		k.whole = true
		return nil
	})
	return received, err
}

// show makes a checkpoint visible whose record was delivered. It reports whether its content is whole.
func (s *Store) show(r *run, a *attempt, c task.Checkpoint, now time.Time) bool {
	for _, k := range r.checkpoints {
		if k.Sequence != c.Sequence || !k.whole || k.SHA256 != c.SHA256 {
			continue
		}
		k.visible, k.Attempt, k.CreatedAt = true, a.Number, stored(now)
		k.Name, k.Label, k.Instructions, k.Step = c.Name, c.Label, c.Instructions, c.Step
		s.record(task.Event{At: now, Kind: "run.checkpoint", Subject: string(r.ID), Task: r.Task, Attempt: a.Number})
		r.prune()
		return true
	}
	return false
}

// prune drops old checkpoints: the last ones stay, those with a label, and the one that an open attempt began from.
func (r *run) prune() {
	resumed := 0
	if a := r.newest(); a != nil && a.State.Open() && a.ResumedFrom != nil {
		resumed = *a.ResumedFrom
	}
	unnamed := 0
	for i := len(r.checkpoints) - 1; i >= 0; i-- {
		c := r.checkpoints[i]
		if !c.visible {
			continue
		}
		unnamed++
		if unnamed > task.KeptCheckpoints && c.Label == "" && c.Sequence != resumed {
			r.checkpoints = slices.Delete(r.checkpoints, i, i+1)
		}
	}
}

// Checkpoints returns the visible checkpoints of a run.
func (s *Store) Checkpoints(_ context.Context, id task.RunID) ([]task.Checkpoint, error) {
	r := s.runs[id]
	if r == nil {
		return nil, notFound("run", string(id))
	}
	return r.shown(), nil
}

func (r *run) shown() []task.Checkpoint {
	var all []task.Checkpoint
	for _, c := range r.checkpoints {
		if c.visible {
			all = append(all, c.Checkpoint)
		}
	}
	slices.SortFunc(all, func(a, b task.Checkpoint) int { return a.Sequence - b.Sequence })
	return all
}

// content is opened content.
type content struct{ *bytes.Reader }

func (content) Close() error { return nil }

// CheckpointContent opens the content of a visible checkpoint.
func (s *Store) CheckpointContent(_ context.Context, id task.RunID, sequence int) (io.ReadSeekCloser, task.Checkpoint, error) {
	r := s.runs[id]
	if r == nil {
		return nil, task.Checkpoint{}, notFound("run", string(id))
	}
	c := r.visible(sequence)
	if c == nil {
		return nil, task.Checkpoint{}, notFound("checkpoint", fmt.Sprint(sequence))
	}
	return content{bytes.NewReader(c.content)}, c.Checkpoint, nil
}

// RecoverableRuns returns runs that failed, timed out or were lost.
func (s *Store) RecoverableRuns(_ context.Context, taskName string, p page.Request) (page.Of[task.Recoverable], error) {
	var all []task.Recoverable
	for i := len(s.order) - 1; i >= 0; i-- {
		r := s.runs[s.order[i]]
		if taskName != "" && r.Task != taskName || r.State != task.Failed && r.State != task.TimedOut && r.State != task.Lost {
			continue
		}
		all = append(all, task.Recoverable{Run: r.Run, Checkpoints: r.shown()})
	}
	return paged(all, p, func(r task.Recoverable) string { return string(r.Run.ID) }, true)
}
