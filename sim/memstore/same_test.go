package memstore_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/internal/page"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/sim/memstore"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// pair is a store in memory and one on SQLite that are asked the same.
type pair struct {
	t      *testing.T
	ctx    context.Context
	rnd    *rand.Rand
	stores [2]conductor.Store
	now    time.Time
	runs   []task.RunID
}

func newPair(t *testing.T, seed uint64) *pair {
	db, err := store.Open(context.Background(), filepath.Join(t.TempDir(), "segno.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	p := &pair{
		t: t, ctx: context.Background(), rnd: rand.New(rand.NewPCG(seed, 1)), now: noon,
		stores: [2]conductor.Store{memstore.New(), db},
	}
	for _, server := range []string{"js-1", "js-2"} {
		p.both("join", func(s conductor.Store) (any, error) {
			token := jobserver.JoinToken{ID: server, Hash: "t" + server, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)}
			if err := s.CreateJoinToken(p.ctx, token); err != nil {
				return nil, err
			}
			return s.JoinServer(p.ctx, token.Hash, "c"+server, jobserver.Server{Name: server}.WithDefaults(), noon)
		})
	}
	return p
}

// kinds are what errors are asked for.
var kinds = []error{fault.Invalid, fault.NotFound, fault.Conflict, fault.Fenced, fault.TooLarge, fault.Unavailable, fault.Forbidden}

// kindOf returns the first kind of an error.
func kindOf(err error) string {
	if err == nil {
		return ""
	}
	for _, k := range kinds {
		if errors.Is(err, k) {
			return k.Error()
		}
	}
	return "another: " + err.Error()
}

func kindsOf(errs []error) []string {
	all := make([]string, len(errs))
	for i, err := range errs {
		all[i] = kindOf(err)
	}
	return all
}

// both asks both stores, and fails where their answers differ.
func (p *pair) both(what string, ask func(conductor.Store) (any, error)) {
	p.t.Helper()
	var answers [2]string
	for i, s := range p.stores {
		answer, err := ask(s)
		if err != nil {
			answers[i] = kindOf(err)
			continue
		}
		answers[i] = text(p.t, answer)
	}
	if answers[0] != answers[1] {
		p.t.Fatalf("%s:\nin memory %s\non SQLite %s", what, answers[0], answers[1])
	}
}

// text is the JSON of an answer, without what is not asked of both alike: an absent map is an empty one.
func text(t *testing.T, answer any) string {
	b, err := json.Marshal(answer)
	if err != nil {
		t.Fatal(err)
	}
	for _, empty := range []string{`"Outputs":{},`, `"Outputs":null,`, `"Attempts":[]`, `"Attempts":null`, `"Params":{},`, `"Params":null,`, `"Labels":{},`, `"Labels":null,`} {
		b = bytes.ReplaceAll(b, []byte(empty), nil)
	}
	return string(b)
}

func (p *pair) pick(from ...string) string { return from[p.rnd.IntN(len(from))] }

// ref names an attempt that may exist.
func (p *pair) ref() task.Ref {
	if len(p.runs) == 0 {
		return task.Ref{Run: "none", Number: 1}
	}
	id := p.runs[max(0, len(p.runs)-1-p.rnd.IntN(4))]
	run, err := p.stores[0].Run(p.ctx, id)
	if err != nil {
		p.t.Fatal(err)
	}
	if p.rnd.IntN(6) == 0 {
		return task.Ref{Run: id, Number: max(1, run.Attempt-1)}
	}
	return task.Ref{Run: id, Number: max(1, run.Attempt)}
}

