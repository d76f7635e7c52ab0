package sim

import (
	"errors"
	"fmt"
	"time"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/task"
)

// ask has an operator call the conductor, if it is there. Operators are near the conductor: nothing of theirs is lost, but
// the conductor may die or fail while it does what they ask.
func (w *World) ask(name string, do func() error) {
	c := w.conductor
	if !c.up || c.paused > 0 || c.inside {
		w.cover("operator met no conductor")
		return
	}
	c.run(c.life, name, func() {
		var err error
		if !c.act(name, func() { err = do() }) {
			w.cover("conductor died while an operator asked")
			return
		}
		switch {
		case err == nil:
			w.cover("operator: " + name)
		case errors.Is(err, fault.Conflict), errors.Is(err, fault.NotFound), errors.Is(err, fault.Invalid):
			w.cover("operator refused: " + name)
		case errors.Is(err, fault.Unavailable):
			w.cover("operator failed: " + name)
		default:
			w.fail("%s: %v", name, err)
		}
	})
}

// request asks for a run, sometimes twice with one key.
func (w *World) request() {
	tasks, err := w.store.Tasks(w.ctx, task.Filter{}, page.Request{Limit: page.MaxLimit})
	w.must(err)
	t := tasks.Items[w.rnd.IntN(len(tasks.Items))].Name
	key := ""
	if w.rnd.in(0.3) {
		key = fmt.Sprintf("key-%d", w.rnd.IntN(20))
	}
	w.ask("start", func() error {
		run, err := w.conductor.c.StartRun(w.ctx, t, task.RunRequest{By: "operator", Key: key})
		if err != nil {
			return err
		}
		if len(w.runs) == 0 || w.runs[len(w.runs)-1] != run.ID {
			w.runs = append(w.runs, run.ID)
		}
		return nil
	})
}

// meddle has an operator do one of the things that operators do.
func (w *World) meddle() {
	h := w.hosts[w.rnd.IntN(len(w.hosts))]
	var id task.RunID
	if len(w.runs) > 0 {
		id = w.runs[max(0, len(w.runs)-1-w.rnd.IntN(8))]
	}
	c := w.conductor
	switch w.rnd.IntN(11) {
	case 0:
		w.ask("cancel", func() error {
			_, err := c.c.CancelRun(w.ctx, id, "operator")
			w.truth.answered(id, task.IntentCancel)
			return err
		})
	case 1:
		w.takeUp("reset", id, task.IntentReset, 0)
	case 2:
		w.takeUp("restart", id, task.IntentRestart, 0)
	case 3:
		from := 0
		if all, err := w.store.Checkpoints(w.ctx, id); err == nil && len(all) > 0 && w.rnd.in(0.5) {
			from = all[w.rnd.IntN(len(all))].Sequence
		}
		w.takeUp("recover", id, task.IntentRecover, from)
	case 4, 9:
		for _, h := range w.hosts {
			if !h.up {
				w.ask("declare dead", func() error { return c.declareDead(h.name) })
				break
			}
		}
	case 5:
		mode := pick(w.rnd, jobserver.Draining, jobserver.Active, jobserver.Active)
		w.ask("set mode", func() error { _, err := c.c.SetServerMode(w.ctx, h.name, mode, ""); return err })
	case 6:
		t := pick(w.rnd, "restarts", "recovers", "resets")
		p := policy.Word(pick(w.rnd, policy.Restart, policy.Recover, policy.Wait))
		w.ask("edit policy", func() error {
			_, err := c.c.EditTask(w.ctx, t, 0, func(s *task.Spec) error { s.OnUnavailable = &p; return nil })
			return err
		})
	case 7:
		h.health.asked = w.now
		d := pick(w.rnd, 5*time.Second, 7*time.Second, 15*time.Second)
		w.ask("edit patience", func() error {
			_, err := c.c.EditServer(w.ctx, h.name, 0, func(s *jobserver.Server) error { s.UnavailableAfter = d; return nil })
			return err
		})
	case 10:
		most := 1 + w.rnd.IntN(3)
		w.ask("edit limit", func() error {
			_, err := c.c.EditConcurrencyGroup(w.ctx, "db", 0, func(s *task.ConcurrencyGroupSpec) error { s.MaxConcurrent = most; return nil })
			return err
		})
	case 8:
		w.ask("look what if", func() error { return c.whatIf(h.name) })
	}
}

// takeUp has an operator reset, restart or recover a run.
func (w *World) takeUp(word string, id task.RunID, intent task.Intent, from int) {
	w.ask(word, func() error {
		w.truth.asked(id, intent)
		if err := w.conductor.takeUp(id, intent, from); err != nil {
			return err
		}
		w.truth.answered(id, intent)
		return nil
	})
}
