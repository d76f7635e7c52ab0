package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/segno-jobs/segno/internal/fault"
	"github.com/segno-jobs/segno/store"
	"github.com/segno-jobs/segno/task"
)

func TestDeliverKeepsToTheSequence(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1")
		_, ref := startRun(t, db, "js-1")
		steps := []struct {
			claim   string
			records []task.Record
			want    int64
		}{
			{"stores what follows", []task.Record{started(1), output(2, "two ")}, 2},
			{"passes over what is stored", []task.Record{started(1), output(2, "TWO "), output(3, "three ")}, 3},
			{"stops at a gap", []task.Record{output(4, "four "), output(6, "six ")}, 4},
			{"stores nothing after a gap at the start", []task.Record{output(6, "six ")}, 4},
			{"takes an empty delivery", nil, 4},
			{"goes on after the gap", []task.Record{output(5, "five "), output(6, "six ")}, 6},
		}
		for _, step := range steps {
			if got := deliver(t, db, "js-1", ref, step.records...); got.Sequence != step.want || got.Fenced || got.Ended {
				t.Errorf("%s: got %+v, want sequence %d", step.claim, got, step.want)
			}
		}
		if got := readAll(t, db, ref, 1000); got != "two three four five six " {
			t.Errorf("got output %q", got)
		}
		got := deliver(t, db, "js-1", ref, exited(7, 0), output(8, "after the end"))
		if got.Sequence != 7 || !got.Ended || got.State != task.Succeeded {
			t.Errorf("got %+v, want the end at sequence 7", got)
		}
		again := deliver(t, db, "js-1", ref, output(6, "six "), exited(7, 1))
		if again.Fenced || again.Ended || again.Exit != nil || again.Sequence != 7 || again.State != task.Succeeded {
			t.Errorf("a repeated exit got %+v, want sequence 7 and nothing changed", again)
		}
		if got := readAll(t, db, ref, 1000); got != "two three four five six " {
			t.Errorf("got output %q after the end", got)
		}
	})
}

func TestDeliverIsFenced(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		fleet(t, db, "js-1", "js-2")
		_, running := startRun(t, db, "js-1")
		_, lost := startRun(t, db, "js-1")
		checkAll(t, db.ReplaceAttempts(ctx, oneOf(rebooted(lost)), noon))
		offered := assign(t, db, insert(t, db).ID, 1, "js-1")
		withdrawn := assign(t, db, insert(t, db).ID, 1, "js-1")
		checkAll(t, db.WithdrawOffers(ctx, []task.Ref{withdrawn}, "", noon))
		cases := []struct {
			claim  string
			server string
			ref    task.Ref
		}{
			{"for an unknown run", "js-1", task.Ref{Run: "nosuch", Number: 1}},
			{"for an unknown attempt", "js-1", task.Ref{Run: running.Run, Number: 2}},
			{"on another server", "js-2", running},
			{"for a lost attempt", "js-1", lost},
			{"for an offer that was not claimed", "js-1", offered},
			{"for a withdrawn offer", "js-1", withdrawn},
		}
		for _, c := range cases {
			t.Run(c.claim, func(t *testing.T) {
				before := kindsOrNone(t, db, c.ref.Run)
				if got := deliver(t, db, c.server, c.ref, output(1, "late"), exited(2, 0)); !got.Fenced || got.Ended || got.Ref != c.ref {
					t.Errorf("got %+v, want it fenced", got)
				}
				if diff := cmp.Diff(before, kindsOrNone(t, db, c.ref.Run)); diff != "" {
					t.Errorf("a fenced delivery left events (-want +got):\n%s", diff)
				}
			})
		}
		wantState(t, db, lost.Run, task.Lost)
		wantState(t, db, running.Run, task.Running)
	})
}

func kindsOrNone(t testing.TB, db *store.DB, id task.RunID) []string {
	if id == "nosuch" {
		return nil
	}
	return kinds(t, db, id)
}

