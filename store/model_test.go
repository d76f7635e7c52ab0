package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// modelRun is what a run must be like after the operations so far, by rules that are simpler than those of the store.
type modelRun struct {
	id       task.RunID
	state    task.State
	prior    task.State
	attempts []modelAttempt
	// wanted is what an operator wants once the attempt is over, chosen the checkpoint to recover from, 0 for the last.
	wanted task.Intent
	chosen int
	// begins is the checkpoint that the next attempt is to begin from, 0 for the beginning.
	begins int
	// last is the newest visible checkpoint, 0 for none.
	last int
}

type modelAttempt struct {
	server, instance string
	state            task.AttemptState
	delivered        int64
	exited           bool
}

func (m *modelRun) newest() *modelAttempt {
	if len(m.attempts) == 0 {
		return nil
	}
	return &m.attempts[len(m.attempts)-1]
}

// at returns the attempt that a ref names, if it is the newest and open.
func (m *modelRun) at(number int) *modelAttempt {
	if number != len(m.attempts) || number == 0 || !m.newest().state.Open() {
		return nil
	}
	return m.newest()
}

func (m *modelRun) claimed(number int) *modelAttempt {
	if a := m.at(number); a != nil && a.state != task.AttemptOffered {
		return a
	}
	return nil
}

// machine does the same things to a store and to the model.
type machine struct {
	t    *testing.T
	db   *store.DB
	runs []*modelRun
	// silent servers are not heard from; those that are gone count as unavailable.
	silent  map[string]bool
	gone    map[string]bool
	now     time.Time
	servers []string
}

func (m *machine) tick() time.Time { m.now = m.now.Add(time.Second); return m.now }

func (m *machine) pick(r *rapid.T) (*modelRun, task.Ref) {
	if len(m.runs) == 0 {
		r.Skip("no runs yet")
	}
	run := m.runs[rapid.IntRange(max(0, len(m.runs)-3), len(m.runs)-1).Draw(r, "run")]
	number := len(run.attempts)
	if rapid.IntRange(0, 4).Draw(r, "other attempt") == 0 {
		number += rapid.SampledFrom([]int{-1, 1}).Draw(r, "off by")
	}
	return run, task.Ref{Run: run.id, Number: number}
}

func (m *machine) server(r *rapid.T, usual string) string {
	if usual != "" && rapid.IntRange(0, 4).Draw(r, "other server") > 0 {
		return usual
	}
	return rapid.SampledFrom(m.servers).Draw(r, "server")
}

// agree fails unless the store's answer was the expected one.
func agree(r *rapid.T, what string, err error, want error) {
	r.Helper()
	if !errors.Is(err, want) {
		r.Fatalf("%s: got error %v, want %v", what, err, want)
	}
}

func when(ok bool, otherwise error) error {
	if ok {
		return nil
	}
	return otherwise
}

func (m *machine) Insert(r *rapid.T) {
	run := newRun()
	must2(m.db.InsertRun(context.Background(), run, ""))(m.t)
	m.runs = append(m.runs, &modelRun{id: run.ID, state: task.Queued})
}

func (m *machine) Assign(r *rapid.T) {
	run, ref := m.pick(r)
	ref.Number++
	server := m.server(r, "")
	assignment := assignment(ref.Run, ref.Number, server)
	assignment.ClaimedBy = rapid.SampledFrom([]string{"", "", "one", "two"}).Draw(r, "claimed by")
	watched := assignment.ClaimedBy == "" || !m.silent[server]
	ok := run.state == task.Queued && ref.Number == len(run.attempts)+1 && watched
	err := m.db.AssignRuns(context.Background(), []virtualserver.Assignment{assignment}, m.tick())[0]
	agree(r, "assign", err, when(ok, fault.Conflict))
	if !ok {
		return
	}
	run.state = task.Starting
	a := modelAttempt{server: server, state: task.AttemptOffered}
	if assignment.ClaimedBy != "" {
		run.state, a.state, a.instance = task.Running, task.AttemptRunning, assignment.ClaimedBy
	}
	run.attempts = append(run.attempts, a)
}

func (m *machine) Withdraw(r *rapid.T) {
	run, ref := m.pick(r)
	a := run.at(ref.Number)
	ok := a != nil && a.state == task.AttemptOffered
	otherwise := fault.Conflict
	if ref.Number < 1 || ref.Number > len(run.attempts) {
		otherwise = fault.NotFound
	}
	agree(r, "withdraw", m.db.WithdrawOffers(context.Background(), oneOf(ref), "late", m.tick())[0], when(ok, otherwise))
	if ok {
		run.state, a.state = task.Queued, task.AttemptWithdrawn
	}
}