func (p *pair) act() {
	p.now = p.now.Add(time.Duration(p.rnd.IntN(3000)) * time.Millisecond)
	now, ref, server := p.now, p.ref(), p.pick("js-1", "js-2")
	refs := []task.Ref{ref}
	each := func(do func(conductor.Store) []error) func(conductor.Store) (any, error) {
		return func(s conductor.Store) (any, error) { return kindsOf(do(s)), nil }
	}
	switch p.rnd.IntN(22) {
	case 0, 1:
		p.insert()
	case 2, 3, 4:
		a := virtualserver.Assignment{Ref: task.Ref{Run: ref.Run, Number: p.next(ref.Run)}, Server: server, Lease: 5 * time.Second, UnavailableAfter: 5 * time.Second}
		if p.rnd.IntN(8) == 0 {
			a.Ref.Number++
		}
		p.both("assign", each(func(s conductor.Store) []error { return s.AssignRuns(p.ctx, []virtualserver.Assignment{a}, now) }))
	case 5, 6, 7:
		instance := p.pick("one", "one", "two")
		if run, err := p.stores[0].Run(p.ctx, ref.Run); err == nil && run.Server != "" && p.rnd.IntN(4) > 0 {
			server = run.Server
		}
		p.both("claim", each(func(s conductor.Store) []error { return s.ClaimAttempts(p.ctx, server, instance, refs, now) }))
	case 8, 9, 10, 11:
		p.deliver(ref)
	case 12:
		p.both("withdraw", each(func(s conductor.Store) []error { return s.WithdrawOffers(p.ctx, refs, "late", now) }))
	case 13:
		p.both("return", each(func(s conductor.Store) []error { return s.ReturnAttempts(p.ctx, refs, "never began", now) }))
	case 14:
		p.replace(ref)
	case 15, 16:
		intent := task.Intent(p.pick("cancel", "reset", "restart", "recover", "recover", "dance"))
		from := 0
		if intent == task.IntentRecover && p.rnd.IntN(2) == 0 {
			from = 1 + p.rnd.IntN(3)
		}
		p.both("take up", func(s conductor.Store) (any, error) { return s.TakeUp(p.ctx, ref.Run, intent, from, "ops", now) })
	case 17:
		p.both("cancel", func(s conductor.Store) (any, error) { return s.CancelRun(p.ctx, ref.Run, "ops", now) })
	case 18:
		p.contact(server)
	case 19, 20:
		p.put(ref)
	case 21:
		p.both("expire", func(s conductor.Store) (any, error) {
			ended, err := s.ExpireQueued(p.ctx, 2, now)
			var ids []task.RunID
			for _, r := range ended {
				ids = append(ids, r.ID)
			}
			return ids, err
		})
	}
}

func (p *pair) next(id task.RunID) int {
	run, err := p.stores[0].Run(p.ctx, id)
	if err != nil {
		return 1
	}
	return run.Attempt + 1
}

func (p *pair) insert() {
	kind := policy.Word(policy.Kinds()[p.rnd.IntN(4)])
	run := task.Run{
		ID: task.RunID(fmt.Sprintf("r%03d", len(p.runs))), Task: "load", State: task.Queued, QueuedAt: p.now,
		Spec: task.Spec{Name: "load", Target: task.Target{Server: "js-1"}, Job: task.Job{Command: []string{"a"}}, OnUnavailable: &kind, Priority: p.rnd.IntN(2)},
	}
	p.limit(&run.Spec)
	key := p.pick("", "", "k1", "k2")
	created := false
	p.both("insert", func(s conductor.Store) (any, error) {
		got, fresh, err := s.InsertRun(p.ctx, run, key)
		created = fresh
		return []any{got, fresh}, err
	})
	if created {
		p.runs = append(p.runs, run.ID)
	}
}

// limit gives a run some of the limits that a request is decided by. Runs with and without limits stand beside each
// other, as after an edit of their task.
func (p *pair) limit(s *task.Spec) {
	switch p.rnd.IntN(5) {
	case 0:
		s.MaxConcurrent, s.WhenBusy = 1+p.rnd.IntN(4), task.WhenBusy(p.pick("queue", "skip", "replace", "replace"))
	case 1:
		s.MaxQueued = 1 + p.rnd.IntN(4)
	case 2:
		s.MaxQueueTime = task.Duration(time.Duration(1+p.rnd.IntN(20)) * time.Second)
	}
}

func (p *pair) deliver(ref task.Ref) {
	run, err := p.stores[0].Run(p.ctx, ref.Run)
	if err != nil || ref.Number > len(run.Attempts) {
		return
	}
	a := run.Attempts[ref.Number-1]
	server := a.Server
	if p.rnd.IntN(10) == 0 {
		server = "js-2"
	}
	first := max(1, a.Delivered+int64(p.rnd.IntN(3)))
	var records []task.Record
	for i := range 1 + p.rnd.IntN(3) {
		r := task.Record{Sequence: first + int64(i), At: p.now}
		switch p.rnd.IntN(6) {
		case 0:
			r.Output = &task.OutputRecord{Stream: task.Stdout, Data: []byte("line\n")}
		case 1:
			r.Progress = &task.Progress{Percent: float64(p.rnd.IntN(120)), Message: "on"}
		case 2:
			r.Value = &task.ValueRecord{Name: p.pick("rows", "sum"), Value: "7"}
		case 3, 4:
			c := p.checkpoint()
			r.Checkpoint = &c
		case 5:
			r.Exit = &task.Exit{
				Kind: task.ExitKind(p.pick("exited", "exited", "timed_out", "cancelled", "lease_expired", "fenced", "lost", "not_started")),
				Code: p.rnd.IntN(2), Detail: "d",
			}
		}
		records = append(records, r)
	}
	p.both("deliver", func(s conductor.Store) (any, error) {
		return s.Deliver(p.ctx, server, []task.Delivery{{Ref: ref, Records: records}}, p.now)
	})
}

