package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segno-jobs/segno/jobserver"
	"github.com/segno-jobs/segno/policy"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/store/storetest"
	"github.com/segno-jobs/segno/task"
	"github.com/segno-jobs/segno/virtualserver"
)

// noon is the instant at which most tests begin.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// onEach runs the test on an empty database of each kind.
func onEach(t *testing.T, test func(t *testing.T, db *store.DB)) {
	t.Helper()
	onEachURL(t, func(t *testing.T, url string) { test(t, open(t, url, store.Options{})) })
}

// onEachURL gives the test the address of an empty database of each kind.
func onEachURL(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, fresh func(testing.TB) string) { test(t, fresh(t)) })
}

func open(t testing.TB, url string, opts store.Options) *store.DB {
	t.Helper()
	return storetest.Open(t, url, opts)
}

func TestMain(m *testing.M) {
	if child := os.Getenv("STORE_TEST_CHILD"); child != "" {
		runChild(child)
		return
	}
	os.Exit(storetest.Run(m))
}

// must returns v, or ends the test.
func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatalf("unexpected error: %v", err)
		}
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// checkAll fails the test for each of the errors.
func checkAll(t testing.TB, errs []error) {
	t.Helper()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("item %d: unexpected error: %v", i, err)
		}
	}
}

func wantKind(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got error %v, want one of kind %q", err, kind)
	}
}

// joinServer adds a server to the fleet.
func joinServer(t testing.TB, db *store.DB, name string) jobserver.Server {
	t.Helper()
	ctx := context.Background()
	token := jobserver.JoinToken{
		ID: "token-" + name, Hash: "hash-" + name, Name: name, CreatedAt: noon, ExpiresAt: noon.Add(time.Hour),
	}
	check(t, db.CreateJoinToken(ctx, token))
	s := jobserver.Server{Name: name, Kind: jobserver.KindJob, Slots: 8, Power: 1}
	return must(db.JoinServer(ctx, token.Hash, "credential-"+name, s, noon))(t)
}

// beat lets a server be heard from.
func beat(t testing.TB, db *store.DB, name string, at time.Time) {
	t.Helper()
	check(t, db.Heard(context.Background(), []jobserver.Beat{{
		Server: name, At: at, BootID: "boot", Instance: "instance-1", AgentVersion: "1.0",
		Sample: jobserver.Sample{At: at, CPUs: 2},
	}}))
}

// fleet adds online servers, a group "etl" of them all, and a task "load" in it.
func fleet(t testing.TB, db *store.DB, servers ...string) {
	t.Helper()
	ctx := context.Background()
	for _, s := range servers {
		joinServer(t, db, s)
		beat(t, db, s, noon)
	}
	must(db.CreateVirtualServer(ctx, virtualserver.Spec{Name: "etl", Members: servers}, noon))(t)
	must(db.CreateTask(ctx, loadSpec("load"), noon))(t)
}

var waits = policy.Word(policy.Wait)

func loadSpec(name string) task.Spec {
	return task.Spec{
		Name: name, Target: task.Target{VirtualServer: "etl"},
		Job:    task.Job{Command: []string{"sh", "load.sh", "2026-01-01"}, Env: map[string]string{"REGION": "EU"}},
		Params: map[string]string{"date": "2026-01-01"}, OnUnavailable: &waits, Timeout: task.Duration(time.Hour),
	}
}

var runNumbers atomic.Int64

// newRun returns a run of the task "load" that was not inserted yet. Later ones have greater ids.
func newRun() task.Run {
	n := runNumbers.Add(1)
	at := noon.Add(time.Duration(n) * time.Millisecond)
	return task.Run{
		ID: task.FirstRunID(at)[:18] + task.RunID(fmt.Sprintf("%08d", n)), Task: "load", QueuedAt: at,
		Cause: task.Cause{Kind: task.CauseManual, By: "ops"}, Spec: loadSpec("load"),
		Params: map[string]string{"date": "2026-01-01"},
	}
}

func insert(t testing.TB, db *store.DB) task.Run {
	t.Helper()
	run, _, err := db.InsertRun(context.Background(), newRun(), "")
	check(t, err)
	return run
}

func assignment(id task.RunID, number int, server string) virtualserver.Assignment {
	return virtualserver.Assignment{
		Ref: task.Ref{Run: id, Number: number}, Server: server,
		Placement: virtualserver.Placement{
			At: noon, VirtualServer: "etl", Chosen: server, Reason: server + " has the best rating",
			Need:       virtualserver.Need{CPU: 1, Slots: 1, Source: "assumed"},
			Candidates: []virtualserver.Verdict{{Server: server, Rating: 83.33, Stars: 4}},
		},
	}
}

func assign(t testing.TB, db *store.DB, id task.RunID, number int, server string) task.Ref {
	t.Helper()
	a := assignment(id, number, server)
	checkAll(t, db.AssignRuns(context.Background(), []virtualserver.Assignment{a}, noon.Add(time.Second)))
	return a.Ref
}

func claim(t testing.TB, db *store.DB, ref task.Ref, server string) {
	t.Helper()
	checkAll(t, db.ClaimAttempts(context.Background(), server, "instance-1", []task.Ref{ref}, noon.Add(2*time.Second)))
}

// startRun returns a run that runs on the server.
func startRun(t testing.TB, db *store.DB, server string) (task.Run, task.Ref) {
	t.Helper()
	run := insert(t, db)
	ref := assign(t, db, run.ID, 1, server)
	claim(t, db, ref, server)
	return run, ref
}

func deliver(t testing.TB, db *store.DB, server string, ref task.Ref, records ...task.Record) task.Delivered {
	t.Helper()
	got := must(db.Deliver(context.Background(), server, []task.Delivery{{Ref: ref, Records: records}}, noon.Add(3*time.Second)))(t)
	return got[0]
}

func started(sequence int64) task.Record {
	return task.Record{Sequence: sequence, At: noon, Started: &task.StartedRecord{PID: 1}}
}

func output(sequence int64, text string) task.Record {
	return task.Record{Sequence: sequence, At: noon.Add(time.Duration(sequence) * time.Millisecond),
		Output: &task.OutputRecord{Stream: task.Stdout, Data: []byte(text)}}
}

func exit(sequence int64, e task.Exit) task.Record {
	return task.Record{Sequence: sequence, At: noon, Exit: &e}
}

func exited(sequence int64, code int) task.Record {
	return exit(sequence, task.Exit{Kind: task.ExitExited, Code: code, Ran: time.Second})
}

func getRun(t testing.TB, db *store.DB, id task.RunID) task.Run {
	t.Helper()
	return must(db.Run(context.Background(), id))(t)
}

func wantState(t testing.TB, db *store.DB, id task.RunID, want task.State) task.Run {
	t.Helper()
	run := getRun(t, db, id)
	if run.State != want {
		t.Fatalf("run is %s (%s), want %s", run.State, run.Reason, want)
	}
	return run
}

// kinds returns the kinds of the run's events.
func kinds(t testing.TB, db *store.DB, id task.RunID) []string {
	t.Helper()
	var all []string
	for _, e := range history(t, db, id) {
		all = append(all, e.Kind)
	}
	return all
}
