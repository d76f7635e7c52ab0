package conductor_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/conductor"
	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/protocol"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/store/storetest"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	beatEvery = 1500 * time.Millisecond
	tick      = 250 * time.Millisecond
	// patience is the unavailable_after of the servers in these tests.
	patience = 20 * time.Second
)

// world is a conductor over a real store, with a clock that the test moves and agents that do what a test says.
type world struct {
	t  *testing.T
	db *store.DB
	// faulty, where it is set, is what the next conductor sees of the store.
	faulty conductor.Store
	// faultyPlans, where it is set, is what the next conductor sees of the store of plans.
	faultyPlans conductor.PlanStore
	c           *conductor.Conductor
	at          time.Time
	hosts       map[string]*agent
	hold        time.Duration
	// people, where it is set, are told of what happens.
	people conductor.Sender
	// maxQueued and headStart are settings of the next conductor. With a head start agents take offers that are claimed already.
	maxQueued int
	headStart time.Duration
}

// agent is an agent and its host, as far as a conductor sees them.
type agent struct {
	w                    *world
	name, instance, boot string
	starts, beats        uint64
	// cut agents reach nobody; deaf ones take no commands.
	cut, deaf bool
	held      bool
	session   *conductor.Session
	// beaten is when the last heartbeat was answered, heard when the last heartbeat or claim was.
	beaten, heard time.Time
	kept          map[task.Ref]*jobserver.Kept
	sequence      map[task.Ref]int64
	offers        map[task.Ref]jobserver.Execution
	claims        map[task.Ref][]protocol.Claim
	leases        map[task.Ref]time.Duration
	stops         map[task.Ref]conductor.StopOrder
	holds         []time.Duration
	period        time.Duration
}

// newWorld returns a world with servers of 4 slots in the group etl.
func newWorld(t *testing.T, servers ...string) *world {
	t.Helper()
	return newWorldAt(t, storetest.SQLite(t), servers...)
}

// makeWorld is newWorld over stores of some kind.
type makeWorld func(t *testing.T, servers ...string) *world

// onEach runs the test with worlds over stores of each kind.
func onEach(t *testing.T, test func(t *testing.T, newWorld makeWorld)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, fresh func(testing.TB) string) {
		test(t, func(t *testing.T, servers ...string) *world { return newWorldAt(t, fresh(t), servers...) })
	})
}

func newWorldAt(t *testing.T, address string, servers ...string) *world {
	t.Helper()
	db := storetest.Open(t, address, store.Options{})
	w := &world{t: t, db: db, at: noon, hosts: map[string]*agent{}, hold: time.Hour}
	for _, name := range servers {
		token := jobserver.JoinToken{ID: name, Hash: name, Name: name, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)}
		check(t, db.CreateJoinToken(t.Context(), token))
		_, err := db.JoinServer(t.Context(), name, "credential of "+name, jobserver.Server{
			Name: name, Kind: jobserver.KindJob, Slots: 4, Power: 1, UnavailableAfter: patience,
		}, noon)
		check(t, err)
		_, err = db.EditServer(t.Context(), name, 0, noon, func(s *jobserver.Server) error {
			s.UnavailableAfter = patience
			return nil
		})
		check(t, err)
		w.hosts[name] = &agent{
			w: w, name: name, instance: jobserver.InstanceName(1, name), starts: 1, boot: name + "/boot-1", kept: map[task.Ref]*jobserver.Kept{},
			sequence: map[task.Ref]int64{}, offers: map[task.Ref]jobserver.Execution{}, leases: map[task.Ref]time.Duration{},
			stops: map[task.Ref]conductor.StopOrder{}, claims: map[task.Ref][]protocol.Claim{},
		}
	}
	_, err := db.CreateVirtualServer(t.Context(), virtualserver.Spec{Name: "etl", Members: servers}, noon)
	check(t, err)
	w.restart()
	return w
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// restart begins with a new conductor over the same store, as after a crash. The agents have yet to connect.
func (w *world) restart() {
	w.t.Helper()
	var db conductor.Store = w.db
	if w.faulty != nil {
		db = w.faulty
	}
	var plans conductor.PlanStore = w.db
	if w.faultyPlans != nil {
		plans = w.faultyPlans
	}
	options := conductor.Options{Now: func() time.Time { return w.at }, Seed: 1, Hold: w.hold, MaxQueued: w.maxQueued, HeadStart: w.headStart, Plans: plans, Triggers: w.db, EventTriggers: w.db, Retention: w.db}
	if w.people != nil {
		options.Notices, options.Sender, options.PublicURL = w.db, w.people, "https://segno.example/"
	}
	c, err := conductor.New(db, options)
	check(w.t, err)
	check(w.t, c.Load(w.t.Context()))
	w.c = c
	for _, a := range w.hosts {
		a.session, a.beaten = nil, time.Time{}
	}
	w.step()
}

