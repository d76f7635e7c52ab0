package sim

import (
	"time"

	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/task"
)

// Times of the end of a simulation.
const (
	// restWithin is how long everything may take to come to its end once no job goes on by itself.
	restWithin = 4 * time.Minute
	lookAfter  = 5 * time.Second
)

// comeToRest checks liveness: within the bound every run has ended, runs, or waits with a reason; and once no job goes on
// any more, everything ends and nothing is left anywhere.
func (w *World) comeToRest() {
	w.runUntil(w.now + time.Second)
	for _, h := range w.hosts {
		w.ask("activate", func() error {
			_, err := w.conductor.c.SetServerMode(w.ctx, h.name, jobserver.Active, "")
			return err
		})
	}
	w.runUntil(w.now + w.bound())
	if !w.failed() {
		w.stateEach(w.live)
	}
	w.ending = true
	for end := w.now + restWithin; w.now < end && !w.failed() && !w.atRest(); {
		w.runUntil(w.now + lookAfter)
	}
	if !w.failed() {
		w.stateEach(w.finished)
		w.leftovers()
	}
}

func (w *World) stateEach(check func(task.Run)) {
	for p := (page.Request{Limit: page.MaxLimit}); ; {
		runs, err := w.store.Runs(w.ctx, task.RunFilter{}, p)
		w.must(err)
		for _, r := range runs.Items {
			check(r)
		}
		if p.Cursor = runs.Next; p.Cursor == "" {
			return
		}
	}
}

// live checks a run once the faults have ended for as long as the bound.
func (w *World) live(r task.Run) {
	switch r.State {
	case task.Unknown, task.Stopping:
		if !w.truth.hung(r.ID) {
			w.fail("run %s is %s %s after the faults: %s", r.ID, r.State, w.bound(), r.Reason)
		}
	case task.Running:
		if begun := w.begun(r.ID); !w.truth.alive(r.ID) && w.since(begun) > w.bound() {
			w.fail("run %s is running %s after the faults, and nothing of it is alive", r.ID, w.bound())
		}
	case task.Queued:
		if r.Reason == "" && w.since(r.QueuedAt) > w.bound() {
			w.fail("run %s waits without a reason", r.ID)
		}
	}
}

// begun is when the newest attempt of a run began.
func (w *World) begun(id task.RunID) time.Time {
	r, err := w.store.Run(w.ctx, id)
	w.must(err)
	if a := r.Attempts[len(r.Attempts)-1]; a.ClaimedAt != nil {
		return *a.ClaimedAt
	}
	return w.conductor.clock.now()
}

// finished checks a run once nothing goes on by itself any more.
func (w *World) finished(r task.Run) {
	if !r.State.Final() {
		w.fail("run %s never ended: it is %s: %s", r.ID, r.State, r.Reason)
	}
}

// hung reports whether a job of the run cannot be killed for now.
func (t *truth) hung(id task.RunID) bool {
	for _, j := range t.living[id] {
		if j.unkillable {
			return true
		}
	}
	return false
}

func (w *World) atRest() bool {
	for _, h := range w.hosts {
		if len(h.disk) > 0 || len(h.jobs) > 0 || len(h.agent.core.Kept()) > 0 || !h.agent.core.Idle() {
			return false
		}
	}
	rest := true
	w.stateEach(func(r task.Run) { rest = rest && r.State.Final() })
	return rest
}

// leftovers checks that nothing of what has ended is left on a host: invariant 17.
func (w *World) leftovers() {
	for _, h := range w.hosts {
		for _, j := range h.living() {
			w.fail("%s is still alive on %s", name(j.ref), h.name)
		}
		for ref := range h.disk {
			w.fail("the spool of %s is still on %s", name(ref), h.name)
			break
		}
		if !h.agent.core.Idle() || len(h.agent.core.Kept()) > 0 {
			w.fail("the agent on %s still keeps %d attempts", h.name, len(h.agent.core.Kept()))
		}
	}
}