func TestDeliverEndsTheRun(t *testing.T) {
	cancel := func(t *testing.T, db *store.DB, id task.RunID) {
		must(db.CancelRun(context.Background(), id, "ops", noon))(t)
	}
	silent := func(t *testing.T, db *store.DB, _ task.RunID) {
		must(db.MarkUnreachable(context.Background(), []string{"js-1"}, noon.Add(time.Hour), noon))(t)
	}
	none := func(*testing.T, *store.DB, task.RunID) {}
	both := func(t *testing.T, db *store.DB, id task.RunID) { cancel(t, db, id); silent(t, db, id) }
	cases := []struct {
		claim   string
		before  func(*testing.T, *store.DB, task.RunID)
		exit    task.Exit
		state   task.State
		attempt task.AttemptState
		reason  string
		code    int // -1 for none
	}{
		{"exit code 0", none, task.Exit{Kind: task.ExitExited}, task.Succeeded, task.AttemptSucceeded, "", 0},
		{"out of memory", none, task.Exit{Kind: task.ExitExited, Code: 137, Signal: 9, OOM: true}, task.Failed, task.AttemptFailed, "killed by the kernel: out of memory", 137},
		{"not started", none, task.Exit{Kind: task.ExitNotStarted, Detail: "no such file\x00"}, task.Failed, task.AttemptFailed, "could not be started: no such file\uFFFD", -1},
		{"timed out", none, task.Exit{Kind: task.ExitTimedOut, Code: 143, Signal: 15, Ran: time.Minute}, task.TimedOut, task.AttemptTimedOut, "stopped after 1m0s: its timeout had passed", 143},
		{"lease expired", none, task.Exit{Kind: task.ExitLeaseExpired, Code: 137}, task.Lost, task.AttemptLost, "lease_expired", 137},
		{"lost", none, task.Exit{Kind: task.ExitLost, Code: -1, Detail: "the guard was killed"}, task.Lost, task.AttemptLost, "the guard was killed", -1},
		{"cancelled when it was told to stop", cancel, task.Exit{Kind: task.ExitCancelled, Code: 143}, task.Cancelled, task.AttemptCancelled, "cancelled by ops", 143},
		{"cancelled without being told", none, task.Exit{Kind: task.ExitCancelled, Code: 143}, task.Cancelled, task.AttemptCancelled, "cancelled", 143},
		{"its own result when it ended before it could be stopped", cancel, task.Exit{Kind: task.ExitExited, Code: 0}, task.Succeeded, task.AttemptSucceeded, "", 0},
		{"its own result while its server is silent", silent, task.Exit{Kind: task.ExitExited, Code: 4}, task.Failed, task.AttemptFailed, "exit code 4", 4},
		{"cancelled while its server is silent", both, task.Exit{Kind: task.ExitCancelled, Code: 143}, task.Cancelled, task.AttemptCancelled, "cancelled by ops", 143},
	}
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1")
		for _, c := range cases {
			t.Run(c.claim, func(t *testing.T) {
				beat(t, db, "js-1", noon)
				run, ref := startRun(t, db, "js-1")
				c.before(t, db, run.ID)
				got := deliver(t, db, "js-1", ref, started(1), exit(2, c.exit))
				if !got.Ended || got.State != c.state {
					t.Errorf("got %+v, want it to end %s", got, c.state)
				}
				ended := wantState(t, db, run.ID, c.state)
				if ended.Reason != c.reason || ended.Attempts[0].State != c.attempt || ended.Prior != "" {
					t.Errorf("got reason %q, attempt %s and prior state %q; want %q, %s and none",
						ended.Reason, ended.Attempts[0].State, ended.Prior, c.reason, c.attempt)
				}
				if code := ended.ExitCode; (code == nil) != (c.code < 0) || code != nil && *code != c.code {
					t.Errorf("got exit code %v, want %d", code, c.code)
				}
				wantPath(t, db, run.ID)
			})
		}
	})
}