// step lets the agents and the conductor do what they do at this instant.
func (w *world) step() {
	w.t.Helper()
	for _, name := range slices.Sorted(maps.Keys(w.hosts)) {
		if a := w.hosts[name]; !a.cut {
			a.step()
		}
	}
	check(w.t, w.c.Step(w.t.Context()))
}

// pass lets time pass in steps of a tick.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	for end := w.at.Add(d); w.at.Before(end); {
		w.at = w.at.Add(tick)
		w.step()
	}
}

// until lets time pass until something is so, and returns how long it took. It fails the test after the limit.
func (w *world) until(limit time.Duration, what string, so func() bool) time.Duration {
	w.t.Helper()
	begin := w.at
	for !so() {
		if w.at.Sub(begin) > limit {
			w.t.Fatalf("not within %s: %s", limit, what)
		}
		w.pass(tick)
	}
	return w.at.Sub(begin)
}

func (w *world) task(name string, p policy.Policy, edit ...func(*task.Spec)) {
	w.t.Helper()
	s := task.Spec{
		Name: name, Target: task.Target{VirtualServer: "etl"}, Job: task.Job{Command: []string{"load"}}, OnUnavailable: &p,
	}
	for _, e := range edit {
		e(&s)
	}
	_, err := w.c.CreateTask(w.t.Context(), s)
	check(w.t, err)
}

func onServer(name string) func(*task.Spec) {
	return func(s *task.Spec) { s.Target = task.Target{Server: name} }
}

// start requests a run and lets it begin to run. It returns the run's id and the agent that has it.
func (w *world) start(name string) (task.RunID, *agent) {
	w.t.Helper()
	id := w.request(name)
	return id, w.awaitRunning(id)
}

func (w *world) request(name string) task.RunID {
	w.t.Helper()
	run, err := w.c.StartRun(w.t.Context(), name, task.RunRequest{By: "ops"})
	check(w.t, err)
	return run.ID
}

func (w *world) awaitRunning(id task.RunID) *agent {
	w.t.Helper()
	w.until(3*time.Minute, "run "+string(id)+" is running", func() bool { return w.run(id).State == task.Running })
	return w.hosts[w.run(id).Server]
}

func (w *world) run(id task.RunID) task.Run {
	w.t.Helper()
	run, err := w.db.Run(w.t.Context(), id)
	check(w.t, err)
	return run
}

func (w *world) server(name string) jobserver.View {
	w.t.Helper()
	s, err := w.c.Server(w.t.Context(), name)
	check(w.t, err)
	return s
}

// newest returns the newest attempt of a run.
func (w *world) newest(id task.RunID) task.Attempt {
	w.t.Helper()
	run := w.run(id)
	if len(run.Attempts) == 0 {
		w.t.Fatalf("run %s has no attempt", id)
	}
	return run.Attempts[len(run.Attempts)-1]
}

func (w *world) wantState(id task.RunID, want task.State) task.Run {
	w.t.Helper()
	run := w.run(id)
	if run.State != want {
		w.t.Fatalf("run %s is %s because %q, want %s", id, run.State, run.Reason, want)
	}
	return run
}

// checkpoint hands a checkpoint over for an attempt.
func (a *agent) checkpoint(ref task.Ref, sequence int, content string) error {
	ctx := a.w.t.Context()
	sum := sha256.Sum256([]byte(content))
	of := task.Checkpoint{
		Run: ref.Run, Sequence: sequence, Attempt: ref.Number, Name: fmt.Sprintf("part-%d", sequence),
		Size: int64(len(content)), SHA256: hex.EncodeToString(sum[:]),
	}
	if _, err := a.w.c.PutCheckpoint(ctx, a.name, ref, of, 0, []byte(content)); err != nil {
		return err
	}
	d := a.deliver(ref, task.Record{Checkpoint: &of})
	if d.Fenced {
		return fmt.Errorf("fenced")
	}
	return nil
}

// step connects, sends a heartbeat where one is due, claims what was offered, and takes note of what it is told.
func (a *agent) step() {
	a.w.t.Helper()
	ctx := a.w.t.Context()
	if a.session == nil {
		n, err := a.w.c.Connect(ctx, a.name, a.instance)
		if err != nil {
			return
		}
		a.session = n
	}
	if a.beaten.IsZero() || a.w.at.Sub(a.beaten) >= beatEvery {
		_, _ = a.beat()
	}
	if !a.deaf {
		a.take()
	}
}

// report is what the agent says of its host.
func (a *agent) report() jobserver.Beat {
	return jobserver.Beat{
		Server: a.name, BootID: a.boot, Instance: a.instance, AgentVersion: "1.0",
		Sample: jobserver.Sample{
			CPUs: 4, CPUIdle: 1, MemoryTotal: 8 << 30, MemoryAvailable: 7 << 30, DiskTotal: 100 << 30, DiskFree: 90 << 30,
		},
	}
}

