package store_test

import (
	"context"

	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/task"
)

// stateAfter is what an exit makes of a run whose policy is wait and which has no retries.
func stateAfter(run *modelRun, e task.Exit) task.State {
	failed := e.Kind == task.ExitExited && e.Code != 0
	switch {
	case e.Kind == task.ExitExited && e.Code == 0:
		return task.Succeeded
	case run.wanted == task.IntentRestart || run.wanted == task.IntentRecover:
		return task.Queued
	case failed:
		return task.Failed
	case run.wanted == task.IntentReset:
		return task.Reset
	case run.wanted == task.IntentCancel || e.Kind == task.ExitCancelled:
		return task.Cancelled
	}
	return task.Lost
}

// instead is what becomes of a run whose attempt was ended from outside.
func (m *modelRun) instead(otherwise task.State) task.State {
	switch m.wanted {
	case task.IntentReset:
		return task.Reset
	case task.IntentCancel:
		return task.Cancelled
	case task.IntentRestart, task.IntentRecover:
		return task.Queued
	}
	return otherwise
}

// end brings the run to a state in which nothing of it may run. If that is the queue, it begins as it was wanted.
func (m *modelRun) end(next task.State) {
	if next == task.Queued {
		m.begins = 0
		if m.wanted == task.IntentRecover {
			m.begins = m.chosen
			if m.chosen == 0 {
				m.begins = m.last
			}
		}
	}
	m.state, m.prior, m.wanted, m.chosen = next, "", "", 0
}

func (m *machine) Replace(r *rapid.T) {
	run, ref := m.pick(r)
	a := run.claimed(ref.Number)
	p := task.Replacement{Ref: ref, Attempt: task.AttemptUnavailable, Ground: "lease expired", Reason: "silent"}
	p.Run = rapid.SampledFrom([]task.State{task.Queued, task.Reset, task.Lost}).Draw(r, "becomes")
	from := rapid.SampledFrom([]int{0, task.LastCheckpoint}).Draw(r, "from")
	if p.Run == task.Queued {
		p.Next = &task.Continuation{Ground: p.Ground, Checkpoint: from}
	}
	otherwise := fault.Conflict
	switch {
	case ref.Number < 1 || ref.Number > len(run.attempts):
		otherwise = fault.NotFound
	case ref.Number < len(run.attempts):
		otherwise = fault.Fenced
	}
	agree(r, "replace", m.db.ReplaceAttempts(context.Background(), oneOf(p), m.tick())[0], when(a != nil, otherwise))
	if a == nil {
		return
	}
	a.state = task.AttemptUnavailable
	wanted := run.wanted
	run.end(run.instead(p.Run))
	if wanted == "" && p.Run == task.Queued && from == task.LastCheckpoint {
		run.begins = run.last
	}
}

func (m *machine) TakeUp(r *rapid.T) {
	run, _ := m.pick(r)
	intent := rapid.SampledFrom([]task.Intent{task.IntentReset, task.IntentRestart, task.IntentRecover}).Draw(r, "intent")
	chosen := 0
	if intent == task.IntentRecover {
		chosen = rapid.IntRange(0, run.last+1).Draw(r, "checkpoint")
	}
	_, err := m.db.TakeUp(context.Background(), run.id, intent, chosen, "ops", m.tick())
	switch {
	case chosen > run.last:
		agree(r, "take up from a checkpoint that is none", err, fault.Invalid)
		return
	case run.state == task.Succeeded, run.state.Final() && intent == task.IntentReset:
		agree(r, "take up", err, fault.Conflict)
		return
	}
	agree(r, "take up", err, nil)
	if run.state.OnServer() {
		if run.wanted != intent || run.chosen != chosen {
			run.state, run.prior, run.newest().state = task.Stopping, "", task.AttemptStopping
			run.wanted, run.chosen = intent, chosen
		}
		return
	}
	before, begins := run.state, run.begins
	run.wanted, run.chosen = intent, chosen
	run.end(run.instead(""))
	if !before.Final() && run.state == task.Queued && run.begins == begins {
		run.state = before // It goes on waiting as it was.
	} else if before == task.Starting {
		run.newest().state = task.AttemptWithdrawn
	}
}

// Checkpoint hands over a checkpoint of the newest attempt, in time or late, from its server or another one.
func (m *machine) Checkpoint(r *rapid.T) {
	ctx := context.Background()
	run, ref := m.pick(r)
	usual, delivered := "", int64(0)
	if a := run.newest(); a != nil {
		usual, delivered = a.server, a.delivered
	}
	server := m.server(r, usual)
	content := []byte(rapid.SampledFrom([]string{"", "one", "another"}).Draw(r, "content"))
	c := checkpointOf(run.last+rapid.IntRange(0, 2).Draw(r, "sequence"), content)
	a := run.claimed(ref.Number)
	may := a != nil && a.server == server
	if c.Sequence > 0 {
		_, err := m.db.PutContent(ctx, server, ref, c, 0, content)
		switch {
		case !may:
			agree(r, "put content", err, fault.Fenced)
		case err != nil: // There is other content.
			agree(r, "put content", err, fault.Conflict)
			return
		}
	}
	records := oneOf(task.Record{Sequence: delivered + 1, At: noon, Checkpoint: &c})
	got := must(m.db.Deliver(ctx, server, oneOf(task.Delivery{Ref: ref, Records: records}), m.tick()))(m.t)[0]
	if may && c.Sequence > run.last {
		run.last = c.Sequence
	}
	m.delivered(r, run, ref, server, records, got)
}

func (m *machine) GiveUpServer(r *rapid.T) {
	server := m.server(r, "")
	changed := must(m.db.MarkUnavailable(context.Background(), oneOf(server), m.tick()))(m.t)
	if (len(changed) == 1) != (m.silent[server] && !m.gone[server]) {
		r.Fatalf("changed %q; %s was silent: %v, gone: %v", changed, server, m.silent[server], m.gone[server])
	}
	m.gone[server] = m.silent[server]
}

func (m *machine) DeclareDead(r *rapid.T) {
	server := m.server(r, "")
	must(m.db.DeclareDead(context.Background(), server, "its rack burns", "ops", m.tick()))(m.t)
	m.gone[server] = true
	m.lookAway(server)
}

// checkNext compares what is wanted of a run, and what it is to begin with.
func (m *machine) checkNext(r *rapid.T, want *modelRun, got task.Run) {
	pending, begins := want.wanted, 0
	if pending == task.IntentCancel {
		pending = ""
	}
	if got.State == task.Queued && got.Next != nil {
		begins = got.Next.Checkpoint
	}
	if got.Pending != pending || got.State == task.Queued && begins != want.begins || (got.EndedAt != nil) != got.State.Final() {
		r.Fatalf("run %s is %s, wants %q, begins at %d and has the end %v; want %q and %d",
			want.id, got.State, got.Pending, begins, got.EndedAt, pending, want.begins)
	}
	all := must(m.db.Checkpoints(context.Background(), want.id))(m.t)
	if last := len(all); last == 0 && want.last != 0 || last > 0 && all[last-1].Sequence != want.last {
		r.Fatalf("run %s has the checkpoints %+v, want the last to be %d", want.id, all, want.last)
	}
}
