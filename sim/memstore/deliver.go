package memstore

import (
	"context"
	"maps"
	"time"

	"github.com/segno-jobs/segno/task"
)

// Deliver stores records of attempts.
func (s *Store) Deliver(_ context.Context, server string, ds []task.Delivery, now time.Time) ([]task.Delivered, error) {
	answers := make([]task.Delivered, len(ds))
	errs := s.each("Deliver", len(ds), func(i int) error {
		answers[i] = s.deliver(server, ds[i], now)
		return nil
	})
	for i, err := range errs {
		if err != nil {
			answers[i] = task.Delivered{Ref: ds[i].Ref}
			return answers, err
		}
	}
	return answers, nil
}

func (s *Store) deliver(server string, d task.Delivery, now time.Time) task.Delivered {
	r, a, err := s.find(d.Ref)
	if err != nil {
		return task.Delivered{Ref: d.Ref, Fenced: true}
	}
	answer := task.Delivered{Ref: d.Ref, Sequence: a.Delivered, State: r.State, Task: r.Task}
	if a.Exit != nil && a.Server == server {
		return answer
	}
	if a.Server != server || r.Attempt != a.Number || !a.State.Open() || a.State == task.AttemptOffered {
		answer.Fenced = true
		return answer
	}
	for _, rec := range d.Records {
		if rec.Sequence <= a.Delivered {
			continue
		}
		if rec.Sequence != a.Delivered+1 || rec.Checkpoint != nil && !s.show(r, a, *rec.Checkpoint, now) {
			break
		}
		a.Delivered = rec.Sequence
		r.take(a, rec)
		if rec.Exit != nil {
			s.endWithExit(r, a, *rec.Exit, now)
			answer.Ended, answer.Exit = true, rec.Exit
			break
		}
	}
	answer.Sequence, answer.State = a.Delivered, r.State
	return answer
}

// take stores what a record holds.
func (r *run) take(a *attempt, rec task.Record) {
	switch {
	case rec.Output != nil:
		a.output = append(a.output, task.OutputPiece{At: stored(rec.At), Stream: rec.Output.Stream, Data: rec.Output.Data})
		a.LogBytes += int64(len(rec.Output.Data))
	case rec.Progress != nil:
		p := *rec.Progress
		p.Percent = min(max(p.Percent, 0), 100)
		r.Progress = &p
	case rec.Value != nil:
		outputs := maps.Clone(r.Outputs)
		if outputs == nil {
			outputs = map[string]string{}
		}
		outputs[rec.Value.Name] = rec.Value.Value
		r.Outputs = outputs
	}
}