func (m *machine) Claim(r *rapid.T) {
	run, ref := m.pick(r)
	usual := ""
	if a := run.newest(); a != nil {
		usual = a.server
	}
	server, instance := m.server(r, usual), rapid.SampledFrom([]string{"one", "two"}).Draw(r, "instance")
	a := run.at(ref.Number)
	ok := a != nil && a.server == server && (a.state == task.AttemptOffered || a.instance == instance)
	agree(r, "claim", m.db.ClaimAttempts(context.Background(), server, instance, oneOf(ref), m.tick())[0], when(ok, fault.Fenced))
	if ok && a.state == task.AttemptOffered {
		run.state, a.state, a.instance = task.Running, task.AttemptRunning, instance
	}
	m.heard(server)
}

func (m *machine) Deliver(r *rapid.T) {
	run, ref := m.pick(r)
	usual, delivered := "", int64(0)
	if a := run.newest(); a != nil {
		usual, delivered = a.server, a.delivered
	}
	server := m.server(r, usual)
	first := delivered + 1 + rapid.Int64Range(-2, 1).Draw(r, "first")
	n := rapid.Int64Range(0, 3).Draw(r, "records")
	var records []task.Record
	for s := first; s < first+n; s++ {
		if s > 0 {
			records = append(records, output(s, "x"))
		}
	}
	kind := rapid.SampledFrom([]task.ExitKind{"", "", task.ExitExited, task.ExitCancelled, task.ExitLost}).Draw(r, "exit")
	if kind != "" {
		records = append(records, exit(max(first+n, 1), task.Exit{Kind: kind, Code: rapid.IntRange(0, 1).Draw(r, "code")}))
	}
	got := must(m.db.Deliver(context.Background(), server, oneOf(task.Delivery{Ref: ref, Records: records}), m.tick()))(m.t)[0]
	m.delivered(r, run, ref, server, records, got)
}

// delivered checks the answer to a delivery, and does to the model what it must have done.
func (m *machine) delivered(r *rapid.T, run *modelRun, ref task.Ref, server string, records []task.Record, got task.Delivered) {
	if ref.Number >= 1 && ref.Number <= len(run.attempts) {
		if a := run.attempts[ref.Number-1]; a.exited && a.server == server {
			if got.Fenced || got.Ended || got.Sequence != a.delivered {
				r.Fatalf("a delivery after the exit got %+v, want sequence %d", got, a.delivered)
			}
			return
		}
	}
	a := run.claimed(ref.Number)
	if a == nil || a.server != server {
		if !got.Fenced || got.Ended {
			r.Fatalf("got %+v, want it fenced", got)
		}
		return
	}
	for _, rec := range records {
		if rec.Sequence != a.delivered+1 {
			continue
		}
		a.delivered++
		if rec.Exit != nil {
			_, a.state, _ = rec.Exit.Outcome()
			a.exited = true
			run.end(stateAfter(run, *rec.Exit))
			break
		}
	}
	if got.Fenced || got.Sequence != a.delivered || got.Ended != a.exited || got.State != run.state {
		r.Fatalf("got %+v, want sequence %d, ended %v, run %s", got, a.delivered, a.exited, run.state)
	}
}

func (m *machine) Lose(r *rapid.T) {
	run, ref := m.pick(r)
	a := run.claimed(ref.Number)
	otherwise := fault.Conflict
	switch {
	case ref.Number < 1 || ref.Number > len(run.attempts):
		otherwise = fault.NotFound
	case ref.Number < len(run.attempts):
		otherwise = fault.Fenced
	}
	agree(r, "lose", m.db.ReplaceAttempts(context.Background(), oneOf(rebooted(ref)), m.tick())[0], when(a != nil, otherwise))
	if a != nil {
		a.state = task.AttemptLost
		run.end(run.instead(task.Lost))
	}
}

func (m *machine) Return(r *rapid.T) {
	run, ref := m.pick(r)
	a := run.claimed(ref.Number)
	otherwise := fault.Conflict
	if ref.Number < 1 || ref.Number > len(run.attempts) {
		otherwise = fault.NotFound
	}
	agree(r, "return", m.db.ReturnAttempts(context.Background(), oneOf(ref), "never started", m.tick())[0], when(a != nil, otherwise))
	if a != nil {
		a.state = task.AttemptWithdrawn
		begins := run.begins
		wanted := run.wanted
		if run.end(run.instead(task.Queued)); wanted == "" {
			run.begins = begins
		}
	}
}