func (p *pair) checkpoint() task.Checkpoint {
	sequence := 1 + p.rnd.IntN(4)
	sum := sha256.Sum256(content(sequence))
	return task.Checkpoint{Sequence: sequence, Name: "c", Label: p.pick("", "kept"), Size: int64(len(content(sequence))), SHA256: hex.EncodeToString(sum[:])}
}

func content(sequence int) []byte { return fmt.Appendf(nil, "content of %d", sequence) }

func (p *pair) put(ref task.Ref) {
	run, err := p.stores[0].Run(p.ctx, ref.Run)
	if err != nil || ref.Number > len(run.Attempts) {
		return
	}
	c, server := p.checkpoint(), run.Attempts[ref.Number-1].Server
	data := content(c.Sequence)
	p.both("put", func(s conductor.Store) (any, error) { return s.PutContent(p.ctx, server, ref, c, 0, data) })
}

func (p *pair) replace(ref task.Ref) {
	r := task.Replacement{Ref: ref, Attempt: task.AttemptUnavailable, Ground: string(policy.LeaseExpired), Reason: "silent"}
	r.Run = task.State(p.pick("queued", "reset", "lost", "cancelled", "running"))
	if r.Run == task.Queued {
		r.Next = &task.Continuation{Ground: r.Ground, Avoid: "js-1", Reason: "goes on", Checkpoint: []int{0, task.LastCheckpoint}[p.rnd.IntN(2)]}
	}
	p.both("replace", func(s conductor.Store) (any, error) {
		return kindsOf(s.ReplaceAttempts(p.ctx, []task.Replacement{r}, p.now)), nil
	})
}

func (p *pair) contact(server string) {
	names := []string{server}
	switch p.rnd.IntN(7) {
	case 0, 1:
		beat := jobserver.Beat{Server: server, At: p.now, BootID: "b", Instance: "one", AgentVersion: "1", Heartbeat: time.Duration(p.now.Second()) * time.Second}
		p.both("heard", func(s conductor.Store) (any, error) { return nil, s.Heard(p.ctx, []jobserver.Beat{beat}) })
	case 2, 3:
		p.both("unreachable", func(s conductor.Store) (any, error) { return s.MarkUnreachable(p.ctx, names, p.now, p.now) })
	case 4:
		p.both("unavailable", func(s conductor.Store) (any, error) { return s.MarkUnavailable(p.ctx, names, p.now) })
	case 5:
		p.both("hold", func(s conductor.Store) (any, error) {
			return nil, s.Hold(p.ctx, names, time.Duration(p.now.Second()%2)*time.Hour, p.now)
		})
	case 6:
		why := p.pick("", "stuck")
		p.both("quarantine", func(s conductor.Store) (any, error) { return nil, s.Quarantine(p.ctx, server, why, p.now) })
		if p.rnd.IntN(3) == 0 {
			p.both("declare dead", func(s conductor.Store) (any, error) { return s.DeclareDead(p.ctx, server, why, "ops", p.now) })
		}
	}
}

// compare reads everything from both stores.
func (p *pair) compare() {
	p.t.Helper()
	for _, id := range p.runs {
		p.both("run", func(s conductor.Store) (any, error) { return s.Run(p.ctx, id) })
		p.both("checkpoints", func(s conductor.Store) (any, error) {
			all, err := s.Checkpoints(p.ctx, id)
			return append([]task.Checkpoint{}, all...), err
		})
	}
	p.both("open attempts", func(s conductor.Store) (any, error) {
		all, err := s.OpenAttempts(p.ctx, "")
		return append([]virtualserver.OpenAttempt{}, all...), err
	})
	p.both("queue", func(s conductor.Store) (any, error) {
		all, err := s.QueuedRuns(p.ctx, task.Target{Server: "js-1"}, task.QueuePosition{}, nil, 100)
		return append([]task.Run{}, all...), err
	})
	p.both("queue without a task", func(s conductor.Store) (any, error) {
		all, err := s.QueuedRuns(p.ctx, task.Target{Server: "js-1"}, task.QueuePosition{}, []string{"load"}, 100)
		return len(all), err
	})
	p.both("servers", func(s conductor.Store) (any, error) { return s.Servers(p.ctx, jobserver.Filter{}, page.Request{}) })
	p.both("events", func(s conductor.Store) (any, error) {
		all, err := s.Events(p.ctx, task.EventFilter{}, 1000)
		var told []string
		for _, e := range all {
			told = append(told, fmt.Sprint(e.Kind, e.Subject, e.Attempt, e.From, e.To))
		}
		return told, err
	})
}

// TestItAnswersAsTheStoreOnSQLiteDoes holds the store in memory to the real one, which passes the conformance suite.
func TestItAnswersAsTheStoreOnSQLiteDoes(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			p := newPair(t, seed)
			for range 150 {
				p.act()
				p.compare()
			}
		})
	}
}