// wantPath checks that each step of the run's history follows on the one before and stands in the table of transitions.
func wantPath(t testing.TB, db *store.DB, id task.RunID) {
	t.Helper()
	state := task.State("")
	for _, e := range history(t, db, id) {
		if e.From == e.To && e.From == state {
			continue // It waits for another reason, made a checkpoint, or is wanted to end or to begin in another way.
		}
		if e.From != state || e.Kind != "run."+string(e.To) || state != "" && !state.CanBecome(e.To) {
			t.Errorf("event %d tells of a step from %q to %s, after %q", e.ID, e.From, e.To, state)
		}
		state = e.To
	}
	if got := getRun(t, db, id).State; got != state {
		t.Errorf("the run is %s, and its history ends with %s", got, state)
	}
}

func TestDeliverProgressAndValues(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1")
		run, ref := startRun(t, db, "js-1")
		value := func(sequence int64, name, value string) task.Record {
			return task.Record{Sequence: sequence, At: noon, Value: &task.ValueRecord{Name: name, Value: value}}
		}
		progress := func(sequence int64, percent float64, message string) task.Record {
			return task.Record{Sequence: sequence, At: noon, Progress: &task.Progress{Percent: percent, Message: message}}
		}
		deliver(t, db, "js-1", ref,
			progress(1, 10, "reading"), value(2, "rows", "1"), progress(3, 250, strings.Repeat("é", 700)),
			value(4, "rows", "1200"), value(5, "text", "a\x00b\xff"), value(6, "big", strings.Repeat("x", task.MaxOutputValue+1)))
		got := getRun(t, db, run.ID)
		if got.Progress == nil || got.Progress.Percent != 100 || got.Progress.Message != strings.Repeat("é", 500) {
			t.Errorf("got progress %+v, want 100 and a message cut to 1,000 bytes", got.Progress)
		}
		want := map[string]string{"rows": "1200", "text": "a\uFFFDb\uFFFD"}
		if diff := cmp.Diff(want, got.Outputs); diff != "" {
			t.Errorf("outputs (-want +got):\n%s", diff)
		}
		var many []task.Record
		for i := range 300 {
			many = append(many, value(int64(7+i), fmt.Sprintf("v%03d", i), "x"))
		}
		if got := deliver(t, db, "js-1", ref, append(many, value(307, "rows", "9"))...); got.Sequence != 307 {
			t.Errorf("got sequence %d, want values over the limit to be passed over", got.Sequence)
		}
		outputs := getRun(t, db, run.ID).Outputs
		if len(outputs) != task.MaxOutputValues || outputs["rows"] != "9" {
			t.Errorf("got %d outputs and rows=%q, want %d and 9", len(outputs), outputs["rows"], task.MaxOutputValues)
		}
		if got := kinds(t, db, run.ID); len(got) != 3 {
			t.Errorf("progress and values left events: %q", got)
		}
	})
}

func TestDeliverSeveral(t *testing.T) {
	onEach(t, func(t *testing.T, db *store.DB) {
		fleet(t, db, "js-1")
		_, good := startRun(t, db, "js-1")
		_, bad := startRun(t, db, "js-1")
		got, err := db.Deliver(context.Background(), "js-1", []task.Delivery{
			{Ref: bad, Records: []task.Record{output(1, strings.Repeat("x", task.MaxOutputRecord+1))}},
			{Ref: task.Ref{Run: "nosuch", Number: 1}, Records: []task.Record{started(1)}},
			{Ref: good, Records: []task.Record{output(1, "fine"), exited(2, 0)}},
		}, noon)
		wantKind(t, err, fault.TooLarge)
		if got[0].Sequence != 0 || !got[1].Fenced || !got[2].Ended {
			t.Errorf("got %+v, want nothing stored, fenced, ended", got)
		}
		if text := readAll(t, db, bad, 1000); text != "" {
			t.Errorf("a refused record left %d bytes of output", len(text))
		}
		wantState(t, db, good.Run, task.Succeeded)
	})
}