func (m *machine) Cancel(r *rapid.T) {
	run, _ := m.pick(r)
	ok := !run.state.Final() || run.state == task.Cancelled
	_, err := m.db.CancelRun(context.Background(), run.id, "ops", m.tick())
	agree(r, "cancel", err, when(ok, fault.Conflict))
	switch {
	case run.state == task.Queued:
		run.state = task.Cancelled
	case run.state == task.Starting:
		run.state, run.newest().state = task.Cancelled, task.AttemptWithdrawn
	case run.state.OnServer() && run.wanted != task.IntentCancel:
		run.state, run.prior, run.newest().state = task.Stopping, "", task.AttemptStopping
		run.wanted, run.chosen = task.IntentCancel, 0
	}
}

func (m *machine) FallSilent(r *rapid.T) {
	server := m.server(r, "")
	at := m.tick()
	changed := must(m.db.MarkUnreachable(context.Background(), oneOf(server), at, at))(m.t)
	if (len(changed) == 1) == m.silent[server] {
		r.Fatalf("changed %q, and %s was silent: %v", changed, server, m.silent[server])
	}
	if m.silent[server] {
		return
	}
	m.lookAway(server)
}

// lookAway makes the runs on a server unknown.
func (m *machine) lookAway(server string) {
	m.silent[server] = true
	for _, run := range m.runs {
		if run.state == task.Unknown {
			continue
		}
		if a := run.claimed(len(run.attempts)); a != nil && a.server == server {
			run.prior, run.state, a.state = run.state, task.Unknown, task.AttemptUnknown
		}
	}
}

func (m *machine) Beat(r *rapid.T) {
	server := m.server(r, "")
	check(m.t, m.db.Heard(context.Background(), oneOf(jobserver.Beat{Server: server, At: m.tick()})))
	m.heard(server)
}

// heard gives the runs on a server that was silent their prior state back.
func (m *machine) heard(server string) {
	if !m.silent[server] {
		return
	}
	m.silent[server], m.gone[server] = false, false
	for _, run := range m.runs {
		if run.state == task.Unknown && run.newest().server == server {
			run.state, run.prior = run.prior, ""
			run.newest().state = task.AttemptState(run.state) // running or stopping, in both words.
		}
	}
}

// Check compares each run of the store with the model.
func (m *machine) Check(r *rapid.T) {
	for _, want := range m.runs {
		got := getRun(m.t, m.db, want.id)
		if got.State != want.state || got.Prior != want.prior || got.Attempt != len(want.attempts) || len(got.Attempts) != len(want.attempts) {
			r.Fatalf("run %s is %s (prior %q) with attempt %d, want %s (prior %q) with %d",
				want.id, got.State, got.Prior, got.Attempt, want.state, want.prior, len(want.attempts))
		}
		m.checkNext(r, want, got)
		open := 0
		for i, a := range got.Attempts {
			w := want.attempts[i]
			if a.State != w.state || a.Delivered != w.delivered || a.Server != w.server || (a.Exit != nil) != w.exited {
				r.Fatalf("attempt %d of run %s is %+v, want %+v", i+1, want.id, a, w)
			}
			if a.State.Open() {
				open++
			}
		}
		if busy := got.State == task.Starting || got.State.OnServer(); open > 1 || (open == 1) != busy {
			r.Fatalf("run %s is %s and has %d open attempts", want.id, got.State, open)
		}
		wantPath(m.t, m.db, want.id)
	}
}

func TestRunsFollowTheModel(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1", "js-2")
		m := &machine{t: t, db: db, silent: map[string]bool{}, gone: map[string]bool{}, now: noon.Add(time.Hour), servers: []string{"js-1", "js-2"}}
		rapid.Check(t, func(r *rapid.T) {
			m.runs = nil
			for _, s := range m.servers {
				check(t, db.Heard(context.Background(), oneOf(jobserver.Beat{Server: s, At: m.tick()})))
				m.silent[s], m.gone[s] = false, false
			}
			r.Repeat(map[string]func(*rapid.T){
				"": m.Check, "insert": m.Insert, "assign": m.Assign, "withdraw": m.Withdraw, "claim": m.Claim,
				"deliver": m.Deliver, "deliver more": m.Deliver, "lose": m.Lose, "return": m.Return, "cancel": m.Cancel,
				"fall silent": m.FallSilent, "beat": m.Beat, "replace": m.Replace, "take up": m.TakeUp,
				"checkpoint": m.Checkpoint, "give up a server": m.GiveUpServer, "declare dead": m.DeclareDead,
			})
			m.settle()
		})
	})
}

// settle ends what a round has left open, so that the next one begins with a store in which nothing is under way.
func (m *machine) settle() {
	for _, run := range m.runs {
		ref := task.Ref{Run: run.id, Number: len(run.attempts)}
		if run.claimed(ref.Number) != nil {
			checkAll(m.t, m.db.ReplaceAttempts(context.Background(), oneOf(rebooted(ref)), m.tick()))
		}
	}
}
