package task_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segno-jobs/segno/task"
)

func TestEveryStateStandsInTheTableOnce(t *testing.T) {
	if got, want := len(task.Transitions), len(task.States()); got != want {
		t.Errorf("got %d rows for %d states", got, want)
	}
	for _, s := range task.States() {
		next, known := task.Transitions[s]
		if !known || !s.Valid() {
			t.Errorf("%s is not in the table", s)
		}
		for i, n := range next {
			if !n.Valid() || n == s || slices.Contains(next[:i], n) {
				t.Errorf("%s → %s: unknown, repeated, or to itself", s, n)
			}
		}
	}
	if task.State("").Valid() || task.State("").Final() || task.State("").CanBecome(task.Running) {
		t.Error("the empty state must be no state")
	}
}

// An end is left only by being queued again, for an operator or for a retry, and success never is: no message of a server,
// no silence and no policy moves a run on that has ended.
func TestTheOnlyWayBackFromAnEndIsTheQueue(t *testing.T) {
	for _, s := range task.States() {
		if !s.Final() {
			continue
		}
		want := []task.State{task.Queued}
		if s == task.Succeeded {
			want = nil
		}
		if got := task.Transitions[s]; !slices.Equal(got, want) {
			t.Errorf("from %s: got %v, want %v", s, got, want)
		}
	}
}

func TestTheEndsAreThoseThatNothingRunsIn(t *testing.T) {
	ends := []task.State{task.Succeeded, task.Failed, task.TimedOut, task.Cancelled, task.Reset, task.Lost}
	for _, s := range task.States() {
		if got, want := s.Final(), slices.Contains(ends, s); got != want {
			t.Errorf("%s: final is %v, want %v", s, got, want)
		}
		if s.Final() && s.OnServer() {
			t.Errorf("%s has ended and counts as running", s)
		}
	}
}

// From every state an end can be reached, and from the queue every state.
func TestNoStateIsADeadEndOrOutOfReach(t *testing.T) {
	reach := func(from task.State) map[task.State]bool {
		seen := map[task.State]bool{from: true}
		for open := []task.State{from}; len(open) > 0; open = open[1:] {
			for _, n := range task.Transitions[open[0]] {
				if !seen[n] {
					seen[n], open = true, append(open, n)
				}
			}
		}
		return seen
	}
	if got := len(reach(task.Queued)); got != len(task.States()) {
		t.Errorf("%d of %d states are reached from the queue", got, len(task.States()))
	}
	for _, s := range task.States() {
		if !s.Final() && !reach(s)[task.Reset] {
			t.Errorf("a run that is %s can never end", s)
		}
	}
}

func TestSuccessNeedsAClaim(t *testing.T) {
	for _, s := range []task.State{task.Queued, task.Starting} {
		for _, n := range []task.State{task.Succeeded, task.TimedOut, task.Lost, task.Unknown, task.Stopping} {
			if s.CanBecome(n) {
				t.Errorf("%s → %s: nothing was started yet", s, n)
			}
		}
	}
	if task.Queued.CanBecome(task.Running) {
		t.Error("queued → running: nobody claimed it")
	}
}

func TestOpenAttemptsAreThoseThatMayAct(t *testing.T) {
	open := []task.AttemptState{task.AttemptOffered, task.AttemptRunning, task.AttemptUnknown, task.AttemptStopping}
	for _, s := range task.AttemptStates() {
		if got, want := s.Open(), slices.Contains(open, s); got != want {
			t.Errorf("%s: open is %v, want %v", s, got, want)
		}
	}
}

func TestOutcomeOfAnExit(t *testing.T) {
	for name, c := range map[string]struct {
		exit    task.Exit
		run     task.State
		attempt task.AttemptState
		says    string
	}{
		"code 0":      {task.Exit{Kind: task.ExitExited}, task.Succeeded, task.AttemptSucceeded, ""},
		"code 3":      {task.Exit{Kind: task.ExitExited, Code: 3}, task.Failed, task.AttemptFailed, "exit code 3"},
		"a signal":    {task.Exit{Kind: task.ExitExited, Code: 137, Signal: 9}, task.Failed, task.AttemptFailed, "signal 9"},
		"no memory":   {task.Exit{Kind: task.ExitExited, Code: 137, Signal: 9, OOM: true}, task.Failed, task.AttemptFailed, "out of memory"},
		"no program":  {task.Exit{Kind: task.ExitNotStarted, Code: -1, Detail: "no such file"}, task.Failed, task.AttemptFailed, "no such file"},
		"a timeout":   {task.Exit{Kind: task.ExitTimedOut, Code: 143, Ran: 2 * time.Second}, task.TimedOut, task.AttemptTimedOut, "2s"},
		"a cancel":    {task.Exit{Kind: task.ExitCancelled, Code: 143}, task.Cancelled, task.AttemptCancelled, "cancelled"},
		"a lease":     {task.Exit{Kind: task.ExitLeaseExpired, Code: 137}, task.Lost, task.AttemptLost, "lease_expired"},
		"a lost host": {task.Exit{Kind: task.ExitLost, Code: -1, Detail: "its host was rebooted"}, task.Lost, task.AttemptLost, "rebooted"},
		"a new kind":  {task.Exit{Kind: "novel"}, task.Lost, task.AttemptLost, "novel"},
	} {
		run, attempt, reason := c.exit.Outcome()
		if run != c.run || attempt != c.attempt || !strings.Contains(reason, c.says) || (c.says == "") != (reason == "") {
			t.Errorf("%s: got %s, %s, %q, want %s, %s, %q", name, run, attempt, reason, c.run, c.attempt, c.says)
		}
		if !task.Running.CanBecome(run) && run != task.Cancelled {
			t.Errorf("%s: a running run cannot become %s", name, run)
		}
		if !task.Stopping.CanBecome(run) || !task.Unknown.CanBecome(run) {
			t.Errorf("%s: a stopping or unknown run cannot become %s", name, run)
		}
	}
}

// The chart in docs/run-states.md is the table, edge by edge. `SEGNO_WRITE_DOCS=1 go test ./task` writes it anew.
func TestTheChartIsTheTable(t *testing.T) {
	const page = "../docs/run-states.md"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	chart := regexp.MustCompile("(?s)```mermaid\n.*?```\n")
	if len(chart.FindAllIndex(text, -1)) != 1 {
		t.Fatalf("%s must have one chart", page)
	}
	want := mermaid()
	if os.Getenv("SEGNO_WRITE_DOCS") != "" {
		if err := os.WriteFile(page, chart.ReplaceAllLiteral(text, []byte(want)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got := string(chart.Find(text)); got != want {
		t.Errorf("the chart differs from task.Transitions; got\n%s\nwant\n%s", got, want)
	}
	for _, s := range task.States() {
		if !strings.Contains(string(text), "| `"+string(s)+"` |") {
			t.Errorf("%s does not explain %s", page, s)
		}
	}
}

func mermaid() string {
	var b strings.Builder
	b.WriteString("```mermaid\nstateDiagram-v2\n    [*] --> queued\n")
	for _, s := range task.States() {
		for _, next := range task.Transitions[s] {
			b.WriteString("    " + string(s) + " --> " + string(next) + "\n")
		}
	}
	for _, s := range task.States() {
		if s.Final() {
			b.WriteString("    " + string(s) + " --> [*]\n")
		}
	}
	b.WriteString("```\n")
	return b.String()
}
