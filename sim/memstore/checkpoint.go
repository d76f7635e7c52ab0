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
		c.Run, c.Attempt = ref.Run, ref.Number
		r, a, err := s.claimed(ref)
		if err != nil || a.Server != server {
			return fault.Fenced
		}
		if c.Size > task.MaxCheckpointSize || len(data) > task.MaxCheckpointChunk || a.made >= task.MaxCheckpoints {
			return fmt.Errorf("the checkpoint is over a limit: %w", fault.TooLarge)
		}
		if old := r.visible(c.Sequence); old != nil {
			if old.SHA256 != c.SHA256 {
				return fmt.Errorf("checkpoint %d has other content: %w", c.Sequence, fault.Conflict)
			}
			received = c.Size
			return nil
		}
		if r.lastCheckpoint() >= c.Sequence {
			return fmt.Errorf("a newer checkpoint exists: %w", fault.Conflict)
		}
		k := r.coming(c)
		if have := int64(len(k.content)); offset <= have && offset+int64(len(data)) > have {
			k.content = append(k.content, data[have-offset:]...)
		}
		if received = int64(len(k.content)); received < k.Size {
			return nil
		}
		if sum := sha256.Sum256(k.content); hex.EncodeToString(sum[:]) != k.SHA256 {
			r.checkpoints = slices.DeleteFunc(r.checkpoints, func(o *checkpoint) bool { return o == k })
			return fault.Field("sha256", "is not that of the content")
		}
		k.whole = true
		return nil
	})
	return received, err
}

// coming returns the checkpoint whose content is on its way from an attempt. Another content of the same sequence is
// dropped for it.
func (r *run) coming(c task.Checkpoint) *checkpoint {
	for i, o := range r.checkpoints {
		if o.Sequence != c.Sequence || o.visible {
			continue
		}
		if o.SHA256 == c.SHA256 && o.Attempt == c.Attempt {
			return o
		}
		r.checkpoints = slices.Delete(r.checkpoints, i, i+1)
		break
	}
	k := &checkpoint{Checkpoint: c}
	r.checkpoints = append(r.checkpoints, k)
	return k
}

// show makes a checkpoint visible whose record was delivered. It returns false while its content is on its way; one that
// can never be shown is passed over.
func (s *Store) show(r *run, a *attempt, c task.Checkpoint, now time.Time) bool {
	if r.lastCheckpoint() >= c.Sequence || c.SHA256 == "" {
		return true
	}
	for _, k := range r.checkpoints {
		if k.Sequence != c.Sequence || !k.whole || k.SHA256 != c.SHA256 || k.Attempt != a.Number {
			continue
		}
		k.visible, k.CreatedAt = true, stored(now)
		k.Name, k.Label, k.Instructions, k.Step = c.Name, c.Label, c.Instructions, c.Step
		a.made++
		s.record(task.Event{
			At: now, Kind: "run.checkpoint", Subject: string(r.ID), Task: r.Task, Attempt: a.Number, From: r.State, To: r.State,
			Data: fmt.Appendf(nil, `{"sequence":%d}`, c.Sequence),
		})
		r.prune()
		return true
	}
	return false
}

// prune drops checkpoints that need not be kept.
func (r *run) prune() {
	needed := []int{r.from}
	if a := r.newest(); a != nil && a.ResumedFrom != nil {
		needed = append(needed, *a.ResumedFrom)
	}
	if r.next != nil {
		needed = append(needed, r.next.Checkpoint)
	}
	kept := task.Kept(r.shown(), 0)
	r.checkpoints = slices.DeleteFunc(r.checkpoints, func(c *checkpoint) bool {
		return c.visible && !slices.Contains(needed, c.Sequence) && !slices.Contains(kept, c.Checkpoint)
	})
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
	for _, v := range slices.Backward(s.order) {
		r := s.runs[v]
		if taskName != "" && r.Task != taskName || r.State != task.Failed && r.State != task.TimedOut && r.State != task.Lost {
			continue
		}
		all = append(all, task.Recoverable{Run: r.head(), Checkpoints: r.shown()})
	}
	return paged(all, p, func(r task.Recoverable) string { return string(r.Run.ID) }, true)
}