// beat sends a heartbeat and takes the answer to heart.
func (a *agent) beat() (conductor.Orders, error) {
	r := conductor.Report{Held: a.held, Beat: a.report()}
	if a.w.headStart > 0 {
		a.beats++
		r.Number, r.ClaimedOffers = a.beats, true
	}
	for _, k := range a.kept {
		r.Kept = append(r.Kept, *k)
	}
	orders, err := a.w.c.Heartbeat(a.w.t.Context(), r)
	if err != nil {
		return orders, err
	}
	a.beaten, a.heard = a.w.at, a.w.at
	for _, s := range orders.Stops {
		a.stops[s.Ref] = s
	}
	clear(a.leases)
	for _, l := range orders.Leases {
		a.leases[l.Ref] = l.Length
		a.held = false
	}
	return orders, nil
}

// take takes the commands that wait, and claims what was offered.
func (a *agent) take() {
	a.w.t.Helper()
	if a.session == nil {
		return
	}
	var refs []task.Ref
	for _, cmd := range a.session.Take() {
		switch {
		case cmd.GetOffer() != nil:
			e, err := protocol.OfferFromProto(cmd.GetOffer())
			check(a.w.t, err)
			a.offers[e.Ref] = e
			claim := protocol.ClaimFromProto(cmd.GetOffer())
			a.claims[e.Ref] = append(a.claims[e.Ref], claim)
			switch {
			case a.kept[e.Ref] != nil:
			case claim.Heartbeat > 0:
				a.kept[e.Ref], a.leases[e.Ref] = &jobserver.Kept{Ref: e.Ref}, claim.Lease
			default:
				refs = append(refs, e.Ref)
			}
		case cmd.GetStop() != nil:
			ref, _ := protocol.StopFromProto(cmd.GetStop())
			if _, told := a.stops[ref]; !told {
				a.stops[ref] = conductor.StopOrder{Ref: ref}
			}
		case cmd.GetHold() != nil:
			a.holds = append(a.holds, protocol.HoldFromProto(cmd.GetHold()))
			a.held = true
		case cmd.GetSettings() != nil:
			a.period, _ = protocol.SettingsFromProto(cmd.GetSettings())
		}
	}
	if len(refs) > 0 {
		a.claim(refs...)
	}
}

// claim claims attempts, and keeps what is granted.
func (a *agent) claim(refs ...task.Ref) []conductor.Claimed {
	a.w.t.Helper()
	answers, err := a.w.c.Claim(a.w.t.Context(), a.name, a.instance, refs)
	if err != nil {
		return nil
	}
	a.heard = a.w.at
	for i, ref := range refs {
		if answers[i].Granted {
			a.kept[ref] = &jobserver.Kept{Ref: ref}
			a.leases[ref] = answers[i].Lease.Length
		}
	}
	return answers
}

// deliver hands over one record of an attempt.
func (a *agent) deliver(ref task.Ref, r task.Record) task.Delivered {
	a.w.t.Helper()
	r.Sequence, r.At = a.sequence[ref]+1, a.w.at
	got, err := a.w.c.Deliver(context.WithoutCancel(a.w.t.Context()), a.name, []task.Delivery{{Ref: ref, Records: []task.Record{r}}})
	check(a.w.t, err)
	if got[0].Sequence == r.Sequence {
		a.sequence[ref]++
	}
	return got[0]
}

// end delivers the exit record of an attempt.
func (a *agent) end(ref task.Ref, kind task.ExitKind, code int) task.Delivered {
	a.w.t.Helper()
	d := a.deliver(ref, task.Record{Exit: &task.Exit{Kind: kind, Code: code, Ran: time.Second}})
	delete(a.kept, ref)
	return d
}

// reboot takes down everything on the host. With keep, the spools of its attempts are still there afterwards.
func (a *agent) reboot(keep bool) {
	a.restart()
	a.boot += "'"
	if !keep {
		clear(a.kept)
	}
}

// disconnect ends the agent's connection, which it begins anew when it can.
func (a *agent) disconnect() {
	if a.session != nil {
		a.w.c.Disconnect(a.session)
	}
	a.session, a.beaten = nil, time.Time{}
}

// restart begins a new agent process on the host.
func (a *agent) restart() {
	a.disconnect()
	a.starts++
	a.instance = jobserver.InstanceName(a.starts, a.name)
}

func refOf(id task.RunID, number int) task.Ref { return task.Ref{Run: id, Number: number} }

func wantContains(t *testing.T, got string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(got, word) {
			t.Errorf("%q does not contain %q", got, word)
		}
	}
}
